// Backtests and sweeps: order one, watch it, find it again.

import { mountShell } from "/static/shell.js";
import { get } from "/static/ui/api.js";
import { byId, el, emptyState, setText } from "/static/ui/dom.js";
import { JobList } from "/static/dash/jobs.js";
import { LiveShell } from "/static/dash/live-shell.js";
import { load } from "/static/dash/load.js";
import { MOST_COMPARED, runUrl, runsTable } from "/static/dash/runs-table.js";
import { RunForm } from "/static/dash/run-form.js";
import { drawPager } from "/static/dash/table.js";
import { counted } from "/static/dash/words.js";

const TYPING_MS = 250;
const FILTERS = ["kind", "q"];

const shell = mountShell({ page: "backtest" });
new LiveShell(shell);
const picked = new Set();

function go(changes) {
  const asked = new URLSearchParams(location.search);
  for (const [name, value] of Object.entries(changes)) {
    if (value === "" || value === 1) asked.delete(name);
    else asked.set(name, String(value));
  }
  history.replaceState(null, "", asked.size ? `/backtest?${asked}` : "/backtest");
  show();
}

function wanted() {
  const asked = new URLSearchParams(location.search);
  const kept = new URLSearchParams();
  for (const name of [...FILTERS, "page"]) if (asked.get(name)) kept.set(name, asked.get(name));
  return kept;
}

function drawRuns(told) {
  setText(byId("count"), counted(told.total, "run"));
  const box = byId("runs");
  if (told.runs.length) {
    box.replaceChildren(runsTable(told.runs, picked, drawCompare));
  } else if (wanted().size) {
    box.replaceChildren(emptyState("No run fits", "Loosen the filters.", el("button", { class: "button", type: "button", on: { click: clear } }, "Show all runs")));
  } else {
    box.replaceChildren(emptyState("No run is kept yet", "Choose a strategy and games on the left, and run it. Generated games need no recording: they show what luck looks like."));
  }
  drawPager(byId("pager"), told, (page) => go({ page }));
  drawCompare();
}

function drawCompare() {
  const link = byId("compare");
  const fits = picked.size >= 2 && picked.size <= MOST_COMPARED;
  setText(link, picked.size ? `Compare ${picked.size}` : "Compare");
  link.setAttribute("aria-disabled", String(!fits));
  link.title = fits ? "" : `Tick two to ${MOST_COMPARED} backtests`;
  if (fits) link.href = `/backtest/compare?runs=${[...picked].join(",")}`;
  else link.removeAttribute("href");
}

function clear() {
  for (const name of FILTERS) byId(name).value = "";
  go({ q: "", kind: "", page: 1 });
}

function show() {
  const asked = wanted();
  load(byId("runs"), () => get(`/api/backtest/runs${asked.size ? `?${asked}` : ""}`), drawRuns, { rows: 8, again: show });
}

/** What is shown of a finished job: where its run is. */
function came({ result }) {
  const words = result.cached ? "answered from the run that was kept" : result.games;
  return el("div", { class: "stack tight" }, el("p", {}, el("a", { href: runUrl(result.run) }, result.headline)), el("p", { class: "muted size-12" }, words));
}

const jobs = new JobList(byId("jobs"), "backtest", { result: came, ended: show });
new MutationObserver(() => {
  byId("jobs-card").hidden = !byId("jobs").childElementCount;
}).observe(byId("jobs"), { childList: true });

const form = new RunForm({ begun: () => jobs.ask() });
const holder = el("div");
load(holder, () => form.load(), () => undefined).then((drawn) => {
  if (!drawn) byId("order").prepend(holder);
});

const filters = new URLSearchParams(location.search);
for (const name of FILTERS) byId(name).value = filters.get(name) ?? "";
byId("kind").addEventListener("change", () => go({ kind: byId("kind").value, page: 1 }));
let typing = null;
byId("q").addEventListener("input", () => {
  clearTimeout(typing);
  typing = setTimeout(() => go({ q: byId("q").value.trim(), page: 1 }), TYPING_MS);
});
shell.key("n", "New run: go to the form", () => byId("profile").focus());
show();
