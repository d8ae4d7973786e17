// A finished game as a small card: price line, peak, length, whether it agrees with its seed.

import { formatCount, formatDateTime, formatGameId, formatPrice, formatUtc } from "/static/sdk/format.js";
import { el } from "/static/ui/dom.js";

const SVG = "http://www.w3.org/2000/svg";
const WIDTH = 120;
const HEIGHT = 36;
const MARKS = { verified: ["✓ seed", "up no-shape"], failed: ["✗ seed", "down no-shape"] };

function line(prices) {
  const told = prices.filter((price) => price > 0);
  const low = Math.log(Math.min(...told));
  const span = Math.log(Math.max(...told)) - low || 1;
  const step = WIDTH / Math.max(1, told.length - 1);
  const points = told.map((price, at) => `${(at * step).toFixed(1)},${(2 + (HEIGHT - 4) * (1 - (Math.log(price) - low) / span)).toFixed(1)}`);
  const picture = document.createElementNS(SVG, "svg");
  for (const [name, value] of [["viewBox", `0 0 ${WIDTH + 6} ${HEIGHT}`], ["preserveAspectRatio", "none"], ["aria-hidden", "true"]]) picture.setAttribute(name, value);
  const path = document.createElementNS(SVG, "polyline");
  path.setAttribute("points", points.join(" "));
  const rug = document.createElementNS(SVG, "circle");
  for (const [name, value] of [["cx", WIDTH + 2], ["cy", HEIGHT - 4], ["r", 3]]) rug.setAttribute(name, value);
  picture.append(path, rug);
  return picture;
}

/** Make the card of a game of `/api/home`. `check`: its line of `/api/verify`, if known. */
export function miniCard(game, check = null) {
  const started = game.started_at === null ? null : game.started_at / 1000;
  const [mark, tone] = MARKS[check?.status] ?? ["", ""];
  const hint = [game.game_id, formatDateTime(started), formatUtc(started), check?.reason].filter(Boolean).join("\n");
  return el(
    "a", { class: "mini", href: `/games/${encodeURIComponent(game.game_id)}`, title: hint, data: { game: game.game_id } },
    game.line.length > 2 ? line(game.line) : el("span", { class: "no-prices" }, game.completeness),
    el("span", { class: "row between num" }, el("strong", {}, formatPrice(game.peak)), el("span", { class: "muted" }, `${formatCount(game.rug_tick)} ticks`)),
    el("span", { class: "row between num muted" }, formatGameId(game.game_id), mark ? el("span", { class: tone }, mark) : el("span", {}, "\u00a0")),
  );
}
