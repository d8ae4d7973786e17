// The price line of a finished game as a small picture, with its rug as a dot.

import { svg } from "/static/ui/dom.js";

const WIDTH = 120;
const HEIGHT = 36;

/** Draw `prices`, all above 0 and without that of the rug, on a log scale. */
export function priceLine(prices) {
  const low = Math.log(Math.min(...prices));
  const span = Math.log(Math.max(...prices)) - low || 1;
  const step = WIDTH / Math.max(1, prices.length - 1);
  const points = prices.map((price, at) => {
    const y = 2 + (HEIGHT - 4) * (1 - (Math.log(price) - low) / span);
    return `${(at * step).toFixed(1)},${y.toFixed(1)}`;
  });
  const box = { viewBox: `0 0 ${WIDTH + 6} ${HEIGHT}`, preserveAspectRatio: "none", "aria-hidden": "true" };
  return svg("svg", box, svg("polyline", { points: points.join(" ") }), svg("circle", { cx: WIDTH + 2, cy: HEIGHT - 4, r: 3 }));
}
