// The last games: those the feed told while the page is open, before them those of the store.

import { formatCount, formatGameId, formatPrice } from "/static/sdk/format.js";
import { byId, el, emptyState, setText, skeleton } from "/static/ui/dom.js";
import { priceLine } from "/static/ui/price-line.js";

export const SHOWN = 20;

/**
 * Check a game that was seen from its first tick and whose seed was revealed.
 * Returns [mark, what it rests on]; null when nothing can be said.
 */
export function verdictOf(game, fair = globalThis.VectraFair) {
  const { settled } = game;
  if (!fair || !settled || !settled.serverSeed || !fair.VERSIONS.includes(settled.gameVersion ?? "v3")) return null;
  if (settled.serverSeedHash && fair.sha256(settled.serverSeed) !== settled.serverSeedHash) {
    return ["✗", "the seed does not fit the hash published before the game"];
  }
  const result = fair.pricePath(settled.serverSeed, game.gameId, settled.gameVersion ?? "v3");
  const told = (game.prices ?? []).map((price, tick) => [price, tick]).filter(([price]) => price !== null);
  const wrong = told.find(([price, tick]) => result.prices[tick] !== price);
  if (wrong) return ["✗", `tick ${wrong[1]} was ${wrong[0]}, the seed gives ${result.prices[wrong[1]]}`];
  if (!told.length) return ["✓", "the seed fits its hash; no prices were seen"];
  return ["✓", `the seed fits its hash and gives all ${told.length} prices seen`];
}

export class GamesPanel {
  #stored = null;
  #verdicts = new Map();
  #cards = new Map();
  #key = "";

  /** `open(gameId)` opens a replay. */
  constructor(open) {
    this.open = open;
  }

  /** Take the games of the store, newest first. */
  told(rows) {
    this.#stored = rows.map((row) => ({
      gameId: row.game_id, rugTick: row.rug_tick, peak: row.peak, prices: null, settled: null, stored: true,
    }));
    this.#key = "";
  }

  draw(state) {
    const seen = new Set(state.games.map((game) => game.gameId));
    const stored = this.#stored ?? [];
    const games = [...state.games, ...stored.filter((game) => !seen.has(game.gameId))].slice(0, SHOWN);
    const nothing = this.#stored === null ? "asked" : "none";
    const key = games.map((game) => `${game.gameId}${game.settled ? "s" : ""}`).join() || nothing;
    if (key === this.#key) return;
    this.#key = key;
    const box = byId("games");
    if (!games.length && this.#stored === null) {
      box.replaceChildren(skeleton(3));
      return;
    }
    if (!games.length) {
      box.replaceChildren(emptyState("No finished game yet", "The next rug puts the first one here."));
      return;
    }
    box.replaceChildren(...games.map((game) => this.#card(game)));
    const checked = [...this.#verdicts.values()].filter((verdict) => verdict[0] === "✓").length;
    setText(byId("games-note"), checked ? `${checked} ✓ recomputed from their seeds` : "");
  }

  #card(game) {
    const name = `${game.gameId}${game.settled ? "s" : ""}`;
    const known = this.#cards.get(name);
    if (known) return known;
    if (this.#cards.size > 4 * SHOWN) this.#cards.clear();
    const verdict = game.settled ? verdictOf(game) : null;
    if (verdict) this.#verdicts.set(game.gameId, verdict);
    const shown = (game.prices ?? []).filter((price) => price !== null).length > 2;
    const told = verdict ? `. ${verdict[0]} ${verdict[1]}` : "";
    const card = el(
      "button",
      {
        class: "mini", type: "button", data: { game: game.gameId },
        title: `${game.gameId}: replay${told}`,
        on: { click: () => this.open(game.gameId) },
      },
      shown ? priceLine(game.prices.slice(0, -1).filter((price) => typeof price === "number" && price > 0)) : el("span", { class: "no-prices" }, "▶ replay"),
      el("span", { class: "row between num" }, el("strong", {}, formatPrice(game.peak)), el("span", { class: "muted" }, `${formatCount(game.rugTick)} ticks`)),
      el(
        "span",
        { class: "row between num muted" },
        formatGameId(game.gameId),
        verdict ? el("span", { class: verdict[0] === "✓" ? "up no-shape" : "down no-shape" }, `${verdict[0]} seed`) : null,
      ),
    );
    this.#cards.set(name, card);
    return card;
  }
}
