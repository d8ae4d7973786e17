// The tabs of one game: trades, sidebets, leaderboard over time, verification, gaps, raw events.

import { formatBytes, formatCount, formatDuration, formatPrice, formatSol, formatSolExact, formatTime, formatUtc } from "/static/sdk/format.js";
import { get } from "/static/ui/api.js";
import { el, emptyState, scrolling, svg } from "/static/ui/dom.js";
import { nameOf } from "/static/ui/names.js";
import { packetTree } from "/static/dash/json-tree.js";
import { load } from "/static/dash/load.js";
import { drawPager, table } from "/static/dash/table.js";

const SIDES = { BUY: "up", SELL: "down", SHORT_OPEN: "down", SHORT_CLOSE: "up" };
const SHOWN = 300;

const ms = (micros) => (micros === null || micros === undefined ? null : micros / 1000);
const sol = (text) => formatSol(text === null ? null : Number(text));
const exact = (text) => (text === null ? "not known" : formatSolExact(Number(text)));
const named = (row) => nameOf({ username: row.username, playerId: row.player_id });
const dash = (value) => (value === null || value === undefined || value === "" ? "—" : String(value));

const TRADES = [
  { label: "tick", name: "num", cell: (row) => dash(row.tick) },
  { label: "time", name: "num muted", cell: (row) => formatTime(ms(row.ts)), title: (row) => formatUtc(ms(row.ts)) },
  { label: "player", name: "who truncate", cell: (row) => (row.own ? el("strong", {}, "you") : named(row)), title: named },
  { label: "", cell: (row) => el("span", { class: SIDES[row.action] ?? "" }, row.action.replace("_", " ")) },
  { label: "SOL", name: "num", cell: (row) => sol(row.amount), title: (row) => exact(row.amount) },
  { label: "quantity", name: "num", cell: (row) => sol(row.qty), title: (row) => exact(row.qty) },
  { label: "price", name: "num", cell: (row) => formatPrice(row.price) },
  { label: "leverage", name: "num", cell: (row) => (row.leverage ? `${row.leverage}x` : "—") },
];

const BETS = [
  { label: "from", name: "num", cell: (row) => String(row.start_tick) },
  { label: "to", name: "num", cell: (row) => String(row.end_tick) },
  { label: "player", name: "who truncate", cell: (row) => (row.own ? "you" : named(row)), title: named },
  { label: "staked", name: "num", cell: (row) => sol(row.amount), title: (row) => exact(row.amount) },
  { label: "pays", name: "num", cell: (row) => (row.x_payout === null ? "—" : `${row.x_payout}x`) },
  { label: "outcome", cell: (row) => el("span", { class: "chip", data: { outcome: row.outcome } }, row.outcome) },
  { label: "paid out", name: "num", cell: (row) => sol(row.payout), title: (row) => exact(row.payout) },
  { label: "profit", name: "num", cell: (row) => (row.profit === null ? "—" : formatSol(Number(row.profit), { sign: true })), title: (row) => exact(row.profit) },
  { label: "settled at", name: "num", cell: (row) => dash(row.settle_tick) },
];

/** A table that shows its first rows and the rest when asked. */
function long(columns, rows, caption) {
  const box = scrolling(el("div", { class: "table-box tall-box" }, table(columns, rows.slice(0, SHOWN), { caption })), caption);
  if (rows.length <= SHOWN) return box;
  const more = el("button", { class: "button", type: "button" }, `Show all ${formatCount(rows.length)}`);
  more.addEventListener("click", () => box.replaceChildren(table(columns, rows, { caption })));
  box.append(el("div", { class: "row body-text" }, more));
  return box;
}

/** Trades of others and own ones, in order of time. */
function allTrades({ trades, own }) {
  const mine = own.map((deal) => ({ ...deal, own: true, username: null, player_id: deal.account, leverage: null }));
  return [...trades, ...mine].sort((a, b) => a.ts - b.ts);
}

