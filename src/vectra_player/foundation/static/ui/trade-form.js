// The trade panel's elements, for every page that has one. What they show and do: monitor/trade-panel.js.

import { el } from "/static/ui/dom.js";

const SHARES = [10, 25, 50, 100];
const FIGURES = ["cash", "worth", "profit", "in bets"];
const SCORE_WORDS = "Over games that are over. Fair mean: what such bets bring on average. The coin stakes the same amounts at random moments.";

/**
 * Fill `box`, a section that is labelled by `trade-title`. `data-log="tall"`: a long log;
 * `data-score="open"`: the score card is shown at once. Returns the elements that are drawn into.
 */
export function tradeForm(box) {
  const amount = el("input", { id: "trade-amount", class: "input num", type: "number", min: "0.001", step: "any", value: "0.01", inputmode: "decimal" });
  const log = el("div", { id: "trade-log", class: `scroll-box ${box.dataset.log === "tall" ? "tall-log" : "short"}`, tabindex: "0", role: "region", "aria-label": "What the account did" });
  const score = el("div", { id: "trade-score", class: "table-box", tabindex: "0", role: "region", "aria-label": "Score card of the account" });
  const figures = new Map(FIGURES.map((name) => [name, el("dd", { data: { account: name } }, "—")]));
  const sell = SHARES.map((share) => el("button", { class: "button", type: "button", title: `Sell ${share} %`, disabled: true, data: { share: String(share) } }, `${share} %`));
  const parts = {
    figures, sell, amount, log, score,
    title: el("h2", { id: "trade-title" }, "Paper trading"),
    mode: el("select", { id: "trade-mode", class: "input", "aria-label": "Mode of trading", hidden: true }),
    gate: el("div", { id: "trade-gate", class: "gate", hidden: true }),
    reset: button("trade-reset", "quiet", "New wallet"),
    holding: el("p", { id: "trade-holding", class: "num size-12 one-line" }, "Nothing is held."),
    bet: el("p", { id: "trade-bet", class: "num size-12 one-line" }, "No sidebet is open."),
    meter: el("i", { id: "trade-meter" }),
    form: el("form", { id: "trade-form", class: "trade-form" }, el("div", { class: "field" }, el("label", { for: "trade-amount" }, "amount in SOL"), amount)),
    buy: button("trade-buy", "primary", "Buy", "submit"),
    sidebet: button("trade-sidebet", "bet", "Sidebet"),
    note: el("p", { id: "trade-note", class: "size-12 trade-note", role: "status" }, "\u00a0"),
  };
  parts.form.append(parts.buy, parts.sidebet);
  box.replaceChildren(
    el("header", {}, parts.title, el("div", { class: "row" }, parts.mode, parts.reset)),
    el(
      "div", { class: "body stack" },
      parts.gate,
      el("dl", { class: "figures tight", id: "trade-figures" }, ...[...figures].map(([name, value]) => el("div", { class: "figure" }, el("dt", {}, name), value))),
      parts.holding,
      parts.bet,
      el("div", { class: "meter", "aria-hidden": "true" }, parts.meter),
      parts.form,
      el("div", { class: "row" }, el("span", { id: "sell-label", class: "muted size-12" }, "sell"), el("div", { id: "trade-sell", class: "button-group grow", role: "group", "aria-labelledby": "sell-label" }, ...sell)),
      parts.note,
    ),
    log,
    el("details", { class: "score", open: box.dataset.score === "open" }, el("summary", {}, "Score card: you, never betting, a coin"), score, el("p", { class: "muted size-12 body-text" }, SCORE_WORDS)),
  );
  return parts;
}

function button(id, look, text, type = "button") {
  return el("button", { id, class: `button ${look}`, type, disabled: true }, text);
}
