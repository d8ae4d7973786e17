// The card of the game that is on: phase ring, price, figures, candles. Monitor and dashboard show it.

import { el, svg } from "/static/ui/dom.js";

const FIGURES = [
  ["tick", "tick"], ["peak", "peak"], ["players", "players"], ["trades", "trade-count"], ["rugpool SOL", "rugpool"],
];

function ring() {
  const circle = { cx: 32, cy: 32, r: 28, pathLength: 100 };
  const picture = svg("svg", { viewBox: "0 0 64 64", class: "ring", role: "img", "aria-labelledby": "phase" });
  picture.append(
    svg("circle", { ...circle, class: "ring-track" }),
    svg("circle", { ...circle, class: "ring-fill", id: "ring", "stroke-dasharray": "0 100", transform: "rotate(-90 32 32)" }),
    svg("text", { id: "ring-text", x: 32, y: 33 }),
  );
  return picture;
}

/** Fill `box` with the parts `GamePanel` writes into, each with its id. */
export function fillGameCard(box) {
  const price = el(
    "div", { class: "hero-price" },
    el("span", { id: "price", class: "price unknown" }, "—"),
    el("span", { class: "row" }, el("span", { id: "phase", class: "chip", data: { phase: "UNKNOWN" } }, "UNKNOWN"), el("span", { id: "game", class: "muted num", title: "" })),
  );
  const figures = FIGURES.map(([name, id]) => el("div", { class: "figure" }, el("dt", {}, name), el("dd", { id }, "—")));
  box.replaceChildren(
    el("div", { class: "hero-top" }, ring(), price, el("dl", { class: "figures hero-figures" }, ...figures)),
    el("div", { id: "chart", class: "chart", role: "img", "aria-label": "Candles of the current game, five ticks each" }),
    el("div", { id: "chart-foot", class: "row between wrap chart-foot" }),
  );
}
