// The tabs of a run: what each asks for and how it is drawn.

import { get } from "/static/ui/api.js";
import { byId, el, emptyState } from "/static/ui/dom.js";
import { figure, laidTable } from "/static/dash/laid-out.js";
import { RunTrades } from "/static/dash/run-trades.js";

const FILES = {
  "result.json": "the record, as the command prints it with --json",
  "trades.parquet": "a row for everything that became of a decision",
  "games.parquet": "a row a game",
  "variants.parquet": "a row a variant",
  "report.html": "this result as one page",
};

const AXES = 100; // px: padding, and the axis beside a plot
const WIDEST = 1400;
const STEP = 20; // px: windows of nearly one size share a drawing

let asked = null;

/** Everything a worker draws of the run; asked for once. */
function plots(path) {
  asked ??= get(`${path}/plots?width=${room()}`).catch((error) => {
    asked = null;
    throw error;
  });
  return asked;
}

/** How wide a plot may be here, axes left out. */
function room() {
  const inside = byId("panel").clientWidth - AXES;
  return Math.max(180, Math.min(WIDEST, Math.floor(inside / STEP) * STEP));
}

/** A tab that shows one plot, with what else belongs below it. */
function plot(id, label, name, below = () => []) {
  return {
    id,
    label,
    ask: plots,
    draw(box, told, { data }) {
      const found = told.plots.find((each) => each.name === name);
      const nothing = emptyState("Nothing to draw", "There are too few games for this plot.");
      box.replaceChildren(el("div", { class: "body stack" }, found ? figure(found) : nothing, ...below(data)));
    },
  };
}

/** A tab of tables of the record. */
function tables(id, label, ...names) {
  return {
    id,
    label,
    ask: async () => null,
    draw: (box, _, { data }) => box.replaceChildren(el("div", { class: "body stack" }, ...names.map((name) => laidTable(data.tables[name], label)))),
  };
}

const manifest = {
  id: "manifest",
  label: "Manifest",
  ask: async () => null,
  draw(box, _, { data }) {
    const facts = Object.entries(data.manifest).flatMap(([name, value]) => [el("dt", {}, name), el("dd", { class: "num wrapped" }, value)]);
    const { asked: words, origin, used, left_out: left, first, last } = data.record.games;
    const reasons = Object.entries(left).map(([why, count]) => `${count} as ${why}`).join("; ");
    const games = [`${used} games (${words.length > 80 ? `${words.slice(0, 80)}…` : words}, ${origin})`, first ? `${first.slice(0, 10)} to ${last.slice(0, 10)}` : "", reasons ? `left out: ${reasons}` : ""].filter(Boolean).join(", ");
    const files = [...data.files, "report.html"].map((name) =>
      el("li", { class: "row wrap" }, el("a", { href: `/backtest/runs/${data.run}/files/${name}`, download: "" }, name), el("span", { class: "muted size-12" }, FILES[name] ?? "")));
    box.replaceChildren(
      el("div", { class: "body stack manifest-panel" },
        el("dl", { class: "facts" }, el("dt", {}, "games"), el("dd", {}, games), ...facts),
        el("h3", {}, "Strategy"), laidTable(data.tables.parameters, "Parameters"),
        el("h3", {}, "Files"), el("ul", { class: "stack tight" }, ...files)),
    );
  },
};

const trades = {
  id: "trades",
  label: "Trades",
  ask: async () => null,
  draw: (box, _, { path, data }) => new RunTrades(box, path, data),
};

export const PANELS = {
  plots,
  backtest: [
    plot("equity", "Equity", "equity"),
    plot("drawdown", "Drawdown", "drawdown"),
    trades,
    plot("distribution", "Distribution", "distribution"),
    plot("robustness", "Robustness", "folds", ({ tables: told }) => [laidTable(told.figures, "Figures of both parts and of the baselines")]),
    manifest,
  ],
  sweep: [
    plot("variants", "All variants", "grid", ({ tables: told }) => [laidTable(told.grid, "Grid")]),
    tables("best", "The best", "best"),
    tables("walk", "Walk forward", "walk"),
    manifest,
  ],
};
