// The monitor page: joins the feed, asks the state, and switches between live and a replay.

import { FoundationWSClient } from "/static/sdk/foundation-ws-client.js";
import { mountShell } from "/static/shell.js";
import { get, poll, post } from "/static/ui/api.js";
import { byId, el, errorState } from "/static/ui/dom.js";
import { Leaderboard } from "/static/ui/leaderboard.js";
import { TradeTape } from "/static/ui/tape.js";
import { GamePanel } from "/static/monitor/game-panel.js";
import { GamesPanel, SHOWN } from "/static/monitor/games-panel.js";
import { HealthPanel } from "/static/monitor/health-panel.js";
import { Picker } from "/static/monitor/picker.js";
import { ReplayBar } from "/static/monitor/replay-bar.js";
import { TradePanel } from "/static/monitor/trade-panel.js";

const ASK_MS = 1_000;

const asked = new URLSearchParams(location.search);
const client = new FoundationWSClient({ replay: asked.get("replay") || null });
const shell = mountShell({ page: asked.get("replay") ? "replay" : "monitor", title: "Monitor" });
const game = new GamePanel(client.store);
const games = new GamesPanel(openReplay);
const leaders = new Leaderboard(byId("leaders"));
const tape = new TradeTape(byId("tape"), { rows: 40 });
const picker = new Picker(openReplay);
const trade = new TradePanel(client);
const health = new HealthPanel({ shell, asked: ask });
const bar = new ReplayBar({ left: () => goLive(), failed: (error) => fail(error.message, error.advice) });

function fail(message, advice = "", action = null) {
  byId("fault").replaceChildren(errorState(message, advice, action));
}

function settled() {
  byId("fault").replaceChildren();
}

function action(text, call) {
  return el("button", { class: "button", type: "button", on: { click: call } }, text);
}

/** Put what is shown into the address, so that it can be kept and come back to. */
function address(replay, gameId) {
  const wanted = new URLSearchParams(replay ? { replay, game: gameId ?? "" } : {});
  return wanted.size ? `/?${wanted}` : "/";
}

async function openReplay(gameId) {
  const note = el("p", { class: "muted body-text", role: "status" }, "Opening the replay: its events are being read…");
  byId("fault").replaceChildren(note);
  try {
    const { id } = await post("/api/replay", { game_id: gameId });
    history.pushState(null, "", address(id, gameId));
    show(id);
  } catch (error) {
    fail(error.message, error.advice, action("Choose another game", () => picker.open()));
  }
}

function goLive() {
  history.pushState(null, "", address(null));
  show(null);
}

/** Show a stream: a replay by its id, or null for the main feed. */
function show(replay) {
  settled();
  tape.clear();
  bar.draw(null);
  trade.show(replay);
  client.switchTo(replay);
  client.connect(); // a stream that ended for good is left by this only
  if (replay) askReplay(replay);
  for (const tab of document.querySelectorAll(".tabs .tab")) {
    const here = tab.getAttribute("href") === (replay ? "/?replay=" : "/");
    if (here) tab.setAttribute("aria-current", "page");
    else tab.removeAttribute("aria-current");
  }
}

/** Learn where a replay stands: one that is paused says nothing by itself. */
async function askReplay(replay) {
  const known = client.state.replay;
  try {
    const found = (await get("/api/replay")).find((status) => status.id === replay);
    const news = client.replay === replay && client.state.replay === known; // else the feed told later
    if (found && news) client.store.set({ replay: found });
  } catch (error) {
    fail(error.message, error.advice);
  }
}

/** A replay that is no more: offer it again. */
function missing({ state, reason }) {
  if (state !== "ended" || client.replay === null) return;
  const gameId = new URLSearchParams(location.search).get("game");
  const again = gameId
    ? action("Open it again", () => openReplay(gameId))
    : action("Choose a game", () => picker.open());
  fail("This replay is not open any more.", reason, again);
  bar.draw(null);
}

let loggedOut = false;

async function ask() {
  try {
    const told = await get("/api/state");
    health.draw(told, client.state);
    if (loggedOut) {
      loggedOut = false;
      settled();
      trade.ask();
      askGames();
    }
  } catch (error) {
    health.lost();
    if (error.status !== 401 || loggedOut) return;
    loggedOut = true;
    fail(error.message, error.advice);
  }
}

async function askGames() {
  try {
    games.told(await get(`/api/games?limit=${SHOWN}`));
  } catch {
    games.told([]); // those the feed tells are shown all the same
  }
  games.draw(client.state);
}

client.store.render((state) => {
  game.draw(state);
  games.draw(state);
  leaders.show(state.leaderboard, state.own.playerId);
  bar.draw(state.mode === "REPLAY" ? state.replay : null);
});
client.on("snapshot", (message) => tape.reset(message.data.trades ?? []));
client.on("player.trade", (message) => tape.add({ ...message.data, ts: message.ts }));
client.onConnectionChange(missing);

shell.follow(client);
shell.key("r", "Start or stop recording", () => health.toggle());
shell.key("o", "Open a replay", () => picker.open());
bar.keys(shell);
trade.keys(shell);
trade.show(client.replay);
addEventListener("popstate", () => show(new URLSearchParams(location.search).get("replay") || null));

client.connect();
if (client.replay) askReplay(client.replay);
poll(ask, ASK_MS);
askGames();
if (asked.has("replay") && !asked.get("replay")) picker.open();
