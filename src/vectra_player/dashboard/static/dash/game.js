// One game: candles with its trades and sidebets, a timeline, and tabs with the details.

import { formatCount, formatDateTime, formatDuration, formatPrice, formatTime, formatUtc, put } from "/static/sdk/format.js";
import { mountShell } from "/static/shell.js";
import { get } from "/static/ui/api.js";
import { byId, el, setText } from "/static/ui/dom.js";
import { PANELS } from "/static/dash/game-panels.js";
import { GameView } from "/static/dash/game-view.js";
import { LiveShell } from "/static/dash/live-shell.js";
import { load } from "/static/dash/load.js";
import { arrowTabs, markTab } from "/static/dash/tabs.js";

const TABLES = [
  ["game_tick", "Ticks"], ["other_player", "Trades"], ["sidebet", "Sidebets"], ["ws_event", "Raw events"], ["game", "Game row"],
];

const gameId = byId("game").dataset.game;
const path = `/api/games/${encodeURIComponent(gameId)}`;
const shell = mountShell({ page: "games" });
new LiveShell(shell);

const ms = (micros) => (micros === null || micros === undefined ? null : micros / 1000);

function figures({ facts, prices, trades, own, sidebets }) {
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
    ["trades seen", formatCount(trades.length + own.length), `${own.length ? `${formatCount(own.length)} of them yours; ` : ""}the server counts ${formatCount(facts.trade_count)}; the feed shows a part of them`],
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

/** Keep what is shown in the address. */
function remember(name, value) {
  const asked = new URLSearchParams(location.search);
  if (value === null) asked.delete(name);
  else asked.set(name, value);
  history.replaceState(null, "", asked.size ? `?${asked}` : location.pathname);
}

const drawn = new Map();
arrowTabs(byId("tabs"));

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
    markTab(bar, panel.id);
    byId("panel").setAttribute("aria-labelledby", `tab-${panel.id}`);
    if (keep) remember("tab", panel.id === PANELS[0].id ? null : panel.id);
    const box = drawn.get(panel.id) ?? el("div");
    const fresh = !drawn.has(panel.id);
    drawn.set(panel.id, box);
    byId("panel").replaceChildren(box);
    if (fresh) load(box, () => panel.ask(path, game), (data) => panel.draw(box, data, { path, game }));
  }

  choose(new URLSearchParams(location.search).get("tab") ?? PANELS[0].id, { keep: false });
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
load(holder, () => get(path), (game) => {
  setText(byId("origin"), game.facts.origin || game.facts.source);
  figures(game);
  view.draw(game);
  drawTabs(game);
  byId("own-play").hidden = !game.own.length && !game.sidebets.some((bet) => bet.own);
}).then((shown) => {
  if (!shown) byId("fault").replaceChildren(holder);
});
drawDownloads();
shell.key("p", "Replay this game", () => byId("replay").click());
document.addEventListener("click", (event) => {
  if (!event.target.closest("#download")) byId("download").open = false;
});
