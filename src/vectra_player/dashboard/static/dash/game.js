// One game: candles with its trades and sidebets, a timeline, and tabs with the details.

import { formatCount, formatDateTime, formatDuration, formatPrice, formatSol, formatTime, formatUtc, put } from "/static/sdk/format.js";
import { CANDLE_TICKS, PriceSeries } from "/static/sdk/candles.js";
import { mountShell, neighbourUrl } from "/static/shell.js";
import { get, post } from "/static/ui/api.js";
import { CandleChart, attribution } from "/static/ui/candles.js";
import { byId, el, setText } from "/static/ui/dom.js";
import { PANELS } from "/static/dash/game-panels.js";
import { LiveShell } from "/static/dash/live-shell.js";
import { faultOf, load, tell } from "/static/dash/load.js";
import { timeline } from "/static/dash/timeline.js";

const NOTABLE = 40;
const TABLES = [
  ["game_tick", "Ticks"], ["other_player", "Trades"], ["sidebet", "Sidebets"], ["ws_event", "Raw events"], ["game", "Game row"],
];

const gameId = byId("game").dataset.game;
const path = `/api/games/${encodeURIComponent(gameId)}`;
const shell = mountShell({ page: "games" });
new LiveShell(shell);

const ms = (micros) => (micros === null || micros === undefined ? null : micros / 1000);

function figures({ facts, prices, trades, sidebets }) {
  const length = facts.ended_at !== null && facts.started_at !== null ? (facts.ended_at - facts.started_at) / 1000 : null;
  const began = ms(facts.started_at ?? facts.ended_at);
  const known = prices.filter((price) => price !== null).length;
  const items = [
    ["peak", formatPrice(facts.peak), String(facts.peak ?? "")],
    ["rug tick", formatCount(facts.rug_tick)],
    ["rug price", formatPrice(facts.rug_price), String(facts.rug_price ?? "")],
    ["date", formatDateTime(began).slice(0, 10), formatUtc(began)],
    ["started", formatTime(began), formatUtc(began)],
    ["lasted", formatDuration(length)],
    ["prices", `${formatCount(known)} of ${formatCount(prices.length)}`, "prices known, of the ticks of the game"],
    ["trades seen", formatCount(trades.length), `the server counts ${formatCount(facts.trade_count)}; the feed shows a part of them`],
    ["sidebets", formatCount(sidebets.length)],
    ["recorded", facts.completeness],
  ];
  byId("figures").replaceChildren(
    ...items.map(([name, text, title = ""]) => {
      const value = el("dd", { title });
      put(value, text, title);
      return el("div", { class: "figure" }, el("dt", {}, name), value);
    }),
  );
}

/** One sidebet of those that begin in the same candle, an own one first; the strip below has all. */
function onePerCandle(bets) {
  const chosen = new Map();
  for (const bet of bets) {
    const candle = Math.floor(bet.start_tick / CANDLE_TICKS);
    if (!chosen.has(candle) || bet.own) chosen.set(candle, bet);
  }
  return chosen.values();
}

/** The largest trades, and where sidebets began, as marks of the chart. */
function marksOf({ trades, sidebets }, shown) {
  const marks = [];
  if (shown.trades) {
    const placed = trades.filter((trade) => trade.tick !== null && trade.tick >= 0);
    const largest = [...placed].sort((a, b) => Number(b.amount) - Number(a.amount)).slice(0, NOTABLE);
    for (const { tick, action } of largest) {
      const buys = action === "BUY" || action === "SHORT_CLOSE";
      marks.push({ tick, kind: buys ? "up" : "down", text: "", size: 0.5 });
    }
  }
  if (shown.sidebets) {
    for (const bet of onePerCandle(sidebets)) marks.push({ tick: Math.max(0, bet.start_tick), kind: bet.own ? "own" : "sidebet", text: "", size: 0.5 });
  }
  return marks;
}

class GameView {
  #shown = { trades: true, sidebets: true };
  #series = new PriceSeries();
  #chart;
  #game = null;

  constructor() {
    this.#chart = new CandleChart(byId("chart"), { onRead: (index) => this.#read(index) });
    byId("chart-foot").append(el("span", { class: "muted size-12" }, "five ticks a candle; arrows: the largest trades; dots: sidebets began"), attribution());
    for (const button of document.querySelectorAll("[data-mark]")) {
      button.addEventListener("click", () => {
        const on = button.getAttribute("aria-pressed") !== "true";
        button.setAttribute("aria-pressed", String(on));
        this.#shown[button.dataset.mark] = on;
        this.#drawChart();
      });
    }
  }

