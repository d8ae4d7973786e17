// Recorded runs of strategies, and one run beside its own backtest. What is chosen is in the address.

import { formatCount, formatDateTime, formatLatency, formatSol, formatUtc, UNKNOWN } from "/static/sdk/format.js";
import { mountShell } from "/static/shell.js";
import { get, poll, post } from "/static/ui/api.js";
import { byId, el, emptyState, setText } from "/static/ui/dom.js";
import { JobList } from "/static/dash/jobs.js";
import { faultOf, load, refresh } from "/static/dash/load.js";
import { LiveShell } from "/static/dash/live-shell.js";
import { drawPager, table } from "/static/dash/table.js";
import { counted } from "/static/dash/words.js";

const EVERY_MS = 5_000;
const DEFAULTS = { run: "", mode: "", page: "1" };

const shell = mountShell({ page: "actions" });
new LiveShell(shell);
const rows = byId("rows");
const report = byId("report");
let jobs = null;
let onlyDifferent = true;

const wanted = () => Object.fromEntries(Object.entries(DEFAULTS).map(([name, usual]) => [name, new URLSearchParams(location.search).get(name) ?? usual]));

function query(names, changes = {}) {
  const asked = new URLSearchParams();
  for (const [name, value] of Object.entries({ ...wanted(), ...changes })) if (names.includes(name) && value !== DEFAULTS[name]) asked.set(name, value);
  return asked.size ? `?${asked}` : "";
}

function go(changes) {
  history.pushState(null, "", `/actions/drift${query(Object.keys(DEFAULTS), changes)}`);
  show();
}

const runUrl = (run) => `/actions/drift${query(Object.keys(DEFAULTS), { run: run.run_id })}`;
const found = ({ unexplained }) => (unexplained === null ? el("span", { class: "muted" }, "not compared") : chip(unexplained ? "unexplained" : "explained", unexplained ? `${formatCount(unexplained)} unexplained` : "explained"));
const chip = (cause, text = cause) => el("span", { class: "chip", data: { cause } }, text);

const RUNS = [
  { label: "begun", name: "num", cell: (run) => formatDateTime(run.started), title: (run) => formatUtc(run.started) },
  { label: "strategy", cell: (run) => el("a", { href: runUrl(run), "aria-current": run.run_id === wanted().run ? "true" : null }, run.name), title: (run) => run.run_id },
  { label: "mode", cell: (run) => el("span", { class: "chip", data: { mode: run.mode } }, run.mode) },
  { label: "games", name: "num", cell: (run) => formatCount(run.games) },
  { label: "orders", name: "num", cell: (run) => formatCount(run.orders) },
  { label: "profit SOL", name: "num", cell: (run) => (run.profit === null ? UNKNOWN : formatSol(run.profit, { sign: true })) },
  { label: "end", name: "muted", cell: (run) => run.reason ?? "not told" },
  { label: "drift", cell: found },
];

function drawRuns(told) {
  setText(byId("count"), counted(told.total, "run"));
  if (told.runs.length) rows.replaceChildren(table(RUNS, told.runs, { caption: "Runs, newest first", open: (run) => go({ run: run.run_id }) }));
  else if (wanted().mode) rows.replaceChildren(emptyState("No run in this mode", "Choose another.", el("button", { class: "button", type: "button", on: { click: () => go({ mode: "", page: "1" }) } }, "Runs of any mode")));
  else rows.replaceChildren(emptyState("No strategy has run here yet", "Let one trade on paper beside the live game. Its run appears here once it is filed, at most a minute later.", el("a", { class: "button primary", href: "/backtest/paper" }, "Run a strategy")));
  drawPager(byId("pager"), told, (page) => go({ page: String(page) }));
}

const TRADES = [
  { label: "game", cell: (row) => el("a", { class: "num", href: `/games/${encodeURIComponent(row.game_id)}` }, row.game_id) },
  { label: "trade", cell: (row) => row.action },
  { label: "run", cell: (row) => row.run },
  { label: "backtest", cell: (row) => row.backtest },
  { label: "later", hint: "ticks", name: "num", cell: (row) => row.later },
  { label: "difference", hint: "SOL, of the run above that of the backtest", name: "num", cell: (row) => row.profit },
  { label: "why", name: "wrap-cell", cell: (row) => (row.cause === null ? el("span", { class: "muted" }, "alike") : el("div", { class: "why" }, chip(row.cause), el("span", {}, row.said))) },
];
const CAUSES = [
  { label: "cause", cell: (row) => chip(row.cause) },
  { label: "what it is", name: "wrap-cell", cell: (row) => row.meaning },
  { label: "differences", name: "num", cell: (row) => row.count },
  { label: "profit, SOL", name: "num", cell: (row) => row.profit },
];