function drawTrades(box, game) {
  const { trades_cut: cut } = game;
  const trades = allTrades(game);
  if (!trades.length) {
    box.replaceChildren(emptyState("No trade was recorded", "The feed shows a part of the trades; an import of prices has none."));
    return;
  }
  const note = cut ? el("p", { class: "muted body-text" }, `The first ${formatCount(trades.length)} of them; the download has all.`) : null;
  box.replaceChildren(...[note, long(TRADES, trades, "Trades")].filter(Boolean));
}

function drawBets(box, { sidebets }) {
  if (!sidebets.length) box.replaceChildren(emptyState("No sidebet was recorded", "Public sidebets show up where the feed told them."));
  else box.replaceChildren(long(BETS, sidebets, "Sidebets"));
}

function drawLeaders(box, { ticks, players }) {
  if (!players.length) {
    box.replaceChildren(emptyState("No leaderboard was recorded", "Recordings of the live feed have it; imports of prices do not."));
    return;
  }
  const columns = [
    { label: "#", name: "num muted", cell: (row) => String(row.rank) },
    { label: "player", name: "who truncate", cell: named, title: named },
    { label: "P&L over the game", name: "spark-cell", cell: (row) => spark(row.pnl) },
    { label: "lowest", name: "num", cell: (row) => formatSol(row.low, { sign: true }) },
    { label: "highest", name: "num", cell: (row) => formatSol(row.high, { sign: true }) },
    { label: "last told", name: "num", cell: (row) => el("span", { class: row.end > 0 ? "up" : row.end < 0 ? "down" : "" }, formatSol(row.end, { sign: true })) },
  ];
  const rows = players.map((player, at) => {
    const told = player.pnl.filter((value) => value !== null);
    return { ...player, rank: at + 1, low: Math.min(...told), high: Math.max(...told), end: told.at(-1) };
  });
  const note = `Ranked by the server at ${formatCount(ticks.length)} moments from tick ${ticks[0]} to ${ticks.at(-1)}, in SOL.`;
  box.replaceChildren(el("p", { class: "muted body-text" }, note), el("div", { class: "table-box" }, table(columns, rows, { caption: "Leaderboard over time" })));
}

function spark(values) {
  const told = values.filter((value) => value !== null);
  const [low, high] = [Math.min(0, ...told), Math.max(0, ...told)];
  const y = (value) => (20 - (18 * (value - low)) / (high - low || 1)).toFixed(1);
  const step = 160 / Math.max(1, values.length - 1);
  const points = values.map((value, at) => (value === null ? null : `${(at * step).toFixed(1)},${y(value)}`)).filter(Boolean);
  const zero = svg("line", { x1: 0, x2: 160, y1: y(0), y2: y(0) });
  const box = { viewBox: "0 0 160 22", class: "spark", "aria-hidden": "true" };
  return svg("svg", box, zero, svg("polyline", { points: points.join(" ") }));
}

const STATUS = {
  verified: ["✓", "up no-shape", "Verified: every recorded price is what the revealed seed gives."],
  failed: ["✗", "down no-shape", "Failed: something recorded is not what the seed gives."],
  incomplete: ["–", "muted", "Incomplete: it cannot be verified from what was recorded."],
};

function drawVerification(box, checks, { game }) {
  const { facts } = game;
  const check = checks[0] ?? { status: "incomplete", reason: "the seed is not recorded", mismatches: [] };
  const [mark, tone, words] = STATUS[check.status];
  const seen = facts.commitment_seen_at;
  const before = check.seconds_before === null || check.seconds_before === undefined ? "" : `, ${formatDuration(check.seconds_before * 1000)} before the outcome`;
  const lines = [
    ["version", dash(facts.game_version)],
    ["hash published", code(facts.server_seed_hash)],
    ["hash first recorded", seen === null ? "not seen before the game ended" : `${formatUtc(ms(seen))}${before}`],
    ["seed revealed", code(facts.server_seed)],
    ["prices compared", formatCount(check.compared ?? 0)],
    ["commitment", check.commitment ?? "not seen"],
    ["as a command", code(`vectra-player verify ${facts.game_id}`)],
  ];
  const facing = lines.flatMap(([name, value]) => [el("dt", {}, name), el("dd", {}, value)]);
  const wrong = (check.mismatches ?? []).map((each) => el("li", {}, `${each.check}: ${each.reason}`));
  box.replaceChildren(
    el("div", { class: "body stack" },
      el("p", { class: "verdict" }, el("strong", { class: tone }, mark), ` ${words}`, check.reason ? ` (${check.reason})` : ""),
      wrong.length ? el("ul", { class: "stack" }, ...wrong) : null,
      el("dl", { class: "facts" }, ...facing)),
  );
}

