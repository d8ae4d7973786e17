// The strategy explorer: controls and address on the left, what comes of them on the right. Numbers
// follow a control as it moves; plots and the comparison once it rests; long runs are jobs.

import { formatCount } from "/static/sdk/format.js";
import { mountShell } from "/static/shell.js";
import { get, post } from "/static/ui/api.js";
import { byId, el, setText } from "/static/ui/dom.js";
import { Controls, askedOf, bodyOf } from "/static/dash/explorer-controls.js";
import { drawComparison, drawSimulation, drawValue, drawWindows } from "/static/dash/explorer-views.js";
import { Figures } from "/static/dash/figures.js";
import { JobList } from "/static/dash/jobs.js";
import { LiveShell } from "/static/dash/live-shell.js";
import { faultOf, load, tell } from "/static/dash/load.js";

const ADDRESS_MS = 300; // a browser refuses an address that changes with every pixel of a slider
const REST_MS = 250;
const SLOW_MS = 400;
const AGAIN_MS = 4_000;
const RECORDED_PLOTS = ["outcomes", "survival", "hazard"];
const SIMULATION_PLOTS = ["fan", "curves", "finals", "drawdown", "compared"];

const shell = mountShell({ page: "explorer" });
new LiveShell(shell);
const results = byId("results");
const address = new URLSearchParams(location.search);
let told = null;
let kept = null;
let rows = null;
let started = null;
let asking = false;
let askAgain = false;
let notice = null; // shown with the next answer
const timers = {};

const later = (name, ms, call) => {
  clearTimeout(timers[name]);
  timers[name] = setTimeout(call, ms);
};
const urlOf = (params) => (String(params) ? `/explorer?${params}` : "/explorer");
const api = (path, extra = {}) => {
  const asked = askedOf(address);
  for (const [name, value] of Object.entries(extra)) asked.set(name, value);
  return asked.size ? `/api/explorer${path}?${asked}` : `/api/explorer${path}`;
};

function showAddress(choice) {
  const url = urlOf(address);
  if (url === location.pathname + location.search) return;
  history[choice ? "pushState" : "replaceState"](null, "", url);
}

/** Change parameters: names to texts, an empty text takes one away. `choice`: a step to go back to. */
function change(changes, { choice = false } = {}) {
  for (const [name, value] of Object.entries(changes)) {
    if (value === "") address.delete(name);
    else address.set(name, value);
  }
  if (choice) {
    clearTimeout(timers.address);
    showAddress(true);
  } else {
    later("address", ADDRESS_MS, () => showAddress(false));
  }
  ask();
}

/** Ask for what the controls say; while an answer is awaited only the last change counts. */
async function ask() {
  askAgain = true;
  if (asking) return;
  asking = true;
  while (askAgain) {
    askAgain = false;
    later("slow", SLOW_MS, () => results.classList.add("stale"));
    results.setAttribute("aria-busy", "true");
    try {
      const run = address.get("run") ?? "";
      const [answer, found] = await Promise.all([get(api("")), run ? keptRun(run) : null]);
      told = answer;
      kept = found;
      draw();
    } catch (error) {
      failed(error);
    }
    clearTimeout(timers.slow);
  }
  results.classList.remove("stale");
  results.removeAttribute("aria-busy");
  asking = false;
}

async function keptRun(run) {
  if (kept?.run === run) return kept;
  return get(`/api/explorer/runs/${encodeURIComponent(run)}`);
}

function failed(error) {
  if (error.status === 422) {
    const placed = controls.complain(error.fields);
    byId("controls-box").open = true;
    tell(placed && told ? null : error); // before the first answer there is nothing else to see
    return;
  }
  if (error.status === 404) {
    notice = error;
    change({ run: "" });
    return;
  }
  byId("fault").replaceChildren(faultOf(error, ask));
  if (error.status === 0 || error.status === 503) later("again", AGAIN_MS, ask);
}

function draw() {
  tell(notice);
  notice = null;
  for (const shape of results.querySelectorAll(".skeleton:not(.plot-shape)")) shape.classList.remove("skeleton");
  controls.complain();
  if (!askAgain) controls.fill(told.settings, askedOf(address)); // else they were changed since
  drawValue(told);
  drawWindows(told);
  drawSimulation(told, kept, { run, quick: () => change({ run: "" }, { choice: true }), generated: () => change({ games: "generated" }, { choice: true }) });
  byId("run").hidden = told.is_long && !kept;
  setText(byId("basis"), basis());
  drawGround(told.ground === null);
  figures.refresh();
  later("rest", REST_MS, compare);
}

/** Plots of recorded games have no place where there is none. */
function drawGround(nothing) {
  for (const name of RECORDED_PLOTS) document.querySelector(`[data-figure="${name}"]`).hidden = nothing;
  byId("age-none").hidden = !nothing;
}

