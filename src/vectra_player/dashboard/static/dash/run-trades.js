// The trades of a run: its games in a table, and what was done in the chosen one on its candles.

import { formatCount, formatGameId, formatPrice, formatSol, formatSolExact } from "/static/sdk/format.js";
import { PriceSeries } from "/static/sdk/candles.js";
import { get } from "/static/ui/api.js";
import { CandleChart, attribution } from "/static/ui/candles.js";
import { el, emptyState } from "/static/ui/dom.js";
import { load } from "/static/dash/load.js";
import { eventWords, marksOf } from "/static/dash/run-events.js";
import { drawPager, table } from "/static/dash/table.js";

const SIZE = 12;
const DEFAULTS = { part: "", played: "yes", sort: "order", order: "asc", page: 1 };

const tone = (value) => `${value > 0 ? "up" : value < 0 ? "down" : ""} no-shape`;
const money = (value) => el("span", { class: tone(value), title: formatSolExact(value) }, formatSol(value, { sign: true }));

export class RunTrades {
  #wanted = { ...DEFAULTS };
  #list = el("div", { class: "table-box run-games" });
  #pager = el("nav", { class: "pager", "aria-label": "Pages of games" });
  #game = el("div", { class: "run-game" });
  #chosen = null;

  constructor(box, path, data) {
    Object.assign(this, { path, data });
    const address = new URLSearchParams(location.search);
    this.#chosen = address.get("game");
    for (const name of Object.keys(DEFAULTS)) if (address.has(name)) this.#wanted[name] = address.get(name);
    const part = el("select", { class: "input filter-small", "aria-label": "Part of the run" },
      el("option", { value: "" }, "all games"), el("option", { value: "train" }, "train"), el("option", { value: "validation" }, "validation"));
    const empty = el("input", { type: "checkbox" });
    part.value = this.#wanted.part;
    empty.checked = this.#wanted.played === "all";
    part.addEventListener("change", () => this.#go({ part: part.value, page: 1 }));
    empty.addEventListener("change", () => this.#go({ played: empty.checked ? "all" : "yes", page: 1 }));
    const bar = el("div", { class: "row wrap run-games-bar" }, part, el("label", { class: "row size-12" }, empty, "those without a bet too"));
    box.replaceChildren(el("div", { class: "run-trades" }, el("div", { class: "run-games-side" }, bar, this.#list, this.#pager), this.#game));
    this.#ask();
  }

  #go(changes) {
    Object.assign(this.#wanted, changes);
    this.#keep();
    this.#ask();
  }

  /** Put what is shown into the address. */
  #keep() {
    const address = new URLSearchParams({ tab: "trades" });
    for (const [name, value] of Object.entries(this.#wanted)) if (String(value) !== String(DEFAULTS[name])) address.set(name, String(value));
    if (this.#chosen) address.set("game", this.#chosen);
    history.replaceState(null, "", `?${address}`);
  }

  #ask() {
    const { played, ...others } = this.#wanted;
    const asked = new URLSearchParams({ ...others, played: played === "all" ? "" : played, size: SIZE });
    load(this.#list, () => get(`${this.path}/games?${asked}`), (told) => this.#drawList(told), { rows: SIZE, again: () => this.#ask() });
  }

  #drawList(told) {
    const sorting = {
      by: this.#wanted.sort,
      order: this.#wanted.order,
      choose: (by) => this.#go({ sort: by, order: this.#wanted.sort === by && this.#wanted.order === "desc" ? "asc" : "desc", page: 1 }),
    };
    const columns = [
      { label: "#", name: "num muted", sort: "order", cell: (game) => formatCount(game.number) },
      { label: "game", name: "num", cell: (game) => el("button", { class: "linkish num", type: "button", title: game.game_id, data: { game: game.game_id }, on: { click: () => this.#choose(game.game_id) } }, shortId(game.game_id)) },
      { label: "ticks", name: "num", sort: "ticks", cell: (game) => formatCount(game.rug_tick) },
      { label: "put in", name: "num", sort: "put_in", cell: (game) => formatSol(game.put_in), title: (game) => formatSolExact(game.put_in) },
      { label: "profit", name: "num", sort: "profit", cell: (game) => money(game.profit) },
      { label: "bets", name: "num", cell: (game) => (game.bets ? `${game.bets_won} of ${game.bets}` : game.buys ? `${game.buys} ${game.buys === 1 ? "buy" : "buys"}` : "–"), hint: "sidebets won, or buys" },
    ];
    if (!told.games.length) {
      this.#list.replaceChildren(emptyState("No game fits", "Show those without a bet too, or another part."));
    } else {
      this.#list.replaceChildren(table(columns, told.games, { sorting, caption: "Games of the run", open: (game) => this.#choose(game.game_id) }));
    }
    drawPager(this.#pager, told, (page) => this.#go({ page }));
    const here = this.#chosen ?? told.games[0]?.game_id;
    if (here && !this.#game.childElementCount) this.#choose(here, { keep: false });
    this.#markRow();
  }

  #markRow() {
    for (const button of this.#list.querySelectorAll("[data-game]")) {
      const here = button.dataset.game === this.#chosen;
      if (here) button.closest("tr").setAttribute("aria-current", "true");
      else button.closest("tr").removeAttribute("aria-current");
    }
  }

  #choose(gameId, { keep = true } = {}) {
    this.#chosen = gameId;
    this.#markRow();
    if (keep) this.#keep();
    const again = () => this.#choose(gameId);
    load(this.#game, () => get(`${this.path}/games/${encodeURIComponent(gameId)}`), (game) => this.#drawGame(game), { rows: 8, again });
  }

  #drawGame(game) {
    const chart = el("div", { class: "chart", role: "img", "aria-label": `Candles of the game with what ${game.strategy} did, five ticks each` });
    const series = new PriceSeries();
    game.prices.forEach((price, tick) => series.tell(tick, price));
    const url = `/backtest/runs/${encodeURIComponent(game.run)}/games/${encodeURIComponent(game.game_id)}`;
    const id = game.recorded ? el("a", { class: "num", href: `/games/${encodeURIComponent(game.game_id)}` }, game.game_id) : el("span", { class: "num" }, game.game_id);
    this.#game.replaceChildren(
      el("div", { class: "row between wrap run-game-head" }, el("span", { class: "row wrap" }, id, money(game.profit), el("span", { class: "muted size-12" }, `coin flip ${formatSol(game.coin_flip_profit, { sign: true })}`)), el("a", { class: "button primary", id: "play-game", href: url }, "▶ Step by step")),
      chart,
      el("div", { class: "row between wrap chart-foot" }, el("span", { class: "muted size-12" }, "arrows: buys and sales; dots: sidebets"), attribution()),
      el("div", { class: "table-box run-events", tabindex: "0", role: "region", "aria-label": "What became of each decision" }, game.events.length ? table(EVENT_COLUMNS, game.events, { caption: "What became of each decision" }) : emptyState("Nothing was done in this game", "Choose another one.")),
    );
    const candles = new CandleChart(chart);
    candles.show({ gameId: game.game_id, candles: series.candles, rugTick: game.rug_tick, marks: marksOf(game.events) });
    candles.fit();
  }
}

const EVENT_COLUMNS = [
  { label: "tick", name: "num", cell: (event) => formatCount(event.tick) },
  { label: "what", cell: (event) => eventWords(event) },
  { label: "price", name: "num", cell: (event) => formatPrice(event.price) },
  { label: "SOL", name: "num", cell: (event) => formatSol(event.amount), title: (event) => formatSolExact(event.amount) },
  { label: "profit", name: "num", cell: (event) => (event.profit ? money(event.profit) : "") },
  { label: "cash", name: "num", cell: (event) => formatSol(event.cash), title: (event) => formatSolExact(event.cash) },
  { label: "why", name: "wrap-cell size-12", cell: (event) => event.message || event.why },
];

/** A generated game has a short name; of a recorded one the end is enough. */
function shortId(gameId) {
  return gameId.startsWith("generated-") ? gameId : formatGameId(gameId);
}