function drawRun({ run, report: kept, stale }) {
  setText(byId("run-title"), `${run.name} on ${run.mode}, ${formatDateTime(run.started)}`);
  byId("run-title").title = run.run_id;
  setText(byId("compare"), kept ? "Compare again" : "Compare with its backtest");
  if (kept === null) {
    report.replaceChildren(el("p", { class: "muted" }, `${counted(run.games, "game")} and ${counted(run.orders, "order")} are recorded of it. Comparing plays them again; it takes seconds.`));
    return;
  }
  const totals = [["run SOL", kept.profit], ["backtest SOL", kept.backtest], [`backtest with ${formatLatency(kept.latency_ms)}, SOL`, kept.with_latency], ["alike", `${formatCount(kept.alike)} of ${formatCount(kept.rows.length)}`], ["alike with latency", `${formatCount(kept.alike_with_latency)} of ${formatCount(kept.rows.length)}`], ["unexplained", formatCount(kept.unexplained)]];
  const shown = kept.rows.filter((row) => !onlyDifferent || row.cause !== null);
  const only = el("input", { type: "checkbox", checked: onlyDifferent });
  only.addEventListener("change", () => {
    onlyDifferent = only.checked;
    drawRun({ run, report: kept, stale });
    byId("report").querySelector("input[type='checkbox']").focus();
  });
  report.replaceChildren(
    el("div", { class: "stack" },
      el("div", { class: "stack tight drift-head", data: { unexplained: String(kept.unexplained > 0) } }, ...kept.sentences.map((text) => el("p", {}, text)), ...kept.notes.map((text) => el("p", { class: "muted" }, text))),
      stale ? el("p", { class: "rug" }, "The run has told more since: compare again.") : null,
      el("dl", { class: "figures" }, ...totals.map(([name, text]) => el("div", { class: "figure" }, el("dt", {}, name), el("dd", { class: name === "unexplained" && kept.unexplained ? "down no-shape" : "" }, text)))),
      kept.causes.length ? el("div", { class: "table-box", tabindex: "0", role: "region", "aria-label": "Causes" }, table(CAUSES, kept.causes, { caption: "Causes of the differences" })) : null,
      el("div", { class: "row between wrap" }, el("h3", {}, "Trade by trade"), el("label", { class: "row size-12" }, only, "Only those that differ")),
      shown.length ? el("div", { class: "table-box tall-box", tabindex: "0", role: "region", "aria-label": "Trades" }, table(TRADES, shown, { caption: "Trades of the run and of its backtest" })) : el("p", { class: "muted" }, kept.rows.length ? "Every trade is alike to the last digit." : "Neither traded."),
      el("p", { class: "muted size-12", title: formatUtc(kept.made_at) }, `Made ${formatDateTime(kept.made_at)}. The same from a terminal: `, el("code", {}, `vectra-player drift ${run.run_id}`)),
    ),
  );
}

const cameTo = () => null;
const askRuns = () => get(`/api/strategy-runs${query(["mode", "page"])}`);
const askRun = () => get(`/api/strategy-runs/${encodeURIComponent(wanted().run)}`);
const showRun = () => load(report, askRun, drawRun, { rows: 3 });

function show() {
  const { run, mode } = wanted();
  byId("mode").value = mode;
  byId("run-card").hidden = !run;
  byId("run-wrong").replaceChildren();
  jobs?.close();
  jobs = null;
  if (run) {
    setText(byId("run-title"), run);
    byId("jobs").replaceChildren();
    report.replaceChildren();
    jobs = new JobList(byId("jobs"), "drift", { result: cameTo, ended: showRun, only: (job) => job.title.endsWith(run), most: 1 });
    showRun();
  }
  load(rows, askRuns, drawRuns, { rows: 6 });
}

byId("compare").addEventListener("click", async () => {
  byId("run-wrong").replaceChildren();
  try {
    await post(`/api/strategy-runs/${encodeURIComponent(wanted().run)}/drift`, {});
  } catch (error) {
    byId("run-wrong").replaceChildren(faultOf(error));
  }
  jobs?.ask();
});
byId("close-run").addEventListener("click", (event) => {
  event.preventDefault();
  go({ run: "" });
});
byId("filters").addEventListener("input", () => go({ mode: byId("mode").value, page: "1" }));
byId("filters").addEventListener("submit", (event) => event.preventDefault());
addEventListener("popstate", show);
show();
poll(async () => {
  refresh(rows, askRuns, drawRuns);
  const compared = byId("jobs").querySelector("[data-state='waiting'], [data-state='running']");
  if (wanted().run && !compared && !report.querySelector("input")) refresh(report, askRun, drawRun, { rows: 3 });
}, EVERY_MS);
