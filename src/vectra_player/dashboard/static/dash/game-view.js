// The chart of one recorded game with its marks, and under it the strip to go through it by tick.
// Used by the page of a game and by the page of an own game.

import { formatCount, formatPrice, formatSol } from "/static/sdk/format.js";
import { CANDLE_TICKS, PriceSeries } from "/static/sdk/candles.js";
import { CandleChart, attribution } from "/static/ui/candles.js";
import { byId, el, setText } from "/static/ui/dom.js";
import { Scrubber, isBuy } from "/static/dash/timeline.js";
import { counted } from "/static/dash/words.js";

const NOTABLE = 40;
const SETTLE_MS = 250;
const LEGEND = "five ticks a candle; arrows: the largest trades, blue ones your own; dots: sidebets began";

/** One sidebet of those that begin in the same candle, an own one first; the strip below has all. */
function onePerCandle(bets) {
  const chosen = new Map();
  for (const bet of bets) {
    const candle = Math.floor(bet.start_tick / CANDLE_TICKS);
    if (!chosen.has(candle) || bet.own) chosen.set(candle, bet);
  }
  return chosen.values();
}

function ownMark(deal) {
  const amount = deal.amount === null ? "" : ` ${formatSol(Number(deal.amount))}`;
  return { tick: Math.max(0, deal.tick ?? 0), kind: isBuy(deal) ? "own-buy" : "own-sell", text: `${deal.action.toLowerCase().replace("_", " ")}${amount}`, size: 1 };
}

/** The largest trades, own trades, and where sidebets began, as marks of the chart. */
export function marksOf({ trades, own, sidebets }, shown) {
  const marks = shown.own === false ? [] : own.map(ownMark);
  if (shown.trades) {
    const placed = trades.filter((trade) => trade.tick !== null && trade.tick >= 0);
    const largest = [...placed].sort((a, b) => Number(b.amount) - Number(a.amount)).slice(0, NOTABLE);
    for (const trade of largest) marks.push({ tick: trade.tick, kind: isBuy(trade) ? "up" : "down", text: "", size: 0.5 });
  }
  const bets = sidebets.filter((bet) => (bet.own ? shown.own !== false : shown.sidebets));
  for (const bet of onePerCandle(bets)) marks.push({ tick: Math.max(0, bet.start_tick), kind: bet.own ? "own" : "sidebet", text: "", size: 0.5 });
  return marks;
}

/** What a game was doing at a tick, in the words of the feed. */
export function phaseAt(game, tick) {
  const { rug_tick: rug } = game.facts;
  return rug !== null && tick >= rug ? "RUGGED" : "LIVE";
}

const dealWords = (deal) => `you ${deal.action.replace("_", " ").toLowerCase()} ${formatSol(deal.amount === null ? null : Number(deal.amount))}`;

/** One line about a tick: price, phase, trades, sidebets that are open. */
export function readingAt(game, tick) {
  const parts = [`tick ${formatCount(tick)}`, formatPrice(game.prices[tick] ?? null), phaseAt(game, tick)];
  const trades = game.trades.filter((trade) => trade.tick === tick);
  if (trades.length) parts.push(`${counted(trades.length, "trade")} ${formatSol(trades.reduce((sum, trade) => sum + Number(trade.amount ?? 0), 0))} SOL`);
  parts.push(...game.own.filter((deal) => Math.max(0, deal.tick ?? 0) === tick).map(dealWords));
  const open = game.sidebets.filter((bet) => bet.start_tick <= tick && tick < bet.end_tick);
  if (open.length) parts.push(`${counted(open.length, "sidebet")} open${open.some((bet) => bet.own) ? ", yours among them" : ""}`);
  return parts.join(" · ");
}

/** Draws into `#chart`, `#chart-foot`, `#windows`, `#reading`; `[data-mark]` buttons switch marks. */
export class GameView {
  #shown;
  #series = new PriceSeries();
  #chart;
  #game = null;
  #scrubber = null;
  #here = el("a", { class: "button quiet", id: "from-here", hidden: true }, "▶ Replay from here");
  #settling = null;

