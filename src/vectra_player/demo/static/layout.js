// The page's skeleton: containers, hashed class names and order as the real page had them.
import { el } from "./dom.js";

export const parts = {};
const keep = (name, node) => {
  parts[name] = node;
  return node;
};

const header = () =>
  el("div.header-bar", {},
    el("div.brand", {}, el("span.brand-mark", { ariaHidden: "true" }), el("span.brand-name", {}, "RUGS"), el("span.beta", {}, "BETA")),
    el("div.demo-badge", { title: "A stand-in on this machine. No real money." }, "DEMO"),
    el("div.header-space"),
    keep("online", el("div.online", {}, "")),
    keep("balance", el("div.balance.hidden", { title: "Balance in SOL" }, el("i.coin"), keep("balanceText", el("span", {}, "0.000")))),
    keep("user", el("div.user.hidden", {}, "")),
    keep("connect", el("button.connect-button", { type: "button" }, "Connect")));

const chat = () =>
  el("div.chat-panel", { ariaLabel: "Chat" },
    keep("chatTitle", el("div.chat-title", {}, "Online (0)")),
    keep("chatList", el("div.chat-list")),
    el("div.chat-foot", {}, "Chat Rules"));

const strip = () =>
  el("div.games-strip", {},
    el("div.last-hundred", {},
      el("span.muted", {}, "Last 100"),
      ...["2x", "10x", "50x"].map((level) =>
        el("span.count-badge", {}, el("b", {}, level.toUpperCase()), keep(`count${level}`, el("span", {}, "0"))))),
    keep("recent", el("div.recent-games")));

const sidebet = () =>
  el("div.sidebet-container", {},
    keep("sidebet", el("div.sidebet-banner", {},
      el("div.sidebet-badge", {}, "5X"),
      el("div.sidebet-text", {}, keep("sidebetAsk", el("div", {}, "Rug in 10s?")), keep("sidebetWin", el("div.win", {}, "Win 0 SOL"))),
      keep("betButton", el("div.bet-button", { role: "button", tabIndex: 0 }, "BET 0 SOL")))));

const chart = () =>
  el("div._chartContainer_q7zk6_20.standard-page-chart-container", {},
    el("div.chart-area", {}, keep("canvas", el("canvas", { ariaLabel: "Price chart" })),
      keep("bubbles", el("div.trade-bubbles")),
      keep("presale", el("div.presale-overlay.hidden", {},
        el("div.overlay-title", {}, "PRESALE"),
        keep("presaleText", el("div.overlay-text", {}, "")),
        el("div.overlay-text", {}, "Next round in…"),
        keep("countdown", el("div.overlay-timer", {}, "")))),
      keep("rugged", el("div.rugged-overlay.hidden", {},
        el("div.overlay-title", {}, "Rugged!"),
        el("div.overlay-text", {}, "Thanks for playing"),
        keep("finalPrice", el("div.overlay-timer", {}, "")))),
      keep("waiting", el("div.waiting-overlay", {}, "Connecting to the game…"))),
    sidebet(),
    keep("leaderboard", el("div.leaderboard", { ariaLabel: "Leaderboard" })),
    keep("pnl", el("div.own-pnl.hidden", {}, keep("pnlSol", el("span", {}, "")), keep("pnlPercent", el("span", {}, "")))));

const amounts = ["+0.001", "+0.01", "+0.1", "+1", "1/2", "X2", "MAX"];
const shares = [10, 25, 50, 100];

const topRow = () =>
  el("div._topRow_73g5s_88", {},
    el("div._priceNow_73g5s_91", {}, keep("phase", el("span.phase", {}, "")), keep("price", el("span.price-now", {}, "1.0000x"))),
    el("div._quickAmounts_73g5s_120", {},
      ...amounts.map((label) =>
        keep(label, el(`button._controlBtn_73g5s_23${label === "MAX" ? "._uppercase_73g5s_230" : ""}`, { type: "button" }, label)))),
    el("div._cashChip_73g5s_180", { title: "Coin and balance" }, el("i.coin"), keep("chip", el("span", {}, "0.000")), el("span.chevron", { ariaHidden: "true" }, "⌄")));

const buySection = () =>
  el("div._buySection_1lj20_1", {},
    el("div._amountInputSection_1lj20_10", {},
      el("div._amountInputContainer_1lj20_20", {},
        keep("amount", el("input", { type: "number", inputMode: "decimal", min: "0", step: "0.001", value: "0", autocomplete: "off", ariaLabel: "Amount in SOL" })),
        el("div._inputActions_1lj20_63", {},
          keep("clear", el("button._clearButton_1lj20_77", { type: "button" }, "X"))))));

const sellSection = () =>
  el("div._sellSection_1mzic_1", {},
    el("div._amountInputSection_1mzic_10", {},
      el("div._amountInputContainer_1mzic_20", {},
        el("div._shareDisplay_1mzic_60", {}, keep("share", el("span", {}, "100")), "%"),
        el("div._sellControlButtonsContainer_1mzic_129", {},
          ...shares.map((share) =>
            keep(`${share}%`, el("button._percentageBtn_1mzic_139", { type: "button" }, `${share}%`)))))));

const actions = () =>
  el("div._buttonsRow_73g5s_247", {},
    el("div._buttonSection_73g5s_299.undefined", {},
      keep("buy", el("button._actionButton_1himf_1._buy_1himf_114._equalWidth_1himf_109", { type: "button", disabled: true },
        el("div", {}, "BUY"), keep("buyAmount", el("div._subLabel_1himf_90", {}, ""))))),
    el("div._buttonSection_73g5s_299.undefined", {},
      keep("sell", el("button._actionButton_1himf_1._sell_1himf_156._equalWidth_1himf_109", { type: "button", disabled: true },
        el("div", {}, "SELL")))));

const trade = () =>
  el("div._tradeControlsContainer_q7zk6_29", {},
    el("div._tradeControlsContainer_73g5s_1", {},
      el("div._tradeControlsMain_73g5s_62", {},
        topRow(),
        el("div._controlsRow_73g5s_234", {}, buySection(), sellSection()),
        actions())));

export const build = (root) => {
  root.append(
    el("div.viewport-container.layout-vertical.MuiBox-root", {},
      header(),
      el("div.soapy-container.layout-horizontal", {},
        chat(),
        el("div.soapy-container", {},
          el("div._standardPageContainer_q7zk6_1", {},
            keep("warning", el("div.warning-bar.hidden", { role: "status" }, "")),
            strip(), chart(), trade()))),
      keep("toasts", el("div.toasts", { ariaLive: "polite" }))));
  return parts;
};
