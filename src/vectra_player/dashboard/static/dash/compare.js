// Two to four backtests side by side, held against the first of them.

import { mountShell } from "/static/shell.js";
import { get } from "/static/ui/api.js";
import { byId, el, emptyState } from "/static/ui/dom.js";
import { section } from "/static/dash/laid-out.js";
import { LiveShell } from "/static/dash/live-shell.js";
import { load } from "/static/dash/load.js";
import { runUrl } from "/static/dash/runs-table.js";

const shell = mountShell({ page: "backtest" });
new LiveShell(shell);

const runs = () => [...new Set((new URLSearchParams(location.search).get("runs") ?? "").split(",").filter(Boolean))];

function go(names) {
  history.pushState(null, "", names.length ? `/backtest/compare?runs=${names.join(",")}` : "/backtest/compare");
  show();
}

function draw({ title, summary, sections, manifest }) {
  document.title = `${title} · VECTRA`;
  byId("chosen").replaceChildren(...Object.entries(manifest).map(chip));
  byId("compared").replaceChildren(
    ...(summary.length ? [el("section", { class: "card", "aria-label": "What to allow for" }, el("div", { class: "body stack tight" }, ...summary.map((text) => el("p", {}, text))))] : []),
    ...sections.map((each) => el("section", { class: "card" }, el("div", { class: "body" }, section(each)))),
  );
}

function chip([name, run], at) {
  const button = (text, label, call) => el("button", { class: "button quiet icon", type: "button", "aria-label": `${label} ${name}`, title: label, on: { click: call } }, text);
  const others = runs().filter((each) => each !== run);
  return el(
    "li", { class: "row", data: { run } },
    el("a", { href: runUrl(run) }, name),
    at ? button("⇤", "Hold the others against", () => go([run, ...others])) : el("span", { class: "muted size-12" }, "the others are held against it"),
    button("×", "Leave out", () => go(others)),
  );
}

function drawTooFew(names) {
  byId("chosen").replaceChildren(...names.map((name, at) => chip([name, name], at)));
  const link = el("a", { class: "button primary", href: "/backtest" }, "To the runs");
  byId("compared").replaceChildren(emptyState("Choose two to four backtests", "Tick them in the list of runs, then press Compare.", link));
}

function show() {
  const names = runs();
  const box = byId("compared");
  if (names.length < 2) load(box, async () => names, drawTooFew);
  else load(box, () => get(`/api/backtest/comparison?runs=${names.map(encodeURIComponent).join(",")}`), draw, { rows: 10, again: show });
}

addEventListener("popstate", show);
show();