  constructor({ shown = { own: true, trades: true, sidebets: true } } = {}) {
    this.#shown = { ...shown };
    this.#chart = new CandleChart(byId("chart"), { onRead: (index) => this.#read(index) });
    byId("chart-foot").append(el("span", { class: "muted size-12" }, LEGEND), attribution());
    for (const button of document.querySelectorAll("[data-mark]")) {
      button.setAttribute("aria-pressed", String(this.#shown[button.dataset.mark] !== false));
      button.addEventListener("click", () => {
        const on = button.getAttribute("aria-pressed") !== "true";
        button.setAttribute("aria-pressed", String(on));
        this.#shown[button.dataset.mark] = on;
        this.#draw();
      });
    }
  }

  /** Show a game as `/api/games/<id>` tells it. */
  draw(game) {
    this.#game = game;
    game.prices.forEach((price, tick) => this.#series.tell(tick, price));
    this.#draw();
    this.#chart.fit();
    this.#scrubber = new Scrubber(game, { onTick: (tick) => this.at(tick), words: (tick) => readingAt(game, tick) });
    const line = el("p", { class: "num size-12 strip-reading", id: "strip-reading" }, "Drag the line, or use the arrow keys, to read a tick.");
    byId("windows").replaceChildren(this.#scrubber.box, el("div", { class: "row between wrap" }, line, this.#here));
    const asked = new URLSearchParams(location.search).get("tick");
    if (asked !== null && /^\d{1,6}$/.test(asked)) this.at(Math.min(Number(asked), game.prices.length - 1), { keep: false });
  }

  /** Go to a tick: the strip, the crosshair, the reading, and the address (`keep`). */
  at(tick, { keep = true } = {}) {
    this.#scrubber.show(tick);
    this.#chart.point(tick, this.#game.prices[tick] ?? null);
    setText(byId("strip-reading"), readingAt(this.#game, tick));
    this.#here.hidden = false;
    this.#here.href = `/replay/${encodeURIComponent(this.#game.facts.game_id)}?tick=${tick}`;
    if (!keep) return;
    clearTimeout(this.#settling); // browsers refuse an address that changes on every move
    this.#settling = setTimeout(() => {
      const asked = new URLSearchParams(location.search);
      asked.set("tick", String(tick));
      history.replaceState(null, "", `?${asked}`);
    }, SETTLE_MS);
  }

  /** Go to the next own action after the tick shown, or before it (`way` -1). */
  step(way) {
    const ticks = ownTicks(this.#game);
    const here = Number(byId("scrub").value);
    const next = way > 0 ? ticks.find((tick) => tick > here) : ticks.findLast((tick) => tick < here);
    if (next !== undefined) this.at(next);
  }

  #draw() {
    const { facts } = this.#game;
    this.#chart.show({ gameId: facts.game_id, candles: this.#series.candles, rugTick: facts.rug_tick, marks: marksOf(this.#game, this.#shown) });
  }

  #read(index) {
    const candle = index === null ? null : this.#series.candles[index];
    if (!candle) {
      setText(byId("reading"), "");
      return;
    }
    const ticks = `${candle.tick}–${candle.tick + CANDLE_TICKS - 1}`;
    const prices = [["O", candle.open], ["H", candle.high], ["L", candle.low], ["C", candle.close]];
    const inside = (trade) => trade.tick >= candle.tick && trade.tick < candle.tick + CANDLE_TICKS;
    const told = this.#game.trades.filter(inside);
    const sums = told.length ? `  ${counted(told.length, "trade")} ${formatSol(told.reduce((sum, trade) => sum + Number(trade.amount ?? 0), 0))} SOL` : "";
    const mine = this.#game.own.filter(inside).map((deal) => `  ${dealWords(deal)}`).join("");
    const missing = candle.missing ? `  ${candle.missing} ticks missing` : "";
    setText(byId("reading"), `tick ${ticks}  ${prices.map(([name, price]) => `${name} ${formatPrice(price)}`).join("  ")}${sums}${mine}${missing}`);
  }
}

/** Ticks at which an own trade or sidebet was made, in order, each once. */
export function ownTicks({ own, sidebets }) {
  const ticks = [...own.map((deal) => Math.max(0, deal.tick ?? 0)), ...sidebets.filter((bet) => bet.own).map((bet) => Math.max(0, bet.start_tick))];
  return [...new Set(ticks)].sort((a, b) => a - b);
}
