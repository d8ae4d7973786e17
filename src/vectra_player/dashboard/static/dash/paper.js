// A strategy beside the live game, on paper by default: start and stop it, its log, and the account it
// trades on. The account's panel is the monitor's; both show the one account that foundation keeps.

import { FoundationWSClient } from "/static/sdk/foundation-ws-client.js";
import { formatCount, formatNumber, formatSol, formatSolExact, formatTime, formatUtc } from "/static/sdk/format.js";
import { mountShell } from "/static/shell.js";
import { get, poll } from "/static/ui/api.js";
import { byId, el, setText } from "/static/ui/dom.js";
import { GamePanel } from "/static/monitor/game-panel.js";
import { account, gate } from "/static/monitor/trade-api.js";
import { TradePanel } from "/static/monitor/trade-panel.js";
import { LiveShell } from "/static/dash/live-shell.js";
import { tell } from "/static/dash/load.js";
import { fillChoices } from "/static/dash/strategy-choices.js";
import { table } from "/static/dash/table.js";

const ASK_MS = 1_000;
const NUMBERS = ["games", "max_stake", "max_loss", "cash", "latency_ms"];
const PAPER_ONLY = ["cash", "latency_ms"];
const MODES = { paper: "risks nothing", practice: "presses the demo page", live: "presses the game page" };
const FIRST = "conservative";
const ON = new Set(["starting", "running", "stopping"]);
const PLACES = {
  PAPER: "nothing here can press a button of the game",
  PRACTICE: "practice presses the buttons of the demo server's page, on this machine",
  ARMED: "live trading is armed: orders in LIVE mode press the buttons of the game page",
};
const DOWN = "Foundation does not run, so there is no live game. Start it with vectra-player up; this page goes on by itself.";

const shell = mountShell({ page: "backtest" });
const client = new FoundationWSClient();
const live = new LiveShell(shell, { client, askMs: 1_000 });

/** What the paper account did in the game that is on. */
function marksOf(state) {
  return state.actions
    .filter((note) => note.game_id === state.gameId && ["bought", "sold", "placed"].includes(note.kind))
    .map((note) => ({
      tick: note.executed_tick ?? 0,
      kind: { bought: "own-buy", sold: "own-sell", placed: "sidebet" }[note.kind],
      text: note.kind === "placed" ? "" : `${note.kind === "bought" ? "buy" : "sell"} ${formatSol(note.amount)}`,
    }));
}

const game = new GamePanel(client.store, byId("hero"), { marks: marksOf });
const trade = new TradePanel(client);
let up = null;
let run = null;
let shown = "";
let acting = false;
let forbidden = "";
let said = ["", ""];

client.store.render((state) => up && game.draw(state));

live.on(({ running, state }) => {
  if (running !== up) {
    up = running;
    byId("paper").dataset.live = String(up);
    if (up) trade.ask();
    askModes();
  }
  forbidden = "";
  if (!up) forbidden = DOWN;
  else if (state.mode === "REPLAY") forbidden = "The main feed is a replay: nothing can be traded in it. Start vectra-player up with another source.";
  setText(byId("place"), up ? (forbidden ? "" : PLACES[state.trading] ?? "") : "");
  drawButtons();
});

/** Offer the page's own mode where the gate has one; what the address asks for is chosen then. */
async function askModes() {
  let own = null;
  try {
    own = up ? (await gate.state()).mode : null;
  } catch {
    // A service without a gate trades on paper only.
  }
  const field = byId("mode");
  const offered = ["paper", ...(own in MODES && own !== "paper" ? [own] : [])];
  if ([...field.options].map((option) => option.value).join() === offered.join()) return;
  const chosen = new URLSearchParams(location.search).get("mode") ?? field.value;
  field.replaceChildren(...offered.map((mode) => el("option", { value: mode, title: MODES[mode] }, mode)));
  field.value = offered.includes(chosen) ? chosen : "paper";
  byId("mode-field").hidden = offered.length < 2;
  drawMode();
}

/** A wallet is of paper; another mode has the account's own. */
function drawMode() {
  const paper = byId("mode").value === "paper";
  for (const name of PAPER_ONLY) {
    byId(name).closest(".field").hidden = !paper;
    if (!paper) byId(name).value = "";
  }
}

async function ask() {
  try {
    run = (await get("/api/paper")).run;
    draw();
  } catch {
    // The shell says that the dashboard does not answer; what was shown stays.
  }
}

function draw() {
  const key = JSON.stringify(run);
  drawButtons();
  if (key === shown) return;
  shown = key;
  const state = byId("run-state");
  setText(state, run?.state ?? "none yet");
  state.dataset.run = run?.state ?? "";
  drawFacts();
  drawLog();
  drawScore();
}

function drawFacts() {
  const facts = run
    ? [["strategy", run.order.name], ["mode", run.order.mode], ["since", formatTime(run.started_ms), formatUtc(run.started_ms)], ["whole games", formatCount(run.games)],
      ["to play", run.order.games ? formatCount(run.order.games) : "until stopped"]]
    : [];
  byId("run-facts").hidden = !run;
  const over = run?.run_id && !ON.has(run.state);
  byId("run-drift").hidden = !over;
  if (over) byId("run-drift").replaceChildren("It is recorded. ", el("a", { href: `/actions/drift?run=${encodeURIComponent(run.run_id)}` }, "Compare it with its backtest"), ".");
  byId("run-facts").replaceChildren(...facts.map(([name, text, title = ""]) => el("div", { class: "figure" }, el("dt", {}, name), el("dd", { title, class: "truncate" }, text))));
}