const code = (text) => (text ? el("code", { class: "wrapped" }, text) : "—");

function drawGaps(box, { gaps, facts, prices }) {
  const holes = [];
  prices.forEach((price, tick) => {
    if (price !== null) return;
    if (holes.length && holes.at(-1)[1] === tick - 1) holes.at(-1)[1] = tick;
    else holes.push([tick, tick]);
  });
  const lines = [
    ...holes.map(([from, to]) => el("li", {}, el("span", { class: "num" }, from === to ? `tick ${from}` : `ticks ${from}–${to}`), el("span", {}, "nobody recorded these prices"))),
    ...gaps.map((gap) => el("li", {}, el("span", { class: "muted num", title: formatUtc(ms(gap.ts)) }, formatTime(ms(gap.ts))), el("span", {}, `${gap.kind} ${gap.detail}`))),
  ];
  const intro = el("p", { class: "muted body-text" }, `Recorded in ${facts.sessions.length} session${facts.sessions.length === 1 ? "" : "s"}: ${facts.sessions.join(", ")}`);
  if (!lines.length) box.replaceChildren(intro, emptyState("No gap", "Every price of this game is known and its sessions were not cut."));
  else box.replaceChildren(intro, el("ul", { class: "list" }, ...lines));
}

const EVENTS = [
  { label: "seq", name: "num muted", cell: (row) => String(row.seq) },
  { label: "time", name: "num", cell: (row) => formatTime(ms(row.ts)), title: (row) => formatUtc(ms(row.ts)) },
  { label: "", cell: (row) => (row.direction === "sent" ? "↑" : "↓"), title: (row) => row.direction },
  { label: "event", cell: (row) => row.name },
  { label: "size", name: "num", cell: (row) => formatBytes(row.size_bytes) },
  { label: "as recorded", name: "raw-cell", cell: packetTree },
];

function drawEvents(box, told, { path }) {
  if (!told.total) {
    box.replaceChildren(emptyState("No packet names this game", "Its prices came from another game's history."));
    return;
  }
  const pager = el("nav", { class: "pager", "aria-label": "Pages of events" });
  drawPager(pager, told, (page) => load(box, () => get(`${path}/events?page=${page}`), (next) => drawEvents(box, next, { path })));
  box.replaceChildren(el("div", { class: "table-box" }, table(EVENTS, told.events, { caption: "Packets" })), pager);
}

const given = (path, game) => Promise.resolve(game);

/** The tabs: `ask(path, game)` gives what `draw(box, data, {path, game})` shows. */
export const PANELS = [
  { id: "trades", label: "Trades", count: (game) => game.trades.length + game.own.length, ask: given, draw: drawTrades },
  { id: "sidebets", label: "Sidebets", count: (game) => game.sidebets.length, ask: given, draw: drawBets },
  { id: "leaders", label: "Leaderboard", ask: (path) => get(`${path}/leaders`), draw: drawLeaders },
  { id: "verification", label: "Verification", ask: (path, game) => get(`/api/verify?games=${encodeURIComponent(game.facts.game_id)}`), draw: drawVerification },
  { id: "gaps", label: "Gaps", ask: given, draw: drawGaps },
  { id: "events", label: "Raw events", ask: (path) => get(`${path}/events`), draw: drawEvents },
];
