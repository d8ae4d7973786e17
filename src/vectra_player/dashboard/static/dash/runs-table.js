// Kept runs as a table: what they came to with its interval, marks for those to compare.

import { formatCount, formatDateTime, formatNumber, formatShare, formatSol, formatUtc, UNKNOWN } from "/static/sdk/format.js";
import { el } from "/static/ui/dom.js";
import { table } from "/static/dash/table.js";

export const MOST_COMPARED = 4;

export const runUrl = (run) => `/backtest/runs/${encodeURIComponent(run)}`;

/** A mean of SOL a game, which is small, as the report writes it. */
export const meanSol = (value) => formatNumber(value, { sign: true, digits: 6 });

/** The mean of a run, below it its 95 % interval. */
function meanOf({ mean, low, high }) {
  if (mean === null) return UNKNOWN;
  return el("span", { class: "two-lines" }, meanSol(mean), el("span", { class: "muted" }, `${meanSol(low)} to ${meanSol(high)}`));
}

function nameOf({ run, strategy, kind, tried, asked }) {
  const games = asked.length > 24 ? `${asked.slice(0, 22)}…` : asked;
  const beside = kind === "sweep" ? `sweep of ${formatCount(tried)}, ${games}` : games;
  return el("span", { class: "two-lines" }, el("a", { href: runUrl(run) }, strategy), el("span", { class: "muted" }, beside));
}

const verdict = ({ winner }) => (winner === null ? "nothing bet" : winner ? "beyond chance" : "not beyond chance");

/** The table; `picked` is a Set of ids, `changed()` is called when it changes. */
export function runsTable(runs, picked, changed) {
  const box = (line) => {
    const input = el("input", { type: "checkbox", "aria-label": `Compare ${line.strategy}, made ${formatDateTime(line.made_ms)}`, disabled: line.kind === "sweep" || null });
    input.checked = picked.has(line.run);
    input.addEventListener("change", () => {
      if (input.checked) picked.add(line.run);
      else picked.delete(line.run);
      changed();
    });
    return input;
  };
  const columns = [
    { label: "", name: "pick", cell: box, hint: "choose two to four backtests to compare" },
    { label: "strategy", name: "truncate strategy", cell: nameOf, title: (line) => line.headline },
    { label: "games", name: "num", cell: (line) => formatCount(line.games), title: (line) => `${line.asked.slice(0, 200)}, origin ${line.origin}` },
    { label: "profit SOL", name: "num", cell: (line) => el("span", { class: tone(line) }, formatSol(line.profit === null ? null : Number(line.profit), { sign: true })), title: (line) => line.profit ?? "nothing was bet" },
    { label: "of put in", name: "num", cell: (line) => formatShare(line.result, { sign: true }) },
    { label: "mean SOL a game", name: "num", cell: meanOf, hint: "with its 95 % interval" },
    { label: "verdict", cell: (line) => el("span", { class: "chip", data: { verdict: String(line.winner) } }, verdict(line)) },
    { label: "made", name: "num", cell: (line) => formatDateTime(line.made_ms).slice(5, 16), title: (line) => formatUtc(line.made_ms) },
  ];
  const open = (line, event) => !event.target.closest("input") && location.assign(runUrl(line.run));
  return table(columns, runs, { caption: "Kept runs", open });
}

function tone({ profit }) {
  const value = Number(profit ?? 0);
  return `${value > 0 ? "up" : value < 0 ? "down" : ""} no-shape`;
}
