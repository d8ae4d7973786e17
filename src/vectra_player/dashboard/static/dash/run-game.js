// One game of a run, played again: candles up to the tick shown, the account there, and why the
// strategy did what it did.

import { CANDLE_TICKS, PriceSeries } from "/static/sdk/candles.js";
import { formatCount, formatPrice, formatSol, formatSolExact, put } from "/static/sdk/format.js";
import { mountShell } from "/static/shell.js";
import { get } from "/static/ui/api.js";
import { CandleChart, attribution } from "/static/ui/candles.js";
import { byId, el, setText } from "/static/ui/dom.js";
import { LiveShell } from "/static/dash/live-shell.js";
import { load } from "/static/dash/load.js";
import { eventWords, marksOf, windowsOf } from "/static/dash/run-events.js";
import { Scrubber } from "/static/dash/timeline.js";
import { Transport } from "/static/dash/transport.js";

const { run, game: gameId } = byId("play").dataset;
const base = `/backtest/runs/${encodeURIComponent(run)}`;
const shell = mountShell({ page: "backtest" });
new LiveShell(shell);

const CANDLE_PX = 13; // room a candle takes; the strip has the whole game
const FEWEST = 12; // candles in view
const LEAD = 0.8; // share of the candles in view that lies before the tick shown
const FRESH_TICKS = 30; // older marks go without words
const ORDERED = new Set(["bought", "sold", "placed", "missed", "refused"]);
const ACCOUNT = ["cash", "held", "worth", "at stake", "in all", "this game"];

/** What is known of a game as the strip takes it. */
function stripOf(game) {
  const deals = game.events.filter(({ kind }) => kind === "bought" || kind === "sold");
  const own = deals.map(({ kind, tick }) => ({ action: kind === "bought" ? "BUY" : "SELL", tick }));
  return { prices: game.prices, trades: [], own, sidebets: windowsOf(game.events), facts: { rug_tick: game.rug_tick } };
}

class Playback {
  #game;
  #chart = new CandleChart(byId("chart"));
  #series = new PriceSeries();
  #shown = -1;
  #items = [];
  #cells = new Map();
  #strip;
  #settling = null;

