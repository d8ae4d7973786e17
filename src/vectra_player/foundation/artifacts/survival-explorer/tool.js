// How long games last: recorded ones beside the fair game, and the chance of a rug from a tick on.

import { FoundationWSClient } from "/artifacts/shared/foundation-ws-client.js";
import { formatCount } from "/artifacts/shared/format.js";
import { mountShell } from "/static/shell.js";
import { get } from "/static/ui/api.js";
import { byId, el, emptyState, errorState, setText, skeleton } from "/static/ui/dom.js";
import { Curve, pointAt } from "./curve.js";
import { Hazard } from "./hazard.js";
import { answer, basis, between, ladder, percent } from "./words.js";

const ASK_MS = 150;
const LEAST_TICKS = 300;
const MOST_TICKS = 1200;
const SLIDERS = { at: "100", within: "40", bets: "2" };
const BANDS = [["ticks", ""], ["checks", "num"], ["games", "num"], ["rugs", "num"], ["chance", "num"], ["95 %", "num"]];
const STEPS = [["bet", "num"], ["window", "num"], ["one has won", "num"], ["95 %", "num"], ["fair", "num"]];

const address = new URLSearchParams(location.search);
const client = new FoundationWSClient({ replay: address.get("replay") });
const shell = mountShell({ page: "tools", title: "Survival explorer" });
const curve = new Curve(byId("curve"), reading);
const hazard = new Hazard(byId("hazard"));
let odds = null;
let told = null;
let fairAlive = [];
let asking = 0;
let timer = null;
let nowTick = null;

const slider = (name) => Number(byId(name).value);
const lastTick = () => Math.min(MOST_TICKS, Math.max(LEAST_TICKS, told?.survival.curve.at(-1)?.tick ?? 0));

function keepAddress() {
  for (const [name, usual] of Object.entries({ ...SLIDERS, origin: null })) {
    const { value } = byId(name);
    if (value === usual) address.delete(name);
    else address.set(name, value);
  }
  history.replaceState(null, "", `?${address}`);
}

/** The fair share alive by tick, of the chances the service tells; beyond them nothing is drawn. */
function fairOf(withinTicks) {
  return withinTicks.map((rugged) => 1 - rugged);
}

function reading(tick) {
  if (tick === null || told === null) return setText(byId("reading"), "");
  const point = tick === 0 ? null : pointAt(told.survival.curve, tick);
  const fair = fairAlive[tick] === undefined ? "" : `  fair ${percent(fairAlive[tick])}`;
  const seen = point === null ? "all alive" : `alive ${percent(point.alive)}, ${between(point)}, ${formatCount(point.at_risk)} games watched`;
  return setText(byId("reading"), `tick ${tick}  ${seen}${fair}`);
}

function drawCurve() {
  if (told === null) return;
  const shown = { curve: told.survival.curve, fair: fairAlive, last: lastTick(), at: slider("at"), bets: slider("bets") };
  curve.show({ ...shown, windowTicks: odds.window_ticks, now: nowTick });
}

function row(cells, kinds) {
  return el("tr", {}, ...cells.map((text, index) => el("td", { class: kinds[index] }, text)));
}

function table(heads, rows) {
  const head = el("tr", {}, ...heads.map(([text, name]) => el("th", { class: name, scope: "col" }, text)));
  return el("table", {}, el("thead", {}, head), el("tbody", {}, ...rows));
}

function drawHazard({ bands, hazard: whole, checks }) {
  hazard.show(bands, whole.fair);
  const kinds = BANDS.map(([, name]) => name);
  const lines = bands.map((band) => {
    const figures = [band.checks, band.at_risk, band.rugs].map(formatCount);
    return row([`${band.first}–${band.last}`, ...figures, percent(band.hazard.value, 2), between(band.hazard, 2)], kinds);
  });
  byId("bands").replaceChildren(table(BANDS, lines));
  setText(byId("hazard-told"), `${percent(whole.value, 2)} of ${formatCount(checks)} checks; fair ${percent(whole.fair, 2)}`);
}

