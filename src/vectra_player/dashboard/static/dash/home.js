// The home page: the live game while foundation runs, and what the store holds in any case.

import { FoundationWSClient } from "/static/sdk/foundation-ws-client.js";
import { formatBytes, formatCount, formatGameId, formatLatency } from "/static/sdk/format.js";
import { mountShell } from "/static/shell.js";
import { get, poll } from "/static/ui/api.js";
import { byId, el, emptyState, setText } from "/static/ui/dom.js";
import { Leaderboard } from "/static/ui/leaderboard.js";
import { TradeTape } from "/static/ui/tape.js";
import { GamePanel } from "/static/monitor/game-panel.js";
import { drawCoverage } from "/static/dash/coverage.js";
import { LiveShell } from "/static/dash/live-shell.js";
import { load } from "/static/dash/load.js";
import { miniCard } from "/static/dash/mini.js";
import { SHORT_COLUMNS } from "/static/dash/sessions-table.js";
import { table } from "/static/dash/table.js";

const STORE_MS = 15_000;
const SHOWN = 20;

const shell = mountShell({ page: "home" });
const client = new FoundationWSClient();
const live = new LiveShell(shell, { client, askMs: 1_000 });
const game = new GamePanel(client.store);
const leaders = new Leaderboard(byId("leaders"));
const tape = new TradeTape(byId("tape"), { rows: 12 });
const checks = new Map();
let running = false;
let last = null;

client.store.render((state) => {
  if (!running) return;
  game.draw(state);
  leaders.show(state.leaderboard, state.own.playerId);
});
client.on("snapshot", (message) => tape.reset(message.data.trades ?? []));
client.on("player.trade", (message) => tape.add({ ...message.data, ts: message.ts }));

const FIGURES = [
  ["rate", ({ recorder }) => (recorder.events_per_s === undefined ? "—" : `${recorder.events_per_s.toFixed(1)}/s`)],
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
  const empty = last?.empty === true;
  box.hidden = running || !empty;
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

function drawStore(told) {
  last = told;
  drawNext();
  setText(byId("totals"), `${formatCount(told.sessions_total)} sessions · ${formatCount(told.games_total)} games · ${formatCount(told.events)} events`);
  drawGames(told.games);
  drawCoverage(told.days, shownYear());
  const none = () => el("p", { class: "muted body-text" }, "No session yet.");
  byId("sessions").replaceChildren(told.sessions.length ? table(SHORT_COLUMNS, told.sessions, { caption: "Last sessions" }) : none());
}

const shownYear = () => Number(byId("years").querySelector("[aria-pressed='true']")?.textContent) || null;

function drawGames(games) {
  const box = byId("games");
  if (!games.length) {
    box.replaceChildren(emptyState("No finished game yet", running ? "The next rug puts the first one here, once it is filed." : "Record or import some."));
    return;
  }
  const key = games.map((each) => `${each.game_id}${checks.get(each.game_id)?.status ?? ""}`).join();
  if (box.dataset.key === key) return;
  box.dataset.key = key;
  box.replaceChildren(...games.map((each) => miniCard(each, checks.get(each.game_id))));
  const passed = games.filter((each) => checks.get(each.game_id)?.status === "verified").length;
  setText(byId("games-note"), passed ? `${formatCount(passed)} ✓ recomputed from their seeds` : "");
  verify(games.filter((each) => each.has_seed && !checks.has(each.game_id)).map((each) => each.game_id));
}

async function verify(ids) {
  if (!ids.length) return;
  try {
    for (const check of await get(`/api/verify?games=${ids.map(encodeURIComponent).join(",")}`)) checks.set(check.game_id, check);
    drawGames(last.games);
  } catch {
    // The marks stay away; the next look asks again.
  }
}

const holder = byId("games");
async function ask() {
  if (last === null) {
    await load(holder, () => get(`/api/home?games=${SHOWN}`), drawStore, { rows: 3, again: ask });
    return;
  }
  try {
    drawStore(await get(`/api/home?games=${SHOWN}`));
  } catch {
    // What was shown stays; the shell says that the service does not answer.
  }
}
client.on("game.settled", () => setTimeout(ask, 2_000));
poll(ask, STORE_MS);
