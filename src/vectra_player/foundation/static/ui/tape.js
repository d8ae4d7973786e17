// Trades as they come, newest first.

import { formatPrice, formatSol, formatSolExact, formatTime, formatUtc } from "/static/sdk/format.js";
import { el, scrolling } from "/static/ui/dom.js";
import { nameOf } from "/static/ui/names.js";

const SIDES = {
  buy: ["BUY", "up"],
  sell: ["SELL", "down"],
  short_open: ["SHORT", "down"],
  short_close: ["COVER", "up"],
};

function row(trade, fresh) {
  const [side, name] = SIDES[trade.type] || [String(trade.type || "?").slice(0, 12), ""];
  return el(
    "tr",
    { class: `${trade.own ? "is-own " : ""}${fresh ? "fresh" : ""}` },
    el("td", { class: "num muted", title: formatUtc(trade.ts) }, formatTime(trade.ts)),
    el("td", { class: "who truncate", title: nameOf(trade) }, nameOf(trade)),
    el("td", { class: name }, side),
    el("td", { class: "num", title: formatSolExact(trade.amount) }, formatSol(trade.amount)),
    el("td", { class: "num" }, formatPrice(trade.price)),
    el("td", { class: "num muted" }, String(trade.tickIndex ?? trade.tick ?? "–")),
  );
}

/** A table of the last trades in `box`. */
export class TradeTape {
  #body;
  #rows;
  #empty;

  constructor(box, { rows = 30 } = {}) {
    this.#rows = rows;
    this.#body = el("tbody");
    this.#empty = el("tr", {}, el("td", { colspan: "6", class: "muted" }, "No trade seen yet. The feed tells only a part of them."));
    const heads = [["time", "num"], ["player", ""], ["", ""], ["SOL", "num"], ["price", "num"], ["tick", "num"]];
    const head = el("tr", {}, ...heads.map(([text, name]) => el("th", { class: name, scope: "col" }, text)));
    scrolling(box, "Trades").replaceChildren(
      el("div", { class: "table-box" }, el("table", { class: "tape" }, el("thead", {}, head), this.#body)),
    );
    this.clear();
  }

  /** Put a trade on top: wire keys of standard/newTrade plus `ts` and `own`. */
  add(trade, { fresh = true } = {}) {
    this.#empty.remove();
    this.#body.prepend(row(trade, fresh));
    while (this.#body.rows.length > this.#rows) this.#body.lastElementChild.remove();
  }

  /** Show these trades instead, oldest first. */
  reset(trades) {
    this.clear();
    for (const trade of trades.slice(-this.#rows)) this.add(trade, { fresh: false });
  }

  /** Forget every trade. */
  clear() {
    this.#body.replaceChildren(this.#empty);
  }
}
