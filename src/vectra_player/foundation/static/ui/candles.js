// Candle chart of one game, five ticks a candle, on the vendored lightweight-charts.

import {
  CandlestickSeries,
  ColorType,
  CrosshairMode,
  createChart,
  createSeriesMarkers,
} from "/static/vendor/lightweight-charts.standalone.production.mjs";
import { CANDLE_TICKS } from "/static/sdk/candles.js";
import { formatPrice } from "/static/sdk/format.js";
import { el } from "/static/ui/dom.js";

/** Turn candles of the state store into those of the chart; a candle opens where the last closed. */
function barsOf(candles) {
  const bars = [];
  for (let index = 0; index < candles.length; index += 1) {
    const candle = candles[index];
    if (!candle || !candle.ticks) continue;
    const before = candles[index - 1];
    const open = before && before.ticks && !before.missing ? before.close : candle.open;
    const { high, low, close } = candle;
    bars.push({ time: index, open, high: Math.max(open, high), low: Math.min(open, low), close });
  }
  return bars;
}

/** Where the game shown rugged; null while it runs, also after a replay jumped back before it. */
export function rugTickOf(state) {
  const { rug, gameId, tick, phase } = state;
  if (rug && rug.gameId === gameId && tick !== null && tick >= rug.rugTick) return rug.rugTick;
  return phase === "RUGGED" ? tick : null;
}

function tokens() {
  const style = getComputedStyle(document.documentElement);
  return (name) => style.getPropertyValue(`--${name}`).trim();
}

/** Call when the colours of the page change. */
function onTheme(call) {
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", call);
  new MutationObserver(call).observe(document.documentElement, { attributeFilter: ["data-theme"] });
}

/** Text with a link that names the makers of the chart library, as their licence asks. */
export function attribution() {
  return el(
    "p",
    { class: "muted size-12 attribution" },
    "Charts by ",
    el(
      "a",
      { href: "https://www.tradingview.com/", target: "_blank", rel: "noopener noreferrer" },
      "TradingView Lightweight Charts™",
    ),
  );
}

/** A price of the axis; below 0 there is room for marks, and no price. */
const axisPrice = (price) => (price < 0 ? "" : formatPrice(price));

const MARK_PX = 44;
const SHAPES = { rug: "arrowDown", up: "arrowUp", down: "arrowDown", "own-buy": "arrowUp", "own-sell": "arrowDown" };
const BELOW = new Set(["own", "own-buy", "up"]);
const COLOURS = { gap: "down", "own-buy": "own", "own-sell": "own" };

/** One game as candles with its rug and marks. `show` may be called on every tick. */
export class CandleChart {
  #box;
  #chart;
  #series;
  #markers;
  #gameId = undefined;
  #drawn = "";
  #marks = "";

  constructor(box, { onRead = null } = {}) {
    this.#box = box;
    this.#chart = createChart(box, {
      autoSize: true,
      layout: { attributionLogo: false, fontSize: 12 },
      crosshair: { mode: CrosshairMode.Normal },
      rightPriceScale: { borderVisible: false, scaleMargins: { top: 0.12, bottom: 0.1 } },
      timeScale: {
        borderVisible: false,
        rightOffset: 3,
        barSpacing: 8,
        tickMarkFormatter: (time) => String(time * CANDLE_TICKS),
      },
      localization: {
        priceFormatter: axisPrice,
        timeFormatter: (time) => `ticks ${time * CANDLE_TICKS}–${(time + 1) * CANDLE_TICKS - 1}`,
      },
      handleScroll: { vertTouchDrag: false },
    });
    this.#series = this.#chart.addSeries(CandlestickSeries, {
      borderVisible: false,
      priceFormat: { type: "custom", formatter: axisPrice, minMove: 0.0001 },
    });
    this.#markers = createSeriesMarkers(this.#series, []);
    this.#paint();
    onTheme(() => this.#paint());
    if (onRead) this.#chart.subscribeCrosshairMove((move) => onRead(move.time ?? null));
  }

  /**
   * Show a game. `candles` of the state store; `rugTick` null while it runs; `marks`: `{tick,
   * kind: "own-buy"|"own-sell"|"own"|"sidebet"|"gap"|"up"|"down", text, size}`; `own`: an own
   * sidebet, `up` and `down`: others' trades.
   */
  show({ gameId, candles, rugTick = null, marks = [] }) {
    const bars = barsOf(candles);
    const last = bars[bars.length - 1];
    const told = candles.reduce((sum, candle) => sum + (candle ? candle.ticks : 0), 0);
    const drawn = `${gameId} ${told} ${last ? last.close : ""}`;
    if (drawn !== this.#drawn) {
      this.#series.setData(bars);
      if (gameId !== this.#gameId) this.#chart.timeScale().resetTimeScale();
    }
    this.#gameId = gameId;
    this.#drawn = drawn;
    this.#box.dataset.candles = String(candles.length);
    this.#mark(candles, rugTick, marks);
  }

  /** Forget everything shown. */
  clear() {
    this.show({ gameId: null, candles: [] });
  }

  /** Put the crosshair on a tick; `price` null where it is not known. */
  point(tick, price) {
    if (price === null) this.#chart.clearCrosshairPosition();
    else this.#chart.setCrosshairPosition(price, Math.floor(tick / CANDLE_TICKS), this.#series);
  }

  /** Keep room for these candles, so that those to come do not move those that are there. */
  room(first, last) {
    this.#chart.timeScale().setVisibleLogicalRange({ from: first - 1, to: last + 1 });
  }

  /** Let the whole game fit into the box. */
  fit() {
    const last = this.#series.data().at(-1)?.time ?? 0;
    const width = this.#chart.timeScale().width();
    if (width <= 3 * MARK_PX) {
      this.#chart.timeScale().fitContent();
      return;
    }
    const aside = (MARK_PX * (last + 1)) / (width - 2 * MARK_PX); // in candles: words of marks fit too
    this.#chart.timeScale().setVisibleLogicalRange({ from: -aside, to: last + aside });
  }

  #mark(candles, rugTick, marks) {
    const all = [...marks].sort((a, b) => a.tick - b.tick);
    if (rugTick !== null) all.push({ tick: rugTick, kind: "rug", text: `rug at ${rugTick}` });
    const key = JSON.stringify(all);
    this.#box.dataset.rug = rugTick === null ? "" : String(rugTick);
    if (key === this.#marks) return;
    this.#marks = key;
    const token = tokens();
    this.#markers.setMarkers(
      all
        .filter((mark) => Math.floor(mark.tick / CANDLE_TICKS) < candles.length)
        .map(({ tick, kind, text, size = 1 }) => ({
          time: Math.floor(tick / CANDLE_TICKS),
          position: BELOW.has(kind) ? "belowBar" : "aboveBar",
          shape: SHAPES[kind] ?? "circle",
          size,
          color: token(COLOURS[kind] ?? kind),
          text,
        })),
    );
  }

  #paint() {
    const token = tokens();
    this.#chart.applyOptions({
      layout: {
        background: { type: ColorType.Solid, color: token("surface") },
        textColor: token("muted"),
        fontFamily: token("mono") || "monospace",
      },
      grid: { vertLines: { visible: false }, horzLines: { color: token("line") } },
    });
    this.#series.applyOptions({
      upColor: token("up"),
      wickUpColor: token("up"),
      downColor: token("down"),
      wickDownColor: token("down"),
    });
    this.#marks = "";
  }
}