  draw(game) {
    this.#game = game;
    const origin = game.facts.origin || game.facts.source;
    setText(byId("origin"), origin);
    game.prices.forEach((price, tick) => this.#series.tell(tick, price));
    figures(game);
    this.#drawChart();
    this.#chart.fit();
    byId("windows").replaceChildren(timeline(game));
    drawTabs(game);
  }

  #drawChart() {
    const { facts } = this.#game;
    const candles = this.#series.candles;
    this.#chart.show({ gameId, candles, rugTick: facts.rug_tick, marks: marksOf(this.#game, this.#shown) });
  }

  #read(index) {
    const candle = index === null ? null : this.#series.candles[index];
    if (!candle) {
      setText(byId("reading"), "");
      return;
    }
    const ticks = `${candle.tick}–${candle.tick + 4}`;
    const prices = [["O", candle.open], ["H", candle.high], ["L", candle.low], ["C", candle.close]];
    const told = this.#game.trades.filter((trade) => trade.tick >= candle.tick && trade.tick < candle.tick + 5);
    const sums = told.length ? `  ${told.length} trades ${formatSol(told.reduce((sum, trade) => sum + Number(trade.amount ?? 0), 0))} SOL` : "";
    const missing = candle.missing ? `  ${candle.missing} ticks missing` : "";
    setText(byId("reading"), `tick ${ticks}  ${prices.map(([name, price]) => `${name} ${formatPrice(price)}`).join("  ")}${sums}${missing}`);
  }
}

const drawn = new Map();

function drawTabs(game) {
  const bar = byId("tabs");
  const tabs = PANELS.map(({ id, label, count }) => {
    const number = count?.(game);
    const text = number === undefined ? label : `${label} ${formatCount(number)}`;
    return el("button", { class: "tab", type: "button", role: "tab", id: `tab-${id}`, "aria-controls": "panel", data: { tab: id }, on: { click: () => choose(id) } }, text);
  });
  bar.replaceChildren(...tabs);

  function choose(id, { keep = true } = {}) {
    const panel = PANELS.find((each) => each.id === id) ?? PANELS[0];
    for (const tab of tabs) tab.setAttribute("aria-selected", String(tab.dataset.tab === panel.id));
    byId("panel").setAttribute("aria-labelledby", `tab-${panel.id}`);
    if (keep) history.replaceState(null, "", panel.id === PANELS[0].id ? location.pathname : `?tab=${panel.id}`);
    const box = drawn.get(panel.id) ?? el("div");
    const fresh = !drawn.has(panel.id);
    drawn.set(panel.id, box);
    byId("panel").replaceChildren(box);
    if (fresh) load(box, () => panel.ask(path, game), (data) => panel.draw(box, data, { path, game }));
  }

  bar.addEventListener("keydown", (event) => {
    const way = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    const here = tabs.indexOf(document.activeElement);
    if (!way || here < 0) return;
    event.preventDefault();
    const next = tabs[(here + way + tabs.length) % tabs.length];
    next.focus();
    next.click();
  });
  choose(new URLSearchParams(location.search).get("tab") ?? PANELS[0].id, { keep: false });
}

async function replay() {
  const button = byId("replay");
  button.disabled = true;
  tell(null);
  try {
    const { port, path: place } = await post(`${path}/replay`, {});
    location.assign(neighbourUrl(port, place));
  } catch (error) {
    byId("fault").replaceChildren(faultOf(error));
  }
  button.disabled = false;
}

function drawDownloads() {
  const line = ([name, label]) =>
    el(
      "li", { class: "row between" }, el("span", {}, label),
      el("span", { class: "row" }, ...["jsonl", "csv", "parquet"].map((format) =>
        el("a", { class: "chip", href: `/games/${encodeURIComponent(gameId)}/download?doc_type=${name}&format=${format}`, download: "" }, format))),
    );
  byId("download").querySelector(".menu-box").replaceChildren(el("ul", { class: "stack" }, ...TABLES.map(line)));
}

const view = new GameView();
const holder = el("div");
load(holder, () => get(path), (game) => view.draw(game)).then((shown) => {
  if (!shown) byId("fault").replaceChildren(holder);
});
drawDownloads();
byId("replay").addEventListener("click", replay);
shell.key("p", "Replay this game", replay);
document.addEventListener("click", (event) => {
  if (!event.target.closest("#download")) byId("download").open = false;
});
