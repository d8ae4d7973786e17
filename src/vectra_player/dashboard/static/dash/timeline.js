// The whole game in one strip: price on a log scale, sidebet windows as bands, trades as ticks, rug.
// Over it lies a slider, so that every tick can be gone to by pointer and by keys.

import { el, svg } from "/static/ui/dom.js";

const WIDTH = 1000;
const HEIGHT = 80;
const PRICE = 44;
const LANES = 6;
const LANE = 4;
const TRADES = 12;

/** Put each window into the first lane that is free where it begins; the last lane takes the rest. */
export function lanesOf(bets) {
  const ends = [];
  return bets.map((bet) => {
    const free = ends.findIndex((end) => end <= bet.start_tick);
    const lane = free >= 0 ? free : Math.min(ends.length, LANES - 1);
    ends[lane] = Math.max(ends[lane] ?? 0, bet.end_tick);
    return lane;
  });
}

/** Points of the price line; a new line begins after each hole. The rug itself sets no scale. */
function lines(prices, x, rugTick) {
  const scale = rugTick === null ? prices : prices.slice(0, rugTick);
  const told = scale.filter((price) => price !== null && price > 0);
  if (!told.length) return [];
  const low = Math.log(Math.min(...told));
  const span = Math.log(Math.max(...told)) - low || 1;
  const found = [[]];
  prices.forEach((price, tick) => {
    if (price === null || price <= 0) {
      if (found.at(-1).length) found.push([]);
      return;
    }
    const y = Math.min(PRICE, 2 + (PRICE - 4) * (1 - (Math.log(price) - low) / span));
    found.at(-1).push(`${x(tick).toFixed(1)},${y.toFixed(1)}`);
  });
  return found.filter((points) => points.length > 1);
}

export const isBuy = (trade) => trade.action === "BUY" || trade.action === "SHORT_CLOSE";
const lastOf = ({ prices }) => Math.max(1, prices.length - 1);

function picture({ prices, trades, own, sidebets, facts }) {
  const last = lastOf({ prices });
  const x = (tick) => (WIDTH * Math.max(0, Math.min(last, tick))) / last;
  const parts = [];
  const mine = sidebets.filter((bet) => bet.own);
  const drawn = [...mine, ...sidebets.filter((bet) => !bet.own)]; // own ones get the upper lanes
  const lanes = lanesOf(drawn);
  drawn.forEach((bet, at) => {
    const from = x(bet.start_tick);
    const width = Math.max(2, x(bet.end_tick) - from);
    const y = PRICE + lanes[at] * LANE;
    parts.push(svg("rect", { class: `band ${bet.own ? "own" : ""} ${bet.outcome}`, x: from.toFixed(1), y, width: width.toFixed(1), height: LANE - 1 }));
  });
  for (const points of lines(prices, x, facts.rug_tick)) parts.push(svg("polyline", { class: "price-line", points: points.join(" ") }));
  const mark = (trade, name, height) => {
    const at = x(trade.tick ?? 0).toFixed(1);
    const buys = isBuy(trade);
    parts.push(svg("line", { class: name, x1: at, x2: at, y1: HEIGHT - (buys ? height - 1 : height / 2 - 1), y2: HEIGHT - (buys ? height / 2 : 0) }));
  };
  for (const trade of trades) if (trade.tick !== null && trade.tick >= 0) mark(trade, isBuy(trade) ? "buy" : "sell", TRADES);
  for (const trade of own) mark(trade, "own-trade", 2 * TRADES);
  if (facts.rug_tick !== null) parts.push(svg("line", { class: "rug-line", x1: x(facts.rug_tick), x2: x(facts.rug_tick), y1: 0, y2: HEIGHT }));
  return svg("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: "none", class: "timeline", "aria-hidden": "true" }, ...parts);
}

/** A strip of a game (`/api/games/<id>`) with its slider; `onTick(tick)` is called as it moves. */
export class Scrubber {
  #range;

  constructor(game, { onTick, words = (tick) => `tick ${tick}` }) {
    this.#range = el("input", { type: "range", class: "strip-range", id: "scrub", min: "0", max: String(lastOf(game)), step: "1", value: "0", "aria-label": "Tick of the game" });
    this.words = words;
    this.#range.addEventListener("input", () => {
      this.#say();
      onTick(Number(this.#range.value));
    });
    this.box = el("div", { class: "strip" }, picture(game), this.#range);
    this.#say();
  }

  /** Put the slider on a tick without telling anybody. */
  show(tick) {
    this.#range.value = String(tick);
    this.#say();
  }

  #say() {
    this.#range.setAttribute("aria-valuetext", this.words(Number(this.#range.value)));
  }
}
