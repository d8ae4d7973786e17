// The table of games: filters, sort and page live in the address.

import { formatCount, formatDateTime, formatPrice, formatUtc } from "/static/sdk/format.js";
import { mountShell } from "/static/shell.js";
import { get } from "/static/ui/api.js";
import { byId, el, emptyState, setText } from "/static/ui/dom.js";
import { Filtered } from "/static/dash/filtered.js";
import { load } from "/static/dash/load.js";
import { LiveShell } from "/static/dash/live-shell.js";
import { drawPager, table } from "/static/dash/table.js";
import { counted } from "/static/dash/words.js";

const shell = mountShell({ page: "games" });
new LiveShell(shell);
const rows = byId("rows");
const list = new Filtered({
  path: "/games",
  form: byId("filters"),
  defaults: { origin: "all", sort: "time", order: "desc", page: "1", size: "50" },
  clear: byId("clear"),
  shell,
  show,
});

const ended = (game) => (game.ended_at ?? game.started_at ?? null) && (game.started_at ?? game.ended_at) / 1000;

const COLUMNS = [
  { label: "game", cell: (game) => el("a", { class: "num", href: `/games/${encodeURIComponent(game.game_id)}` }, game.game_id) },
  { label: "peak", name: "num", sort: "peak", cell: (game) => formatPrice(game.peak), title: (game) => String(game.peak ?? "not known") },
  { label: "ticks", name: "num", sort: "ticks", cell: (game) => formatCount(game.rug_tick), hint: "ticks until the rug" },
  { label: "started", name: "num", sort: "time", cell: (game) => formatDateTime(ended(game)), title: (game) => formatUtc(ended(game)) },
  { label: "trades", name: "num", sort: "trades", cell: (game) => formatCount(game.trade_count) },
  { label: "players", name: "num", sort: "players", cell: (game) => formatCount(game.players_max), hint: "most at once" },
  { label: "recorded", cell: (game) => el("span", { class: "chip", data: { complete: game.completeness } }, game.completeness) },
  { label: "missing", name: "num", sort: "missing", cell: (game) => formatCount(game.ticks_missing), hint: "ticks nobody recorded" },
  { label: "seed", cell: (game) => (game.has_seed ? "revealed" : game.has_hash ? "hash only" : "—"), title: (game) => (game.commitment_seen ? "the hash was recorded before the game" : "the hash was not recorded before the game") },
  { label: "origin", name: "muted", cell: (game) => game.origin || game.source },
];

function draw(told) {
  setText(byId("count"), counted(told.total, "game"));
  const sorting = {
    by: list.value("sort"),
    order: list.value("order"),
    choose: (by) => list.go({ sort: by, order: sorting.by === by && sorting.order === "desc" ? "asc" : "desc", page: 1 }),
  };
  if (told.games.length) {
    const open = (game, event) => (event.metaKey || event.ctrlKey ? window.open(gameUrl(game)) : location.assign(gameUrl(game)));
    rows.replaceChildren(table(COLUMNS, told.games, { sorting, caption: "Recorded games", open }));
  } else if (list.query) {
    const clear = el("button", { class: "button", type: "button", on: { click: () => list.clear() } }, "Show all games");
    rows.replaceChildren(emptyState("No game fits", "Loosen the filters.", clear));
  } else {
    const start = el("a", { class: "button primary", href: "/recording" }, "Record or import");
    rows.replaceChildren(emptyState("No game is on disk yet", "A game appears here once it is filed, at most a minute after its end.", start));
  }
  drawPager(byId("pager"), told, (page) => list.go({ page }));
}

const gameUrl = (game) => `/games/${encodeURIComponent(game.game_id)}`;

function show() {
  load(rows, () => get(`/api/games${list.query}`), draw, { rows: 12 }).then((drawn) => {
    if (!drawn) byId("pager").hidden = true;
  });
}

list.show();
