// One figure's spread: percentiles in numbers, and bars of how often each range occurred.

import { formatCount, formatLatency } from "/static/sdk/format.js";
import { el, svg } from "/static/ui/dom.js";

const WIDTH = 180;
const HEIGHT = 48;
const GAP = 1;

/** A card of one part: `{n, p50_ms, p95_ms, p99_ms, most_ms, counts}`; `edges` are where bins begin. */
export function histogram(title, part, edges) {
  const figures = [["p50", part.p50_ms], ["p95", part.p95_ms], ["p99", part.p99_ms], ["most", part.most_ms]];
  return el(
    "div",
    { class: "latency-part", role: "group", "aria-label": `${title}: ${formatCount(part.n)} measured` },
    el("div", { class: "row between" }, el("h3", { class: "size-13" }, title), el("span", { class: "muted num size-12" }, `n ${formatCount(part.n)}`)),
    bars(part.counts, edges),
    el("dl", { class: "latency-figures" }, ...figures.flatMap(([name, ms]) => [el("dt", { class: "muted" }, name), el("dd", { class: "num" }, formatLatency(ms))])),
  );
}

function bars(counts, edges) {
  const most = Math.max(1, ...counts);
  const step = WIDTH / counts.length;
  const bar = (count, at) => {
    const height = count && Math.max(2, (HEIGHT * count) / most);
    const until = at + 1 < edges.length ? `${edges[at]} to ${edges[at + 1]}` : `${edges[at]} and more`;
    const rect = svg("rect", { x: (at * step).toFixed(2), y: HEIGHT - height, width: (step - GAP).toFixed(2), height, class: "bar" });
    rect.append(svg("title", {}, `${until} ms: ${formatCount(count)}`));
    return rect;
  };
  return svg("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: "none", class: "latency-bars", "aria-hidden": "true" }, ...counts.map(bar));
}
