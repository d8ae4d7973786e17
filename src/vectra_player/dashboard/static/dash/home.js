// The home page: the live game while foundation runs, and what the store holds in any case.

import { FoundationWSClient } from "/static/sdk/foundation-ws-client.js";
import { formatBytes, formatCount, formatGameId, formatLatency, formatRate } from "/static/sdk/format.js";
import { mountShell } from "/static/shell.js";
import { get, poll } from "/static/ui/api.js";
import { byId, el, emptyState, setText } from "/static/ui/dom.js";
import { Leaderboard } from "/static/ui/leaderboard.js";
import { TradeTape } from "/static/ui/tape.js";
import { GamePanel } from "/static/monitor/game-panel.js";
import { drawCoverage } from "/static/dash/coverage.js";
import { LiveShell } from "/static/dash/live-shell.js";
import { refresh } from "/static/dash/load.js";
import { miniCard } from "/static/dash/mini.js";
import { SHORT_COLUMNS, noSession } from "/static/dash/sessions-table.js";
import { table } from "/static/dash/table.js";
import { counted } from "/static/dash/words.js";

const STORE_MS = 15_000;
const SETTLED_MS = 3_000;
const SHOWN = 20;
const SESSIONS = 6;

const shell = mountShell({ page: "home" });
const client = new FoundationWSClient();
const live = new LiveShell(shell, { client, askMs: 1_000 });
const game = new GamePanel(client.store);
const leaders = new Leaderboard(byId("leaders"));
const tape = new TradeTape(byId("tape"), { rows: 12 });
const checks = new Map();
let running = false;
let last = null;
let covered = null;
let verifying = false;

client.store.render((state) => {
  if (!running) return;
  game.draw(state);
  leaders.show(state.leaderboard, state.own.playerId);
});
client.on("snapshot", (message) => tape.reset(message.data.trades ?? []));
client.on("player.trade", (message) => tape.add({ ...message.data, ts: message.ts }));

const FIGURES = [
  ["rate", ({ recorder }) => formatRate(recorder.events_per_s)],
  ["lag", ({ recorder }) => formatLatency(recorder.lag_ms)],
  ["durable", ({ recording }) => (recording.durable_seq ? `#${formatCount(recording.durable_seq)}` : "—")],
  ["events", ({ recording }) => formatCount(recording.events)],
  ["games", ({ recording }) => formatCount(recording.games)],
  ["gaps", ({ recording }) => formatCount(recording.gaps)],
  ["disk free", ({ recorder }) => formatBytes(recorder.disk_free_bytes)],
  ["clients", ({ feed }) => formatCount(feed.clients)],
];
const cells = FIGURES.map(([name]) => el("dd", { data: { figure: name } }, "—"));
byId("health").append(...FIGURES.map(([name], at) => el("div", { class: "figure" }, el("dt", {}, name), cells[at])));

live.on(({ running: up, state }) => {
  running = up;
  byId("live").dataset.live = String(up);
  drawNext();
  if (!up) return;
  FIGURES.forEach(([, write], at) => setText(cells[at], write(state)));
  cells[5].classList.toggle("rug", state.recording.gaps > 0);
  const { recording, source, session_id: session } = state.recording;
  setText(byId("recorder-note"), recording ? `Source ${source}, session ${formatGameId(session)}.` : `Source ${source}. The feed runs; nothing is being stored.`);
});

/** Say what to do while there is nothing to see. */
function drawNext() {
  const box = byId("next");
  box.hidden = running || covered?.sessions !== 0;
  if (box.hidden || box.childElementCount) return;
  const step = (title, text, action) => el("li", { class: "step" }, el("h3", {}, title), el("p", { class: "muted" }, text), action);
  box.append(
    el("header", {}, el("h2", {}, "Nothing is recorded yet")),
    el("ol", { class: "steps body" },
      step("Try it", "A built-in game server plays provably fair rounds; everything works as on the real site.", el("code", {}, "vectra-player up")),
      step("Record the real game", "In a browser of its own; you log in there yourself.", el("code", {}, "vectra-player up --source chrome")),
      step("Bring recordings in", "Captures and exports, as JSON lines or Parquet.", el("a", { class: "button primary", href: "/recording#import" }, "Import files"))),
  );
}

function drawDays(told) {
  covered = told;
  drawNext();
  setText(byId("totals"), `${counted(told.sessions, "session")} · ${counted(told.events, "event")}`);
  drawCoverage(told.days, shownYear());
}

function drawSessions({ sessions }) {
  byId("sessions").replaceChildren(sessions.length ? table(SHORT_COLUMNS, sessions, { caption: "Last sessions" }) : noSession());
}

const shownYear = () => Number(byId("years").querySelector("[aria-pressed='true']")?.textContent) || null;

function drawHome(told) {
  last = told;
  drawGames(told.games);
  verify();
}

function drawGames(games) {
  const box = byId("games");
  if (!games.length) {
    box.replaceChildren(emptyState("No finished game yet", running ? "The next rug puts the first one here, once it is filed." : "Record or import some."));
    return;
  }
  const key = games.map((each) => `${each.game_id}${checks.get(each.game_id)?.status ?? ""}`).join();
  if (box.dataset.key === key && box.querySelector(".mini")) return;
  box.dataset.key = key;
  box.replaceChildren(...games.map((each) => miniCard(each, checks.get(each.game_id))));
  const passed = games.filter((each) => checks.get(each.game_id)?.status === "verified").length;
  setText(byId("games-note"), passed ? `${formatCount(passed)} ✓ recomputed from their seeds` : "");
}

/** Have the games that are not checked yet compared with their seeds; one question at a time. */
async function verify() {
  const ids = last.games.filter((each) => each.has_seed && !checks.has(each.game_id)).map((each) => each.game_id);
  if (verifying || !ids.length) return;
  verifying = true;
  try {
    for (const check of await get(`/api/verify?games=${ids.map(encodeURIComponent).join(",")}`)) checks.set(check.game_id, check);
    drawGames(last.games);
  } catch {
    // The marks stay away; the next look asks again.
  }
  verifying = false;
}

/** Ask for the parts of the store; each is shown as soon as it is there. */
function ask() {
  const keep = { again: ask };
  refresh(byId("games"), () => get(`/api/home?games=${SHOWN}`), drawHome, { rows: 3, ...keep });
  refresh(byId("coverage"), () => get("/api/coverage"), drawDays, { rows: 3, ...keep });
  refresh(byId("sessions"), () => get(`/api/sessions?size=${SESSIONS}`), drawSessions, { rows: 5, ...keep });
}

let settling = null;
client.on("game.settled", () => {
  settling ??= setTimeout(() => {
    settling = null;
    ask();
  }, SETTLED_MS);
});
poll(async () => ask(), STORE_MS);
