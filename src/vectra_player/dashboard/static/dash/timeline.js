// The whole game in one strip: price on a log scale, sidebet windows as bands, trades as ticks, rug.

const SVG = "http://www.w3.org/2000/svg";
const WIDTH = 1000;
const HEIGHT = 80;
const PRICE = 44;
const LANES = 6;
const LANE = 4;
const TRADES = 12;

function svg(tag, attributes, ...children) {
  const node = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, String(value));
  node.append(...children);
  return node;
}

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

/** Draw `{prices, trades, sidebets, facts}`. */
export function timeline({ prices, trades, sidebets, facts }) {
  const last = Math.max(1, prices.length - 1);
  const x = (tick) => (WIDTH * Math.max(0, Math.min(last, tick))) / last;
  const parts = [];
  const lanes = lanesOf(sidebets);
  sidebets.forEach((bet, at) => {
    const from = x(bet.start_tick);
    const width = Math.max(2, x(bet.end_tick) - from);
    const y = PRICE + lanes[at] * LANE;
    parts.push(svg("rect", { class: `band ${bet.own ? "own" : ""} ${bet.outcome}`, x: from.toFixed(1), y, width: width.toFixed(1), height: LANE - 1 }));
  });
  for (const points of lines(prices, x, facts.rug_tick)) parts.push(svg("polyline", { class: "price-line", points: points.join(" ") }));
  for (const trade of trades) {
    if (trade.tick === null || trade.tick < 0) continue;
    const buys = trade.action === "BUY" || trade.action === "SHORT_CLOSE";
    const at = x(trade.tick).toFixed(1);
    parts.push(svg("line", { class: buys ? "buy" : "sell", x1: at, x2: at, y1: HEIGHT - (buys ? TRADES - 1 : TRADES / 2 - 1), y2: HEIGHT - (buys ? TRADES / 2 : 0) }));
  }
  if (facts.rug_tick !== null) parts.push(svg("line", { class: "rug-line", x1: x(facts.rug_tick), x2: x(facts.rug_tick), y1: 0, y2: HEIGHT }));
  return svg("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: "none", class: "timeline" }, ...parts);
}
