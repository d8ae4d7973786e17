// Draws the state. Called once a screen refresh at most, and only when something changed.
import { drawChart, drawSpark } from "./chart.js";
import { label } from "./controls.js";
import { el, say, show, signed, sol3 } from "./dom.js";
import { drawCarousel, drawCoin, drawTab } from "./modes.js";
import { parts } from "./parts.js";
import { drawSidebet } from "./sidebet.js";
import { state } from "./state.js";
import { placeToasts } from "./toast.js";

const ROWS = 10;
let rows = [];
let stripShown = "";
let chatShown = 0;

const leaderboardRow = () => {
  const cells = { rank: el("span.rank"), name: el("span.name"), pnl: el("span.pnl"), coin: el("i.coin"), percent: el("span.percent") };
  const node = el("div.leaderboard-row", {}, cells.rank, cells.name, cells.pnl, cells.coin, cells.percent);
  return { node, ...cells };
};

const drawLeaderboard = () => {
  if (!rows.length) {
    rows = Array.from({ length: ROWS }, leaderboardRow);
    parts.leaderboard.append(...rows.map((row) => row.node));
  }
  rows.forEach((row, index) => {
    const entry = state.leaderboard[index];
    row.node.classList.toggle("empty", !entry);
    if (!entry) return;
    row.node.classList.toggle("loss", entry.pnl < 0);
    row.node.classList.toggle("flat", entry.pnl === 0);
    row.node.classList.toggle("mine", entry.id === state.me?.id);
    say(row.rank, String(entry.level));
    say(row.name, entry.username ?? "anonymous");
    say(row.pnl, signed(entry.pnl, 3));
    row.coin.classList.toggle("practice", Boolean(entry.selectedCoin));
    say(row.percent, `${signed(entry.pnlPercent, Math.abs(entry.pnlPercent) < 1000 ? 1 : 0)}%`);
  });
};

const drawStrip = () => {
  for (const level of ["2x", "10x", "50x"]) say(parts[`count${level}`], String(state.counts[`count${level}`] ?? 0));
  const newest = state.history[0]?.id ?? "";
  if (newest === stripShown) return;
  stripShown = newest;
  const cards = state.history.slice(0, ROWS).map(({ id, peak, prices }) => {
    const canvas = el("canvas");
    const high = peak >= 10 ? ".huge" : peak >= 2 ? ".high" : "";
    const text = el("div", {}, el("div.game-peak", {}, `${peak.toFixed(2)}x`));
    return { canvas, prices, node: el(`div.game-card${high}`, { title: id }, canvas, text) };
  });
  parts.recent.replaceChildren(...cards.map((card) => card.node));
  cards.forEach((card) => drawSpark(card.canvas, card.prices));
};

const PRESALE = "Buy a guaranteed position at 1.00x before the round starts";

const drawOverlays = () => {
  const waiting = !state.connected || !state.gameId;
  const paused = state.phase === "paused";
  const countdown = state.phase === "cooldown" || state.phase === "presale";
  show(parts.waiting, waiting);
  show(parts.presale, (countdown || paused) && !waiting);
  show(parts.rugged, state.phase === "rugged" && !waiting);
  show(parts.presaleNext, !paused);
  show(parts.countdown, !paused);
  show(parts.maintenance, Boolean(state.maintenance));
  say(parts.maintenance, state.maintenance);
  say(parts.presaleTitle, paused ? "PAUSED" : state.phase === "presale" ? "PRESALE" : "");
  say(parts.presaleText, paused ? state.paused || "The game is paused" : state.phase === "presale" ? PRESALE : "Presale opens soon");
  say(parts.countdown, `${(state.timer / 1000).toFixed(2)}s`);
  say(parts.finalPrice, `${state.price.toFixed(4)}x`);
};

const drawOwn = () => {
  const entry = state.entry;
  show(parts.pnl, Boolean(entry));
  if (entry) {
    parts.pnl.classList.toggle("loss", entry.pnl < 0);
    say(parts.pnlSol, `${signed(entry.pnl, 3)} SOL`);
    say(parts.pnlPercent, `${signed(entry.pnlPercent, 1)}%`);
  }
  say(parts.balanceText, sol3(state.me?.cash ?? 0));
  show(parts.own, Boolean(state.me));
  say(parts.user, state.username);
  show(parts.connect, !state.me);
};

const drawBubbles = () => {
  const now = Date.now();
  const live = state.bubbles.filter((bubble) => bubble.until > now);
  state.bubbles = live;
  parts.bubbles.replaceChildren(...live.slice(-3).map((trade) =>
    el(`div.bubble.${trade.type}${trade.playerId === state.me?.id ? ".mine" : ""}`, {},
      `${trade.word} ${trade.type === "sell" ? "-" : "+"}${sol3(trade.amount)} `, el("small", {}, trade.username ?? "anonymous"))));
};

const drawChat = () => {
  say(parts.online, `Online (${state.players})`);
  const last = state.chat[state.chat.length - 1]?.timestamp ?? 0;
  if (last === chatShown) return;
  chatShown = last;
  parts.chatList.replaceChildren(...state.chat.map((message) =>
    el("div.chat-line", {}, el("b", {}, message.username ?? "anonymous"), el("span.level", {}, String(message.level)), el("p", {}, message.message))));
  parts.chatList.scrollTop = parts.chatList.scrollHeight;
};

const PHASES = { waiting: "WAITING", cooldown: "COOLDOWN", presale: "PRESALE", live: "LIVE", paused: "PAUSED", rugged: "RUGGED" };

const draw = () => {
  drawOverlays();
  drawLeaderboard();
  drawStrip();
  drawSidebet();
  drawOwn();
  drawBubbles();
  drawChat();
  drawCoin();
  drawCarousel();
  drawTab();
  label();
  placeToasts();
  say(parts.phase, PHASES[state.phase]);
  parts.phase.className = `phase ${state.phase}`;
  const board = parts.leaderboard.getBoundingClientRect();
  const lies = board.top < parts.canvas.getBoundingClientRect().bottom;
  const room = lies ? { inset: board.width + 16, foot: parts.sidebet.offsetHeight + 12 } : { inset: 8, foot: 0 };
  drawChart(parts.canvas, state, room);
};

let asked = false;
export const redraw = () => {
  if (asked) return;
  asked = true;
  requestAnimationFrame(() => {
    asked = false;
    draw();
  });
};