function drawLadder(steps, at) {
  const kinds = STEPS.map(([, name]) => name);
  const lines = steps.map(({ within, chance }, index) => {
    const from = at + within - odds.window_ticks;
    const window = `${from}–${at + within}`;
    return row([String(index + 1), window, percent(chance.value), between(chance), percent(chance.fair)], kinds);
  });
  byId("ladder").replaceChildren(lines.length ? table(STEPS, lines) : emptyState("No sidebet", "Move the third slider."));
  setText(byId("ladder-plain"), ladder(steps.length, odds));
}

function drawAnswer({ asked, ladder: steps }) {
  setText(byId("chance"), percent(asked.chance.value));
  setText(byId("fair"), percent(asked.chance.fair));
  setText(byId("plain"), answer(asked));
  drawLadder(steps, asked.at);
}

function draw() {
  const { survival } = told;
  for (const box of ["curve", "hazard"]) byId(box).classList.remove("skeleton");
  setText(byId("told"), basis(survival));
  byId("curve").dataset.games = String(survival.games);
  byId("at").max = String(lastTick());
  drawAnswer(told);
  drawCurve();
  if (survival.bands.length) drawHazard(survival);
  else byId("bands").replaceChildren(nothing());
  reading(null);
}

function nothing() {
  const demo = byId("origin").value === "real" && client.state.mode === "DEMO";
  const call = () => {
    byId("origin").value = "demo";
    changed();
  };
  const action = demo ? el("button", { class: "button", type: "button", on: { click: call } }, "Show the demo's games") : null;
  return emptyState("No recorded game of this kind", "Record some, or import recordings: vectra-player import PATH", action);
}

async function ask() {
  const turn = (asking += 1);
  const query = new URLSearchParams({ origin: byId("origin").value, at: slider("at"), within: slider("within"), bets: slider("bets") });
  document.querySelectorAll(".answer, #plain").forEach((node) => (node.dataset.stale = "true"));
  try {
    odds ??= await get("/api/odds");
    const found = await get(`/api/survival?${query}`);
    if (turn !== asking) return;
    told = found;
    fairAlive = fairOf(odds.rug_within);
    byId("fault").replaceChildren();
    draw();
  } catch (error) {
    const again = el("button", { class: "button", type: "button", on: { click: ask } }, "Ask again");
    if (turn === asking) byId("fault").replaceChildren(errorState(error.message, error.advice, again));
  }
  document.querySelectorAll(".answer, #plain").forEach((node) => (node.dataset.stale = "false"));
}

function changed() {
  for (const name of Object.keys(SLIDERS)) setText(byId(`${name}-told`), byId(name).value);
  keepAddress();
  drawCurve();
  clearTimeout(timer);
  timer = setTimeout(ask, ASK_MS);
}

function askNow() {
  if (nowTick === null) return;
  byId("at").value = String(nowTick);
  changed();
}

for (const [name, usual] of Object.entries(SLIDERS)) {
  byId(name).value = address.get(name) ?? usual;
  setText(byId(`${name}-told`), byId(name).value);
  byId(name).addEventListener("input", changed);
}
byId("origin").addEventListener("change", changed);
byId("now").addEventListener("click", askNow);
byId("bands").replaceChildren(skeleton(6));
for (const box of ["curve", "hazard"]) byId(box).classList.add("skeleton");
shell.key("n", "Ask at the current tick", askNow);
client.store.render((state) => {
  const running = state.phase === "LIVE" ? state.tick : null;
  if (running === nowTick) return;
  nowTick = running;
  byId("now").disabled = nowTick === null;
  drawCurve();
});
shell.follow(client);
client.connect();

/** Without a choice in the address: the demo's games where the demo is on, else real ones. */
const started = client.on("snapshot", (message) => {
  started();
  byId("origin").value = address.get("origin") ?? (message.data.mode === "DEMO" ? "demo" : "real");
  ask();
});
