// Parts that moved, and what may stand in their place.
import { mark } from "./presses.js";
import { el } from "./dom.js";
import { cover, style, swap } from "./alter-tools.js";
import { setShort } from "./modes.js";
import { parts } from "./parts.js";

const shortLooksLikeSell = () => {
  setShort(true);
  parts.short.className = parts.sell.className;
};

const shortBetween = () => {
  const place = el("div._buttonSection_73g5s_299.undefined", {}, parts.short);
  parts.buyPlace.after(place);
  style(parts.buttonsRow, { gridTemplateColumns: "1fr 1fr 1fr" });
};

// BUY and SELL side by side in one div two levels up, steps and X in the row above: May 2025.
const mayLayout = () => {
  const steps = ["instant", "+0.001", "+0.01", "+0.1", "+1", "1/2", "X2", "MAX"].map((name) => parts[name]);
  const left = el("div", {},
    el("div", {}, el("div"), el("div", {}, ...steps)),
    el("div", {}, el("div", {}, el("div", {}, parts.amountBox), el("div", {}, parts.X))));
  const amounts = el("div", {}, el("div", {}, left, parts.sellSection));
  const orders = el("div", {}, el("div", {}, parts.buy, parts.sell));
  parts.panel.replaceChildren(el("div", {}, el("div", {}, amounts, orders)));
};

export const places = {
  "buy-and-sell-change-places": () => swap(parts.buyPlace, parts.sellPlace),
  "sections-change-places": () => swap(parts.buySection, parts.sellSection),
  "rows-change-places": () => swap(parts.controlsRow, parts.buttonsRow),
  "panel-above-chart": () => parts.chart.before(parts.panel),
  "panel-wrapped": () => {
    const wrap = el("div");
    parts.panelMain.replaceWith(wrap);
    wrap.append(parts.panelMain);
  },
  "buy-in-chart": () => parts.chartArea.append(style(parts.buy, { position: "absolute", width: "160px", top: "90px", left: "80px" }) && parts.buy),
  "sell-in-chart": () => parts.chartArea.append(style(parts.sell, { position: "absolute", width: "160px", top: "90px", left: "80px" }) && parts.sell),
  "bet-in-panel": () => {
    parts.betShown = document.createComment("");
    parts.buttonsRow.append(parts.bet);
  },
  "amounts-in-sell-section": () => parts.sellSection.append(parts.quick),
  "short-mode": () => setShort(true),
  "short-looks-like-sell": shortLooksLikeSell,
  "short-between": shortBetween,
  "may-2025-layout": mayLayout,
  "right-to-left": () => { document.documentElement.dir = "rtl"; },
  zoomed: () => style(parts.page, { zoom: "1.25" }),
  "below-the-fold": () => style(parts.chart, { minHeight: "1800px" }),
  "buy-off-screen": () => style(parts.buy, { position: "absolute", left: "-3000px", width: "200px" }),
  "bar-at-the-foot": () => document.body.append(mark(el("div.foot-bar", {}, "Cookies?"), "decoy")),
  "support-bubble": () => document.body.append(mark(el("button.support-bubble", { type: "button" }, "?"), "decoy")),
  "badge-over-shares": () => cover(parts.shares, "lid.chat-tab.stays", el("span.chat-unread", {}, "9+")),
};
