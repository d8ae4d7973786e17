// Price, phase and candles of the game that is on: the hero of the page.

import { formatCount, formatCountdown, formatGameId, formatPrice, formatSol, formatSolExact, put } from "/static/sdk/format.js";
import { CandleChart, attribution, rugTickOf } from "/static/ui/candles.js";
import { byId, el, setText } from "/static/ui/dom.js";
import { fillGameCard } from "/static/ui/game-card.js";

const COOLDOWN_MS = 15_000; // protocol reference section 3.2: cooldownTimer runs from 15000

/** Where the countdown ring stands: share of the circle, 0 to 100, and the text inside it. */
export function ringOf(state, countdown) {
  if (countdown !== null) return [Math.min(100, (countdown / COOLDOWN_MS) * 100), formatCountdown(countdown)];
  if (state.phase === "LIVE") return [100, "LIVE"];
  if (state.phase === "RUGGED") return [100, "RUG"];
  return [0, "—"];
}

/** Marks of the account's own trades in this game. */
function marksOf(state) {
  return state.trades
    .filter((trade) => trade.own === true && trade.gameId === state.gameId && Number.isInteger(trade.tickIndex))
    .map((trade) => ({ tick: trade.tickIndex, kind: trade.type === "sell" || trade.type === "short_open" ? "own-sell" : "own-buy", text: "" }));
}

export class GamePanel {
  #chart;
  #reading = el("span", { class: "num muted size-12" });
  #rugged = null;

  /** Draws into `box`, which it fills. `marks(state)`: what is marked, by default own trades. */
  constructor(store, box = byId("hero"), { marks = marksOf } = {}) {
    this.store = store;
    this.marks = marks;
    fillGameCard(box);
    this.#chart = new CandleChart(byId("chart"), { onRead: (index) => this.#read(index) });
    byId("chart-foot").append(this.#reading, attribution());
    setInterval(() => this.#ring(store.state), 100);
  }

  draw(state) {
    const price = byId("price");
    put(price, formatPrice(state.price), state.price === null ? "" : String(state.price));
    put(byId("tick"), formatCount(state.tick));
    put(byId("peak"), formatPrice(state.series.peak));
    put(byId("players"), formatCount(state.players));
    put(byId("trade-count"), formatCount(state.tradeCount));
    const pool = state.rugpool?.rugpoolAmount ?? null;
    put(byId("rugpool"), formatSol(pool), formatSolExact(pool));
    const game = byId("game");
    setText(game, formatGameId(state.gameId));
    game.title = state.gameId ?? "";
    const phase = byId("phase");
    setText(phase, state.paused && state.phase === "COOLDOWN" ? "PAUSED" : state.phase);
    phase.dataset.phase = state.phase;
    this.#chartOf(state);
    this.#ring(state);
  }

  #chartOf(state) {
    const rugTick = rugTickOf(state);
    this.#chart.show({ gameId: state.gameId, candles: state.candles, rugTick, marks: this.marks(state) });
    if (rugTick !== null && this.#rugged !== state.gameId) {
      this.#rugged = state.gameId;
      const card = byId("chart").parentElement;
      card.classList.remove("rug-flash");
      requestAnimationFrame(() => card.classList.add("rug-flash"));
    }
  }

  #ring(state) {
    const [share, text] = ringOf(state, this.store.countdown());
    const ring = byId("ring");
    ring.setAttribute("stroke-dasharray", `${share.toFixed(1)} 100`);
    ring.parentElement.dataset.phase = state.phase;
    setText(byId("ring-text"), text);
  }

  #read(index) {
    const candle = index === null ? null : this.store.state.candles[index];
    if (!candle) {
      setText(this.#reading, "");
      return;
    }
    const { open, high, low, close } = candle;
    const parts = [["O", open], ["H", high], ["L", low], ["C", close]].map(([name, value]) => `${name} ${formatPrice(value)}`);
    const missing = candle.missing ? `  ${candle.missing} ticks missing` : "";
    setText(this.#reading, `tick ${candle.tick}  ${parts.join("  ")}${missing}`);
  }
}
