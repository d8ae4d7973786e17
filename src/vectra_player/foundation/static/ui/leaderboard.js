// The ten players the server ranks, updated in place so that nothing jumps.

import { formatPrice, formatSol } from "/static/sdk/format.js";
import { el, scrolling, setText } from "/static/ui/dom.js";
import { nameOf } from "/static/ui/names.js";

export const RANKS = 10;

function line(rank) {
  const cells = ["num muted", "who truncate", "num", "num", "num"].map((name) => el("td", { class: name }));
  setText(cells[0], String(rank));
  return el("tr", {}, ...cells);
}

function fill(row, entry, ownId) {
  const [, who, held, cost, pnl] = row.cells;
  row.classList.toggle("is-own", Boolean(entry && ownId && entry.id === ownId));
  setText(who, entry ? nameOf(entry) : "\u00a0");
  who.title = entry ? nameOf(entry) : "";
  setText(held, entry ? formatSol(entry.positionQty) : "");
  setText(cost, entry && entry.positionQty ? formatPrice(entry.avgCost) : "");
  setText(pnl, entry ? formatSol(entry.pnl, { sign: true }) : "");
  const side = !entry || !entry.pnl ? "" : entry.pnl > 0 ? "up" : "down";
  pnl.className = `num ${side} no-shape`;
}

/** A table of ten fixed rows in `box`. */
export class Leaderboard {
  #rows;

  constructor(box) {
    const heads = [["#", "num"], ["player", ""], ["holds", "num"], ["avg cost", "num"], ["P&L SOL", "num"]];
    const head = el("tr", {}, ...heads.map(([text, name]) => el("th", { class: name, scope: "col" }, text)));
    this.#rows = Array.from({ length: RANKS }, (_, index) => line(index + 1));
    const table = el("table", { class: "leaders" }, el("thead", {}, head), el("tbody", {}, ...this.#rows));
    box.replaceChildren(scrolling(el("div", { class: "table-box" }, table), "Leaderboard"));
    this.show([]);
  }

  /** Show entries in the wire's keys, best first; null: not told yet. */
  show(entries, ownId = null) {
    this.#rows.forEach((row, index) => fill(row, (entries || [])[index] || null, ownId));
  }
}
