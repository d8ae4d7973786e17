// Sidebets: what one is worth, which ones run, and what those settled returned.

import { FoundationWSClient } from "/artifacts/shared/foundation-ws-client.js";
import { formatCount, formatCountdown, formatGameId, formatSol, formatSolExact, formatTime, formatUtc, put } from "/artifacts/shared/format.js";
import { mountShell } from "/static/shell.js";
import { get } from "/static/ui/api.js";
import { byId, el, emptyState, errorState, setText, svg } from "/static/ui/dom.js";
import { Bets, luckOf, sumsOf } from "./bets.js";
import { honest, percent, worth } from "./words.js";

const LANES = 8;
const SHOWN = 200;
const ASKED_AT = [0, 100, 500];
const SUMS = ["bets", "won", "staked SOL", "returned SOL", "result"];
const HEADS = [["time", ""], ["game", ""], ["player", ""], ["stake", "num"], ["window", "num"], ["result", ""], ["profit", "num"]];

const address = new URLSearchParams(location.search);
const client = new FoundationWSClient({ replay: address.get("replay") });
const shell = mountShell({ page: "tools", title: "Sidebet desk" });
const bets = new Bets();
const lanes = Array.from({ length: LANES }, laneOf);
const sums = new Map(SUMS.map((name) => [name, el("dd", {}, "—")]));
let odds = null;
let who = address.get("who") === "own" ? "own" : "all";
let dirty = true;

function laneOf() {
  const parts = { who: el("span", { class: "truncate" }), stake: el("span", { class: "num stake" }), bar: el("i"), left: el("span", { class: "num right" }) };
  const row = el("div", { class: "window", hidden: true }, parts.who, parts.stake, el("div", { class: "lane" }, parts.bar), parts.left);
  return { row, ...parts };
}

function keepAddress(name, value, usual) {
  if (value === usual) address.delete(name);
  else address.set(name, value);
  history.replaceState(null, "", address.size ? `?${address}` : location.pathname);
}

/** Seconds that ticks take at the usual pace of the game. */
const seconds = (ticks) => formatCountdown(ticks * odds.tick_ms);

function drawOdds() {
  put(byId("chance"), percent(odds.win_chance));
  put(byId("needed"), percent(odds.break_even_chance));
  put(byId("value"), percent(odds.expected_value));
  put(byId("pays"), `${odds.payout_multiple}x`, "of the stake, which it includes");
  setText(byId("plain"), worth(odds));
  drawReach();
}

function drawReach() {
  const reach = Number(byId("reach").value);
  setText(byId("reach-told"), String(reach));
  const last = Number(byId("reach").max);
  const points = odds.rug_within.slice(0, last + 1).map((chance, n) => `${n},${(100 * (1 - chance)).toFixed(2)}`);
  const told = `Within ${reach} ticks: ${percent(odds.rug_within[reach])}`;
  const picture = svg(
    "svg", { viewBox: `0 -2 ${last} 104`, preserveAspectRatio: "none", role: "img", "aria-label": told },
    svg("line", { x1: odds.window_ticks, x2: odds.window_ticks, y1: 0, y2: 100 }),
    svg("polyline", { points: points.join(" ") }),
    svg("line", { class: "at", x1: reach, x2: reach, y1: 0, y2: 100 }),
  );
  byId("curve").replaceChildren(picture);
  drawSame();
}

function drawSame() {
  const chance = percent(odds.rug_within[Number(byId("reach").value)]);
  const { tick } = client.state;
  const asked = [["now", tick === null ? "now" : `${formatCount(tick)} (now)`], ...ASKED_AT.map((at) => [at, formatCount(at)])];
  const body = byId("same");
  if (body.rows.length !== asked.length) {
    body.replaceChildren(...asked.map(() => el("tr", {}, el("td"), el("td", { class: "num" }))));
  }
  asked.forEach(([, text], index) => {
    setText(body.rows[index].cells[0], text);
    setText(body.rows[index].cells[1], chance);
  });
}

function drawOwn(bet, tick) {
  const told = byId("own-told");
  const meter = byId("own-meter");
  if (!bet) {
    setText(told, "None is open.");
    setText(byId("own-left"), "\u00a0");
    meter.style.transform = "scaleX(0)";
    return;
  }
  const left = Math.max(0, bet.endTick - (tick ?? bet.startTick));
  setText(told, `${formatSol(bet.amount)} ${bet.practice ? "practice" : "SOL"}, ticks ${bet.startTick} to ${bet.endTick}`);
  setText(byId("own-left"), `${left} ticks left, about ${seconds(left)}`);
  meter.style.transform = `scaleX(${left / odds.window_ticks})`;
}

function drawWindows(running, tick) {
  lanes.forEach(({ row, who: name, stake, bar, left }, index) => {
    const bet = running[index];
    row.hidden = !bet;
    if (!bet) return;
    const ticks = Math.max(0, bet.endTick - (tick ?? bet.startTick));
    row.classList.toggle("is-own", bet.own);
    setText(name, bet.own ? "you" : bet.name);
    name.title = bet.name;
    put(stake, formatSol(bet.amount), formatSolExact(bet.amount));
    bar.style.transform = `scaleX(${Math.min(1, ticks / odds.window_ticks)})`;
    left.replaceChildren(`${ticks} ticks`, el("span", { class: "seconds muted" }, `  ${seconds(ticks)}`));
  });
  const more = running.length - LANES;
  setText(byId("windows-told"), running.length ? `${running.length} open${more > 0 ? `, ${more} not shown` : ""}` : "none open");
  byId("windows-none").hidden = running.length > 0;
  byId("windows").dataset.open = String(running.length);
}

