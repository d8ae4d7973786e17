// The leaderboard over time and who trades how.

import { FoundationWSClient } from "/artifacts/shared/foundation-ws-client.js";
import { formatCount, formatGameId, formatSol, formatTime } from "/artifacts/shared/format.js";
import { mountShell } from "/static/shell.js";
import { byId, el, emptyState, setText, svg } from "/static/ui/dom.js";
import { Leaderboard } from "/static/ui/leaderboard.js";
import { nameOf } from "/static/ui/names.js";
import { Race, lookOf } from "./race.js";
import { Traders } from "./traders.js";

const SHOWN = 100;
const REDRAW_MS = 500;
const HEADS = [
  ["player", ""], ["level", "num"], ["seen in games", "num"], ["buys", "num"], ["sells", "num"],
  ["bought SOL", "num"], ["sold SOL", "num"], ["mean entry tick", "num"], ["last", "num"],
];

const address = new URLSearchParams(location.search);
const client = new FoundationWSClient({ replay: address.get("replay") });
const shell = mountShell({ page: "tools", title: "Player watch" });
const race = new Race(byId("race"));
const leaders = new Leaderboard(byId("leaders"));
const traders = new Traders();
let dirty = true;

byId("search").value = address.get("player") ?? "";

function swatch(index) {
  const { colour, dash } = lookOf(index);
  const line = svg("line", { x1: 0, y1: 2, x2: 20, y2: 2, stroke: colour, "stroke-width": 2, "stroke-dasharray": dash.join(" ") });
  return svg("svg", { "aria-hidden": "true" }, line);
}

function drawRace(state) {
  setText(byId("game"), formatGameId(state.gameId));
  race.draw();
  const items = race.shown().map((player, index) => {
    const pnl = formatSol(player.entry.pnl, { sign: true });
    return el("li", {}, swatch(index), el("span", { class: "truncate who" }, nameOf(player.entry)), el("span", { class: "num" }, pnl));
  });
  byId("legend").replaceChildren(...(items.length ? items : [el("li", { class: "muted" }, "Nobody has a position yet.")]));
}

function traderRow(player) {
  const entry = player.entries ? player.entryTicks / player.entries : null;
  const cells = [
    formatCount(player.level), formatCount(player.games.size), formatCount(player.buys), formatCount(player.sells),
    formatSol(player.bought), formatSol(player.sold), formatCount(entry), formatTime(player.last),
  ];
  return el(
    "tr",
    { data: { player: player.id } },
    el("td", { class: "who truncate", title: player.name }, player.name),
    ...cells.map((text) => el("td", { class: "num" }, text)),
  );
}

function drawTraders() {
  const found = traders.list(byId("search").value).slice(0, SHOWN);
  if (!found.length) {
    byId("who").replaceChildren(emptyState("Nobody seen trading yet", "Trades appear here as the feed tells them."));
    return;
  }
  const head = el("tr", {}, ...HEADS.map(([text, name]) => el("th", { class: name, scope: "col" }, text)));
  byId("who").replaceChildren(el("table", {}, el("thead", {}, head), el("tbody", {}, ...found.map(traderRow))));
}

client.on("game.tick", (message, state) => {
  if (message.data.active === true && Array.isArray(message.data.leaderboard) && Number.isInteger(state.tick)) {
    race.take(state.gameId, state.tick, message.data.leaderboard);
  }
});
client.on("player.trade", (message) => {
  traders.take(message.data, nameOf(message.data), message.ts);
  dirty = true;
});
client.on("replay.status", () => {
  dirty = true;
});
client.store.render((state) => leaders.show(state.leaderboard, state.own.playerId));
byId("search").addEventListener("input", () => {
  const player = byId("search").value.trim();
  if (player) address.set("player", player);
  else address.delete("player");
  history.replaceState(null, "", address.size ? `?${address}` : location.pathname);
  drawTraders();
});
setInterval(() => {
  if (document.hidden) return;
  drawRace(client.state);
  if (dirty) drawTraders();
  dirty = false;
}, REDRAW_MS);
shell.follow(client);
client.connect();