function drawLog() {
  const box = byId("run-log");
  const lines = run ? [...run.lines].reverse() : [];
  box.hidden = !lines.length;
  box.replaceChildren(...lines.map((line) =>
    el("li", { class: "row", data: { kind: line.kind } }, el("span", { class: "num muted size-12", title: formatUtc(line.ts) }, formatTime(line.ts)), el("span", {}, line.text))));
}

const interval = ({ profit_low: low, profit_high: high }) => (low === null ? "" : `${formatSol(low, { sign: true })} to ${formatSol(high, { sign: true })}`);
const SCORE = [
  { label: "", cell: (row) => (row.who === "you" ? "the strategy" : row.who) },
  { label: "profit SOL", name: "num", cell: (row) => formatSol(row.profit, { sign: true }), title: (row) => formatSolExact(row.profit) },
  { label: "fair mean", name: "num", cell: (row) => formatSol(row.expected, { sign: true }), hint: "what such bets bring on average by the published odds" },
  { label: "paid in", name: "num", cell: (row) => formatSol(row.paid_in) },
  { label: "bets", name: "num", cell: (row) => formatNumber(row.bets, { digits: row.bets % 1 ? 1 : 0 }) },
  { label: "won", name: "num", cell: (row) => formatNumber(row.won, { digits: row.won % 1 ? 1 : 0 }) },
  { label: "middle 90 %", name: "num", cell: interval, hint: "of the profits of coins that bet as often for the same" },
];

function drawScore() {
  byId("run-score").replaceChildren(...(run?.score.length ? [table(SCORE, run.score, { caption: "Score card of the run" }), el("p", { class: "muted size-12 body-text" }, "Bets lose on average; a profit over few games is luck. What is held when a run ends stays in the account.")] : []));
}

function drawButtons() {
  const on = run !== null && ON.has(run.state);
  byId("start").disabled = acting || on || forbidden !== "" || up === null;
  byId("stop").disabled = acting || !on || run.state === "stopping";
  for (const field of byId("runner").elements) if (field.matches("select, input")) field.disabled = on;
  drawNote(on);
}

/** Why nothing can be started goes before what became of the last action. */
function drawNote(on) {
  const [text, level] = forbidden && !on ? [forbidden, "bad"] : said;
  setText(byId("runner-note"), text || "\u00a0");
  byId("runner-note").dataset.level = level;
}

function note(text, level = "") {
  said = [text, level];
  drawButtons();
}

/** Read the form; a field that is no number is marked and nothing is done. */
function order() {
  const told = NUMBERS.map((name) => [name, byId(name).value.trim()]).filter(([, text]) => text !== "");
  const wrong = told.filter(([, text]) => !Number.isFinite(Number(text))).map(([name]) => name);
  mark(wrong);
  if (!wrong.length) return { name: byId("name").value, mode: byId("mode").value, ...Object.fromEntries(told.map(([name, text]) => [name, Number(text)])) };
  note("Write numbers in the marked fields, or leave them empty.", "bad");
  return null;
}

function mark(wrong) {
  for (const name of ["name", "mode", ...NUMBERS]) byId(name).setAttribute("aria-invalid", String(wrong.includes(name)));
}

/** What an action was refused for, field by field where the service says so. */
function wordsOf({ message, advice, fields = {} }) {
  const told = Object.entries(fields).map(([name, reason]) => `${document.querySelector(`label[for='${CSS.escape(name)}']`)?.textContent ?? name}: ${reason}`);
  return told.length ? told.join(" ") : `${message} ${advice ?? ""}`.trim();
}

async function act(action, values) {
  acting = true;
  note(action === "start" ? "Starting…" : "Stopping; the score card takes a moment…");
  try {
    run = (await account("PAPER").act(action, values)).run;
    note("");
  } catch (error) {
    mark(Object.keys(error.fields ?? {}));
    note(wordsOf(error), "bad");
  }
  acting = false;
  draw();
}

byId("runner").addEventListener("submit", (event) => {
  event.preventDefault();
  const wanted = order();
  if (wanted) act("start", wanted);
});
byId("stop").addEventListener("click", () => act("stop", {}));
byId("runner").addEventListener("input", () => {
  const address = new URLSearchParams();
  drawMode();
  if (byId("mode").value !== "paper") address.set("mode", byId("mode").value);
  for (const name of ["name", ...NUMBERS]) if (byId(name).value.trim()) address.set(name, byId(name).value.trim());
  history.replaceState(null, "", `?${address}`);
});

async function fill() {
  const asked = new URLSearchParams(location.search);
  for (const name of NUMBERS) byId(name).value = asked.get(name) ?? "";
  await fillChoices(byId("name"), asked.get("name"), FIRST);
}

fill().catch(tell);
client.on("trade.gate", () => askModes());
trade.keys(shell);
trade.show(null);
poll(ask, ASK_MS);