function basis() {
  const { name, execution, scaling } = told.settings;
  const bets = `${formatCount(execution.num_bets)} ${execution.num_bets === 1 ? "bet" : "bets"} from tick ${execution.entry_tick}`;
  return `${name}: ${bets}, ${scaling.mode.replaceAll("_", " ")}`;
}

function compare() {
  if (kept) {
    rows = kept.rows;
    sorted();
    return;
  }
  if (!told.simulation) {
    byId("compared").replaceChildren(el("p", { class: "muted body" }, "The presets are shown beside a simulation."));
    return;
  }
  load(byId("compared"), () => get(api("/compare")), (answer) => {
    rows = answer.rows;
    sorted();
  }, { rows: 9, again: compare });
}

function sorted() {
  const by = address.get("sort") ?? "risk";
  const order = address.get("order") ?? "asc";
  const choose = (name) => {
    address.set("sort", name);
    address.set("order", by === name && order === "asc" ? "desc" : "asc");
    showAddress(false);
    sorted();
  };
  const link = (name) => {
    const goal = new URLSearchParams({ profile: name });
    for (const each of ["games", "origin", "runs", "games_per_run", "seed"]) if (address.has(each)) goal.set(each, address.get(each));
    return urlOf(goal);
  };
  drawComparison(rows, { by, order, choose }, link);
}

async function run() {
  byId("jobs-box").open = true;
  try {
    started = (await post("/api/explorer/runs", bodyOf(askedOf(address)))).id;
  } catch (error) {
    failed(error);
  }
  jobs.ask();
}

function finished({ result }) {
  const goal = new URLSearchParams(Object.entries(result.query).map(([name, value]) => [name, String(value)]));
  goal.set("run", result.run);
  return el("p", { class: "row between" }, el("span", { class: "muted" }, `${formatCount(result.runs)} runs of ${formatCount(result.games)} games, and the presets beside it`), el("a", { href: urlOf(goal) }, "Show"));
}

function save() {
  byId("replace-box").hidden = true;
  byId("replace").checked = false;
  complainOfName("");
  byId("save-dialog").showModal();
  byId("name").focus();
}

function complainOfName(text) {
  const hint = byId("name-hint");
  setText(hint, text || hint.dataset.hint);
  if (text) hint.dataset.level = "bad";
  else delete hint.dataset.level;
  byId("name").setAttribute("aria-invalid", String(Boolean(text)));
}

async function saved(event) {
  event.preventDefault();
  const name = byId("name").value.trim();
  try {
    await post("/api/explorer/profile", { ...bodyOf(askedOf(address)), name, replace: byId("replace").checked });
  } catch (error) {
    complainOfName(error.fields?.name ?? `${error.message} ${error.advice ?? ""} ${Object.values(error.fields ?? {}).join(" ")}`.trim());
    byId("replace-box").hidden = !(error.fields?.name ?? "").includes("Replace");
    return;
  }
  byId("save-dialog").close();
  const own = byId("own-profiles");
  if (![...own.children].some((each) => each.textContent === name)) own.append(el("option", {}, name));
  own.hidden = false;
  const settings = Object.fromEntries([...askedOf(address).keys()].filter((each) => !["games", "origin", "runs", "games_per_run", "seed"].includes(each)).map((each) => [each, ""]));
  change({ ...settings, run: "", profile: name }, { choice: true });
  byId("fault").replaceChildren();
  byId("saved").replaceChildren(`Saved as ${name}. `, el("a", { href: `/backtest?profile=${encodeURIComponent(name)}` }, "Backtest it"));
}

const controls = new Controls(change);
const figures = new Figures(document.querySelectorAll("[data-figure]"), (name, width) => {
  const id = SIMULATION_PLOTS.includes(name) ? address.get("run") : null;
  return api(`/figures/${name}`, id ? { width, run: id } : { width });
});
const jobs = new JobList(byId("jobs"), "explore", {
  result: finished,
  ended: (job) => job.id === started && change({ run: job.result.run }, { choice: true }),
});
byId("run").addEventListener("click", run);
byId("save").addEventListener("click", save);
byId("save-cancel").addEventListener("click", () => byId("save-dialog").close());
byId("save-form").addEventListener("submit", saved);
addEventListener("popstate", () => {
  for (const name of [...address.keys()]) address.delete(name);
  for (const [name, value] of new URLSearchParams(location.search)) address.set(name, value);
  ask();
});
if (matchMedia("(max-width: 1023px)").matches) byId("controls-box").open = false;
shell.key("s", "Save as profile", save);
controls.begin(askedOf(address));
ask();
