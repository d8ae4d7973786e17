// The log of actions, and how long each part of their way took. Filters and page live in the address.

import { formatCount, formatDateTime, formatLatency, formatPrice, formatSol, formatUtc, UNKNOWN } from "/static/sdk/format.js";
import { mountShell } from "/static/shell.js";
import { get, poll } from "/static/ui/api.js";
import { byId, el, emptyState, setText } from "/static/ui/dom.js";
import { Filtered } from "/static/dash/filtered.js";
import { histogram } from "/static/dash/histogram.js";
import { load, refresh } from "/static/dash/load.js";
import { LiveShell } from "/static/dash/live-shell.js";
import { drawPager, table } from "/static/dash/table.js";
import { counted } from "/static/dash/words.js";

const EVERY_MS = 5_000; // actions are filed once a minute, and when recording stops
const PARTS = { press: "Press", send: "Send", confirm: "Confirm", total: "Total" };

const shell = mountShell({ page: "actions" });
new LiveShell(shell);
const rows = byId("rows");
const list = new Filtered({
  path: "/actions",
  form: byId("filters"),
  defaults: { page: "1", size: "50" },
  clear: byId("clear"),
  shell,
  show: () => load(rows, ask, draw, { rows: 8 }),
});

const what = (action) => (action.percentage === null ? formatSol(action.amount) : `${formatCount(action.percentage)} %`);
const said = ({ action_type: type, button }) => (type === "BET_INCREMENT" || type === "PERCENTAGE" ? `${button} pressed` : type);

const COLUMNS = [
  { label: "time", name: "num", cell: (action) => formatDateTime(action.ts), title: (action) => formatUtc(action.ts) },
  { label: "action", cell: said, title: (action) => action.action_id },
  { label: "of", name: "num", cell: what },
  { label: "mode", cell: (action) => el("span", { class: "chip", data: { mode: action.mode } }, action.mode) },
  { label: "by", cell: (action) => action.actor, title: (action) => action.strategy ?? "" },
  { label: "outcome", cell: (action) => el("span", { class: "chip", data: { outcome: action.outcome } }, action.outcome), title: (action) => action.error ?? "" },
  { label: "at tick", name: "num", cell: (action) => formatCount(action.tick), title: (action) => action.phase ?? "" },
  { label: "price", name: "num", cell: (action) => formatPrice(action.executed_price ?? action.price), hint: "executed, else seen at the press" },
  { label: "profit", name: "num", cell: (action) => (action.profit === null ? UNKNOWN : formatSol(action.profit, { sign: true })) },
  { label: "total", name: "num", cell: (action) => formatLatency(action.total_ms), title: (action) => (action.server_kind ? `first reply: ${action.server_kind}` : "") },
  { label: "game", cell: (action) => (action.game_id ? el("a", { class: "num", href: `/games/${encodeURIComponent(action.game_id)}` }, action.game_id) : UNKNOWN) },
  { label: "note", name: "muted", cell: (action) => action.error ?? "" },
];

const ask = () => get(`/api/actions${list.query}`);

function draw(told) {
  setText(byId("count"), counted(told.total, "action"));
  byId("latency").replaceChildren(...told.latency.map((part) => histogram(PARTS[part.part], part, told.edges_ms)));
  if (told.actions.length) rows.replaceChildren(table(COLUMNS, told.actions, { caption: "Actions, newest first" }));
  else if (list.query) rows.replaceChildren(emptyState("No action fits", "Loosen the filters.", el("button", { class: "button", type: "button", on: { click: () => list.clear() } }, "Show all actions")));
  else rows.replaceChildren(emptyState("Nothing was pressed or traded yet", "Trade on paper beside the live game, or play by hand in the recorded Chrome. What is done appears here once it is filed, at most a minute later.", el("a", { class: "button primary", href: "/backtest/paper" }, "Trade on paper")));
  drawPager(byId("pager"), told, (page) => list.go({ page }));
}

list.show();
poll(async () => refresh(rows, ask, draw), EVERY_MS);
