// Kept runs as a table: what they came to with its interval, marks for those to compare.

import { formatCount, formatDateTime, formatPercent, formatSol, formatUtc, UNKNOWN } from "/static/sdk/format.js";
import { el } from "/static/ui/dom.js";
import { table } from "/static/dash/table.js";

export const MOST_COMPARED = 4;

export const runUrl = (run) => `/backtest/runs/${encodeURIComponent(run)}`;

/** A mean of SOL a game with its 95 % interval, as the report writes it. */
export function meanWords({ mean, low, high }) {
  if (mean === null || mean === undefined) return UNKNOWN;
  const signed = (value) => `${value < 0 ? "" : "+"}${value.toFixed(6)}`;
  return `${signed(mean)} (${signed(low)} to ${signed(high)})`;
}

const verdict = ({ winner }) => (winner === null ? "nothing bet" : winner ? "beyond chance" : "not beyond chance");

/** The table; `picked` is a Set of ids, `changed()` is called when it changes. */
export function runsTable(runs, picked, changed) {
  const box = (line) => {
    const input = el("input", { type: "checkbox", "aria-label": `Compare ${line.strategy}, ${formatDateTime(line.made_ms)}`, disabled: line.kind === "sweep" || null });
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
    { label: "strategy", name: "truncate strategy", cell: (line) => el("a", { href: runUrl(line.run) }, line.strategy), title: (line) => line.headline },
    { label: "kind", cell: (line) => (line.kind === "sweep" ? `sweep of ${formatCount(line.tried)}` : "backtest") },
    { label: "games", name: "num", cell: (line) => formatCount(line.games), title: (line) => `${line.asked.slice(0, 200)}, origin ${line.origin}` },
    { label: "profit SOL", name: "num", cell: (line) => el("span", { class: tone(line) }, formatSol(line.profit === null ? null : Number(line.profit), { sign: true })), title: (line) => line.profit ?? "nothing was bet" },
    { label: "of put in", name: "num", cell: (line) => formatPercent(line.result === null ? null : line.result * 100, { sign: true }) },
    { label: "mean SOL a game, 95 %", name: "num interval", cell: meanWords },
    { label: "verdict", cell: (line) => el("span", { class: "chip", data: { verdict: String(line.winner) } }, verdict(line)) },
    { label: "made", name: "num", cell: (line) => formatDateTime(line.made_ms), title: (line) => formatUtc(line.made_ms) },
  ];
  const open = (line, event) => !event.target.closest("input") && location.assign(runUrl(line.run));
  return table(columns, runs, { caption: "Kept runs", open });
}

function tone({ profit }) {
  const value = Number(profit ?? 0);
  return `${value > 0 ? "up" : value < 0 ? "down" : ""} no-shape`;
}
