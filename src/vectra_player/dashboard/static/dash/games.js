// The table of games: filters, sort and page live in the address.

import { formatCount, formatDateTime, formatPrice, formatUtc } from "/static/sdk/format.js";
import { mountShell } from "/static/shell.js";
import { get } from "/static/ui/api.js";
import { byId, el, emptyState, setText } from "/static/ui/dom.js";
import { load } from "/static/dash/load.js";
import { LiveShell } from "/static/dash/live-shell.js";
import { drawPager, table } from "/static/dash/table.js";
import { counted } from "/static/dash/words.js";

const DEFAULTS = { origin: "all", sort: "time", order: "desc", page: "1", size: "50" };
const TYPING_MS = 250;

const shell = mountShell({ page: "games" });
new LiveShell(shell);
const form = byId("filters");
const rows = byId("rows");

/** The parameters of the address, without those that say nothing. */
function wanted() {
  const asked = new URLSearchParams(location.search);
  for (const [name, value] of [...asked]) if (value === "" || DEFAULTS[name] === value) asked.delete(name);
  return asked;
}

function go(changes, { replace = false } = {}) {
  const asked = wanted();
  for (const [name, value] of Object.entries(changes)) {
    if (value === "" || value === null || DEFAULTS[name] === String(value)) asked.delete(name);
    else asked.set(name, String(value));
  }
  const address = asked.size ? `/games?${asked}` : "/games";
  if (address !== location.pathname + location.search) history[replace ? "replaceState" : "pushState"](null, "", address);
  show();
}

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
  const asked = wanted();
  const sorting = {
    by: asked.get("sort") ?? DEFAULTS.sort,
    order: asked.get("order") ?? DEFAULTS.order,
    choose: (by) => go({ sort: by, order: sorting.by === by && sorting.order === "desc" ? "asc" : "desc", page: 1 }),
  };
  if (told.games.length) {
    const open = (game, event) => (event.metaKey || event.ctrlKey ? window.open(gameUrl(game)) : location.assign(gameUrl(game)));
    rows.replaceChildren(table(COLUMNS, told.games, { sorting, caption: "Recorded games", open }));
  } else if (asked.size) {
    const clear = el("button", { class: "button", type: "button", on: { click: clearAll } }, "Show all games");
    rows.replaceChildren(emptyState("No game fits", "Loosen the filters.", clear));
  } else {
    const start = el("a", { class: "button primary", href: "/recording" }, "Record or import");
    rows.replaceChildren(emptyState("No game is on disk yet", "A game appears here once it is filed, at most a minute after its end.", start));
  }
  drawPager(byId("pager"), told, (page) => go({ page }));
}

const gameUrl = (game) => `/games/${encodeURIComponent(game.game_id)}`;

function show() {
  fill();
  const asked = wanted();
  load(rows, () => get(`/api/games${asked.size ? `?${asked}` : ""}`), draw, { rows: 12 }).then((drawn) => {
    if (!drawn) byId("pager").hidden = true;
  });
}

/** Show the filters of the address in the form. */
function fill() {
  const asked = wanted();
  for (const field of form.elements) {
    if (!field.name || field === document.activeElement) continue;
    field.value = asked.get(field.name) ?? (field.name === "origin" ? "all" : "");
  }
}

function clearAll() {
  history.pushState(null, "", "/games");
  document.activeElement?.blur?.();
  show();
}

let typing = null;
form.addEventListener("input", (event) => {
  clearTimeout(typing);
  const { name, value } = event.target;
  typing = setTimeout(() => go({ [name]: value.trim(), page: 1 }, { replace: true }), event.target.tagName === "SELECT" ? 0 : TYPING_MS);
});
form.addEventListener("submit", (event) => event.preventDefault());
byId("clear").addEventListener("click", (event) => {
  event.preventDefault();
  clearAll();
});
addEventListener("popstate", show);
if (matchMedia("(max-width: 639px)").matches) byId("filter-box").open = false;
shell.key("ArrowRight", "Next page", () => byId("pager").querySelector("[aria-label='Next page']:not(:disabled)")?.click());
shell.key("ArrowLeft", "Previous page", () => byId("pager").querySelector("[aria-label='Previous page']:not(:disabled)")?.click());
show();
