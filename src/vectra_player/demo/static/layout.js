// The page's skeleton: containers, hashed class names and order as the real page had them.
import { el } from "./dom.js";
import { arrange, panel } from "./panel.js";
import { keep, parts } from "./parts.js";

const header = () =>
  el("div.header-bar", {},
    el("div.brand", {}, el("span.brand-mark"), el("span.brand-name", {}, "RUGS"), el("span.beta", {}, "BETA")),
    el("div.demo-badge", { title: "A stand-in on this machine. No real money." }, "DEMO"),
    keep("phase", el("span.phase", {}, "")),
    el("div.carousel", {},
      keep("before", el("button", { type: "button" }, "‹")),
      keep("carousel", el("span", {}, "")),
      keep("next", el("button", { type: "button" }, "›"))),
    el("div.header-space"),
    keep("own", el("div.own-corner.hidden", {},
      el("div.balance", { title: "Balance in SOL" }, el("i.coin"), keep("balanceText", el("span", {}, "0.000"))),
      ...["CRATES", "WITHDRAW", "DEPOSIT"].map((word) => keep(word, el("button.header-button", { type: "button" }, word))),
      keep("user", el("div.user", {}, "")),
      keep("menu", el("button.header-button", { type: "button" }, "☰")))),
    keep("connect", el("button.connect-button", { type: "button" }, "Connect")));

const chat = () =>
  keep("chat", el("div.chat-panel", {},
    keep("chatTab", el("button.chat-tab", { type: "button" }, el("span", {}, ">"), keep("unread", el("span.chat-unread", {}, "9+")))),
    el("div.chat-title", {}, keep("online", el("span", {}, "Online (0)")), keep("chatClose", el("button.chat-close", { type: "button" }, "<"))),
    el("div.chat-socials", {}, "𝕏", el("span", {}, "Discord")),
    keep("chatList", el("div.chat-list")),
    el("div.chat-foot", {}, el("span", {}, "Chat Rules"), el("span", {}, "⚖"), el("span", {}, "?"), el("span", {}, "Sound On"), keep("pingText", el("span", {}, "")))));

const countBadge = (level, before = "") =>
  el("div.last-hundred", {}, before,
    el("span.count-badge", {}, el("b", {}, level.toUpperCase()), keep(`count${level}`, el("span", {}, "0"))));

const strip = () =>
  el("div.games-strip", {},
    el("div", {},
      el("div.games-row", {},
        countBadge("2x", el("span.muted", {}, "Last 100")), countBadge("10x"), countBadge("50x"),
        keep("recent", el("div.recent-games")))));

const sidebet = () =>
  el("div.sidebet-container", {}, keep("sidebet", el("div.sidebet-banner")));

const overlays = () => [
  keep("presale", el("div.presale-overlay.hidden", {},
    keep("presaleTitle", el("div.overlay-title", {}, "PRESALE")),
    keep("presaleText", el("div.overlay-text", {}, "")),
    keep("presaleNext", el("div.overlay-text", {}, "Next round in…")),
    keep("countdown", el("div.overlay-timer", {}, "")))),
  keep("rugged", el("div.rugged-overlay.hidden", {},
    el("div.overlay-title", {}, "Rugged!"),
    el("div.overlay-text", {}, "Thanks for playing 😹🫵"),
    keep("finalPrice", el("div.overlay-timer", {}, "")))),
  keep("waiting", el("div.waiting-overlay", {}, "Connecting to the game…")),
  keep("maintenance", el("div.maintenance-note.hidden", {}, "")),
];

const chart = () =>
  keep("chart", el("div._chartContainer_q7zk6_20.standard-page-chart-container", {},
    keep("chartArea", el("div.chart-area", {}, keep("canvas", el("canvas")), keep("bubbles", el("div.trade-bubbles")), ...overlays())),
    sidebet(),
    keep("leaderboard", el("div.leaderboard")),
    keep("pnl", el("div.own-pnl.hidden", {}, keep("pnlSol", el("span", {}, "")), keep("pnlPercent", el("span", {}, ""))))));

const below = () =>
  el("div.more-below", {},
    keep("chevron", el("button.gold-chevron", { type: "button" }, "»")),
    keep("more", el("div.more-text.hidden", {}, "What the real page shows here is not known.")));

export const build = (root) => {
  root.append(
    el("div.viewport-container.layout-vertical.MuiBox-root", {},
      header(),
      el("div.soapy-container.layout-horizontal", {},
        chat(),
        el("div.soapy-container", {},
          keep("page", el("div._standardPageContainer_q7zk6_1", {},
            keep("warning", el("div.warning-bar.hidden", {}, "")),
            strip(), chart(), panel(), below())))),
      keep("toasts", el("div.toasts"))));
  arrange();
  return parts;
};
