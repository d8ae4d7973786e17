// A finished game as a small card: price line, peak, length, whether it agrees with its seed.

import { formatCount, formatDateTime, formatGameId, formatPrice, formatUtc } from "/static/sdk/format.js";
import { el } from "/static/ui/dom.js";
import { priceLine } from "/static/ui/price-line.js";

const MARKS = { verified: ["✓ seed", "up no-shape"], failed: ["✗ seed", "down no-shape"] };

/** Make the card of a game of `/api/home`. `check`: its line of `/api/verify`, if known. */
export function miniCard(game, check = null) {
  const started = game.started_at === null ? null : game.started_at / 1000;
  const [mark, tone] = MARKS[check?.status] ?? ["", ""];
  const hint = [game.game_id, formatDateTime(started), formatUtc(started), check?.reason].filter(Boolean).join("\n");
  return el(
    "a", { class: "mini", href: `/games/${encodeURIComponent(game.game_id)}`, title: hint, data: { game: game.game_id } },
    game.line.length > 2 ? priceLine(game.line.filter((price) => price > 0)) : el("span", { class: "no-prices" }, game.completeness),
    el("span", { class: "row between num" }, el("strong", {}, formatPrice(game.peak)), el("span", { class: "muted" }, `${formatCount(game.rug_tick)} ticks`)),
    el("span", { class: "row between num muted" }, formatGameId(game.game_id), mark ? el("span", { class: tone }, mark) : el("span", {}, "\u00a0")),
  );
}
