// What the account did, newest first, and how it compares over the games that are over.

import { formatCount, formatPrice, formatSol, formatSolExact, formatTime, formatUtc } from "/static/sdk/format.js";
import { el } from "/static/ui/dom.js";

const MOST = 50;
const SCORE = [["", ""], ["profit SOL", "num"], ["fair mean", "num"], ["buys", "num"], ["bets won", "num"]];
const WORDS = {
  submitted: "under way", bought: "done", sold: "done", placed: "open", won: "won", lost: "lost", rugged: "rugged", void: "void",
  refused: "refused", missed: "missed", reset: "new wallet",
};

function lineOf(note) {
  const share = note.percentage === null || note.percentage === undefined ? "" : `${formatCount(note.percentage)} %`;
  const amount = note.amount === null || note.amount === undefined ? share : formatSol(note.amount);
  const failed = note.outcome === "REJECTED" || note.outcome === "BLOCKED";
  const profit = note.profit ? formatSol(note.profit, { sign: true }) : "";
  return el(
    "tr",
    { data: { kind: note.kind, action: note.action_id ?? "" } },
    el("td", { class: "num muted", title: formatUtc(note.ts) }, formatTime(note.ts)),
    el("td", {}, note.action_type, note.actor === "bot" ? el("span", { class: "muted" }, " bot") : null),
    el("td", { class: "num", title: formatSolExact(note.amount) }, amount),
    el("td", { class: "num" }, note.executed_price ? formatPrice(note.executed_price) : ""),
    el("td", { class: failed ? "down no-shape" : "", title: note.error ?? "" }, WORDS[note.kind] ?? note.kind),
    el("td", { class: "num", title: formatSolExact(note.profit) }, profit),
  );
}

function scoreOf(row) {
  const games = `${formatCount(row.games)} games`;
  const other = row.other_coins ? `${formatCount(row.other_coins)} in practice coins not counted` : "";
  return el(
    "tr",
    { class: row.who === "you" ? "is-own" : "", title: games, data: { who: row.who } },
    el("td", {}, row.who, other ? el("span", { class: "muted" }, `, ${other}`) : null),
    el("td", { class: "num", title: formatSolExact(row.profit) }, formatSol(row.profit, { sign: true })),
    el("td", { class: "num muted" }, formatSol(row.expected, { sign: true })),
    el("td", { class: "num" }, formatCount(row.buys)),
    el("td", { class: "num" }, `${formatCount(row.bets_won)} of ${formatCount(row.bets)}`),
  );
}

export class TradeLog {
  #body = el("tbody");

  constructor(box, score) {
    this.score = score;
    const heads = [["time", "num"], ["action", ""], ["SOL", "num"], ["price", "num"], ["", ""], ["profit", "num"]];
    box.replaceChildren(el("table", { class: "tape" }, head(heads), this.#body));
    this.clear();
  }

  /** Show an account as `/api/trade` tells it. */
  show({ actions, score }) {
    const told = withoutSteps(actions);
    this.#body.replaceChildren(...(told.length ? told.map(lineOf) : [empty()]));
    this.score.replaceChildren(el("table", {}, head(SCORE), el("tbody", {}, ...score.map(scoreOf))));
  }

  /** Put an action on top; what it was under way with is over. */
  add(note) {
    this.#body.querySelector(".nothing")?.remove();
    const mine = [...this.#body.rows].filter((row) => note.action_id && row.dataset.action === note.action_id);
    if (note.kind === "submitted" && mine.some((row) => row.dataset.kind !== "submitted")) return;
    for (const row of mine) if (row.dataset.kind === "submitted") row.remove();
    this.#body.prepend(lineOf(note));
    while (this.#body.rows.length > MOST) this.#body.lastElementChild.remove();
  }

  /** Forget every action. */
  clear() {
    this.#body.replaceChildren(empty());
    this.score.replaceChildren();
  }
}

/** Leave out that an action is under way where more is told of it; the newest come first. */
function withoutSteps(actions) {
  const known = new Set();
  return actions.filter(({ kind, action_id: id }) => {
    const step = kind === "submitted" && id && known.has(id);
    known.add(id);
    return !step;
  });
}

function head(cells) {
  return el("thead", {}, el("tr", {}, ...cells.map(([text, name]) => el("th", { class: name, scope: "col" }, text))));
}

function empty() {
  return el("tr", { class: "nothing" }, el("td", { colspan: "6", class: "muted" }, "Nothing done yet."));
}