  constructor(game) {
    this.#game = game;
    const last = Math.max(0, game.prices.length - 1);
    const stops = [...new Set(game.events.map(({ tick }) => tick))];
    this.transport = new Transport(byId("transport"), { last, stops, moved: (tick, settled) => this.#moved(tick, settled) });
    this.#strip = new Scrubber(stripOf(game), { onTick: (tick) => this.transport.seek(tick), words: (tick) => `tick ${tick}, ${formatPrice(game.prices[tick] ?? null)}` });
    byId("strip").replaceChildren(this.#strip.box);
    this.#build();
    this.transport.keys(shell);
    const asked = new URLSearchParams(location.search);
    this.transport.setSpeed(Number(asked.get("speed") ?? 1));
    this.transport.seek(Number.parseInt(asked.get("tick") ?? "0", 10) || 0);
  }

  #build() {
    const { events, rug_tick: rug } = this.#game;
    this.#items = events.map((event) => {
      const go = () => this.transport.seek(event.tick);
      const late = ORDERED.has(event.kind) && event.decided_tick !== null && event.decided_tick !== event.tick;
      const decided = late ? `, decided at ${event.decided_tick}` : "";
      return el(
        "li", { data: { kind: event.kind } },
        el("button", { class: "decision", type: "button", on: { click: go } },
          el("span", { class: "row between" }, el("strong", {}, `${eventWords(event)} ${event.amount ? formatSol(event.amount) : ""}`), el("span", { class: "num muted" }, `tick ${formatCount(event.tick)}${decided}`)),
          el("span", { class: "size-12 why" }, event.message || event.why),
          event.profit ? el("span", { class: `num size-12 ${event.profit > 0 ? "up" : "down"}` }, `${formatSol(event.profit, { sign: true })} SOL`) : null));
    });
    byId("decisions").replaceChildren(...(this.#items.length ? this.#items : [el("li", { class: "muted body" }, "Nothing was done in this game.")]));
    for (const name of ACCOUNT) {
      const value = el("dd", { data: { account: name } });
      this.#cells.set(name, value);
      byId("account").append(el("div", { class: "figure" }, el("dt", {}, name), value));
    }
    byId("credit").append(attribution());
    setText(byId("place"), `game ${formatCount(this.#game.number)} of ${formatCount(this.#game.games)} · ${rug === null ? "its end was not seen" : `rug at ${formatCount(rug)}`}`);
  }

  #moved(tick, settled) {
    this.#drawChart(tick);
    this.#strip.show(tick);
    const price = this.#game.prices[tick] ?? null;
    put(byId("price"), formatPrice(price), price === null ? "" : String(price));
    setText(byId("tick"), `tick ${formatCount(tick)} of ${formatCount(this.#game.prices.length - 1)}`);
    const past = this.#game.events.filter((event) => event.tick <= tick);
    this.#drawAccount(past.at(-1), price);
    this.#drawDecisions(past, tick);
    if (settled) this.#keep(tick);
  }

  #drawChart(tick) {
    if (tick < this.#shown) {
      this.#series = new PriceSeries();
      this.#shown = -1;
    }
    for (let next = this.#shown + 1; next <= tick; next += 1) this.#series.tell(next, this.#game.prices[next] ?? null);
    this.#shown = tick;
    const { rug_tick: rug, events } = this.#game;
    const marks = marksOf(events.filter((event) => event.tick <= tick), { wordsFrom: tick - FRESH_TICKS });
    this.#chart.show({ gameId: this.#game.game_id, candles: this.#series.candles, rugTick: rug !== null && tick >= rug ? rug : null, marks });
    const all = Math.max(FEWEST, Math.ceil(this.#game.prices.length / CANDLE_TICKS));
    const view = Math.min(all, Math.max(20, Math.round(byId("chart").clientWidth / CANDLE_PX)));
    const first = Math.max(0, Math.min(all - view, Math.floor(tick / CANDLE_TICKS - LEAD * view)));
    this.#chart.room(first, first + view);
  }

  #drawAccount(last, price) {
    const cash = last?.cash ?? this.#game.cash_before;
    const held = last?.qty_held ?? 0;
    const staked = last?.staked ?? 0;
    const worth = held && price !== null ? held * price : 0;
    const all = cash + staked + worth;
    const told = { cash, held, worth, "at stake": staked, "in all": all, "this game": all - this.#game.cash_before };
    for (const [name, value] of Object.entries(told)) {
      put(this.#cells.get(name), formatSol(value, { sign: name === "this game" }), formatSolExact(value));
    }
    const gained = Math.abs(told["this game"]) < 0.0005 ? 0 : told["this game"];
    this.#cells.get("this game").className = `${gained > 0 ? "up" : gained < 0 ? "down" : ""}`;
  }

  #drawDecisions(past, tick) {
    this.#items.forEach((item, at) => {
      item.dataset.past = String(at < past.length);
      if (at === past.length - 1) item.setAttribute("aria-current", "step");
      else item.removeAttribute("aria-current");
    });
    setText(byId("decided"), `${past.length} of ${this.#game.events.length}`);
    const here = past.filter((event) => event.tick === tick);
    const event = here.at(-1) ?? past.at(-1);
    const words = event ? `${here.length ? "" : `tick ${formatCount(event.tick)}: `}${here.length > 1 ? here.map(eventWords).join(", ") : eventWords(event)}${event.amount ? ` ${formatSol(event.amount)} SOL` : ""} at ${formatPrice(event.price)}: ${event.message || event.why || "—"}` : "Nothing was done up to this tick.";
    setText(byId("said"), words);
    byId("said").dataset.now = String(here.length > 0);
    const current = this.#items[past.length - 1];
    if (current) scrollInside(byId("decisions"), current);
  }

  /** Put the tick and the speed into the address, once they stand. */
  #keep(tick) {
    clearTimeout(this.#settling); // browsers refuse an address that changes on every move
    this.#settling = setTimeout(() => {
      const asked = new URLSearchParams();
      if (tick) asked.set("tick", String(tick));
      if (this.transport.speed !== 1) asked.set("speed", String(this.transport.speed));
      history.replaceState(null, "", asked.size ? `?${asked}` : location.pathname);
    }, 250);
  }
}

function scrollInside(box, item) {
  const top = item.offsetTop - box.offsetTop;
  if (top < box.scrollTop || top + item.offsetHeight > box.scrollTop + box.clientHeight) box.scrollTop = top - box.clientHeight / 3;
}

function link(id, key, label, goal) {
  const node = byId(id);
  if (!goal) return;
  node.href = `${base}/games/${encodeURIComponent(goal)}`;
  node.removeAttribute("aria-disabled");
  shell.key(key, label, () => location.assign(node.href));
}

const holder = el("div");
load(holder, () => get(`/api${base}/games/${encodeURIComponent(gameId)}`), (game) => {
  setText(byId("back"), game.strategy);
  byId("back").href = `${base}?tab=trades&game=${encodeURIComponent(gameId)}`;
  link("before", "p", "The game before it with a bet", game.before);
  link("after", "n", "The next game with a bet", game.after);
  new Playback(game);
}).then((drawn) => {
  if (!drawn) byId("fault").replaceChildren(holder);
});
