// The log of alerts. Filters and page live in the address.

import { formatDateTime, formatUtc, UNKNOWN } from "/static/sdk/format.js";
import { mountShell } from "/static/shell.js";
import { get, poll } from "/static/ui/api.js";
import { byId, el, emptyState, setText } from "/static/ui/dom.js";
import { Filtered } from "/static/dash/filtered.js";
import { load, refresh } from "/static/dash/load.js";
import { LiveShell } from "/static/dash/live-shell.js";
import { drawPager, table } from "/static/dash/table.js";
import { counted } from "/static/dash/words.js";

const EVERY_MS = 5_000;

const shell = mountShell({ page: "alerts" });
new LiveShell(shell);
const rows = byId("rows");
const list = new Filtered({
  path: "/alerts/log",
  form: byId("filters"),
  defaults: { page: "1", size: "50" },
  clear: byId("clear"),
  shell,
  show: () => load(rows, ask, draw, { rows: 8 }),
});

const COLUMNS = [
  { label: "time", name: "num time-cell", cell: (alert) => formatDateTime(alert.ts), title: (alert) => formatUtc(alert.ts) },
  { label: "severity", name: "severity-cell", cell: (alert) => el("span", { class: "chip", data: { severity: alert.severity } }, alert.severity) },
  { label: "alert", name: "wrap-cell", cell: (alert) => el("div", { class: "alert-cell", data: { severity: alert.severity } }, el("strong", {}, alert.title), el("span", { class: "muted" }, alert.message)) },
  { label: "type", cell: (alert) => el("a", { class: "num", href: `/alerts?rule=${encodeURIComponent(alert.alert_type)}` }, alert.alert_type) },
  { label: "game", cell: (alert) => (alert.game_id ? el("a", { class: "num", href: `/games/${encodeURIComponent(alert.game_id)}` }, alert.game_id) : UNKNOWN) },
];

const ask = () => get(`/api/alerts${list.query}`);

function draw(told) {
  setText(byId("count"), counted(told.total, "alert"));
  if (told.alerts.length) rows.replaceChildren(table(COLUMNS, told.alerts, { caption: "Alerts, newest first" }));
  else if (list.query) rows.replaceChildren(emptyState("No alert fits", "Loosen the filters.", el("button", { class: "button", type: "button", on: { click: () => list.clear() } }, "Show all alerts")));
  else rows.replaceChildren(emptyState("No alert was told yet", "Alerts are told while the service records. They appear here once they are filed, at most a minute later.", el("a", { class: "button primary", href: "/alerts" }, "Look at the rules")));
  drawPager(byId("pager"), told, (page) => list.go({ page }));
}

list.show();
poll(async () => refresh(rows, ask, draw), EVERY_MS);