function drawSums(settled) {
  const found = sumsOf(settled);
  const result = found.staked ? found.returned / found.staked - 1 : null;
  put(sums.get("bets"), formatCount(found.bets));
  put(sums.get("won"), found.bets ? `${formatCount(found.won)} · ${percent(found.won / found.bets)}` : "—");
  for (const [name, amount] of [["staked SOL", found.staked], ["returned SOL", found.returned]]) {
    const known = found.bets ? amount : null;
    put(sums.get(name), formatSol(known), formatSolExact(known));
  }
  put(sums.get("result"), percent(result, { sign: true }));
  setText(byId("honest"), honest(found, luckOf(settled, odds), odds));
}

function rowOf(bet) {
  const unit = bet.practice ? " practice" : "";
  return el(
    "tr",
    { class: bet.own ? "is-own" : "", data: { bet: bet.key } },
    el("td", { class: "muted", title: formatUtc(bet.ts) }, formatTime(bet.ts)),
    el("td", { class: "muted", title: bet.gameId }, formatGameId(bet.gameId)),
    el("td", { class: "who truncate", title: bet.name }, bet.own ? "you" : bet.name),
    el("td", { class: "num", title: formatSolExact(bet.amount) }, formatSol(bet.amount) + unit),
    el("td", { class: "num" }, `${bet.startTick}–${bet.endTick}`),
    el("td", { class: bet.won ? "won" : "lost" }, bet.won ? "✓ won" : "lost"),
    el("td", { class: "num", title: formatSolExact(bet.profit) }, formatSol(bet.profit, { sign: true })),
  );
}

function drawHistory() {
  const settled = bets.settled({ own: who === "own" });
  drawSums(settled);
  for (const chip of document.querySelectorAll("[data-who]")) chip.setAttribute("aria-pressed", String(chip.dataset.who === who));
  const box = byId("history");
  box.dataset.bets = String(settled.length);
  if (!settled.length) {
    const advice = who === "own" ? "Yours appear here when the server settles them." : "They come with the reveal of each game, at its end.";
    box.replaceChildren(emptyState("No settled bet yet", advice));
    return;
  }
  const head = el("tr", {}, ...HEADS.map(([text, name]) => el("th", { class: name, scope: "col" }, text)));
  box.replaceChildren(el("table", {}, el("thead", {}, head), el("tbody", {}, ...settled.slice(0, SHOWN).map(rowOf))));
}

function draw(state) {
  setText(byId("phase"), state.phase);
  byId("phase").dataset.phase = state.phase;
  setText(byId("moment"), state.tick === null ? "" : `tick ${formatCount(state.tick)}`);
  if (odds === null) return;
  const running = bets.running(state.gameId, state.tick);
  drawOwn(running.find((bet) => bet.own), state.tick);
  drawWindows(running, state.tick);
  drawSame();
  if (dirty) drawHistory();
  dirty = false;
}

function choose(wanted) {
  who = wanted;
  keepAddress("who", who, "all");
  dirty = true;
  draw(client.state);
}

async function start() {
  try {
    odds = await get("/api/odds");
    byId("reach").value = address.get("within") ?? String(odds.window_ticks);
    drawOdds();
    draw(client.state);
  } catch (error) {
    const again = el("button", { class: "button", type: "button", on: { click: () => location.reload() } }, "Try again");
    byId("fault").replaceChildren(errorState(error.message, error.advice, again));
  }
}

client.on("snapshot", (message, state) => {
  bets.jumped();
  dirty = true;
  const { sidebet } = state.own;
  if (sidebet) bets.placed({ ...sidebet, betAmount: sidebet.amount, username: state.own.username }, { own: true });
  bets.ranked(state.leaderboard ?? [], state.own.playerId);
});
client.on("sidebet.placed", ({ data, ts }) => bets.placed(data, { own: data.own === true, ts }));
client.on("sidebet.result", ({ data, ts }) => {
  bets.result(data, { own: data.own === true, ts });
  dirty = true;
});
client.on("game.tick", ({ data }, state) => {
  if (Array.isArray(data.leaderboard)) bets.ranked(data.leaderboard, state.own.playerId);
  if (!Array.isArray(data.gameHistory)) return;
  bets.revealed(data.gameHistory, state.own.playerId);
  dirty = true;
});
for (const [name, value] of sums) byId("sums").append(el("div", { class: "figure" }, el("dt", {}, name), value));
byId("windows").append(
  el("div", { class: "window axis", "aria-hidden": "true" }, el("span", {}, "player"), el("span", { class: "stake right" }, "SOL"), el("div", { class: "lane" }, el("span", {}, "now"), el("span", {}, "+20"), el("span", {}, "+40 ticks")), el("span", { class: "right" }, "left")),
  el("p", { class: "muted size-12", id: "windows-none" }, "No bet is known to be open."),
  ...lanes.map((lane) => lane.row),
);
for (const chip of document.querySelectorAll("[data-who]")) chip.addEventListener("click", () => choose(chip.dataset.who));
byId("reach").addEventListener("input", () => {
  keepAddress("within", byId("reach").value, String(odds.window_ticks));
  drawReach();
});
shell.key("b", "Your bets only, or all", () => choose(who === "own" ? "all" : "own"));
client.store.render(draw);
shell.follow(client);
client.connect();
start();
