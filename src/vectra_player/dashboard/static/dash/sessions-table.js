// Recording sessions as rows; the home page shows the last ones, the recording page all.

import { formatBytes, formatCount, formatDateTime, formatDuration, formatUtc } from "/static/sdk/format.js";
import { el, emptyState } from "/static/ui/dom.js";

const ms = (micros) => micros / 1000;

export const noSession = () => emptyState("No session is filed yet", "What is recorded is filed within a minute. Else start recording, or import files.");

export const SESSION_COLUMNS = [
  { label: "started", name: "num", cell: (row) => el("a", { href: `/recording?session=${encodeURIComponent(row.session_id)}` }, formatDateTime(ms(row.started_at))), title: (row) => formatUtc(ms(row.started_at)) },
  { label: "lasted", name: "num", cell: (row) => formatDuration(ms(row.ended_at - row.started_at)) },
  { label: "source", cell: (row) => row.source, title: (row) => row.origin || "origin not known" },
  { label: "games", name: "num", cell: (row) => (row.games ? el("a", { href: `/games?session=${encodeURIComponent(row.session_id)}` }, formatCount(row.games)) : "0") },
  { label: "events", name: "num", cell: (row) => formatCount(row.events) },
  { label: "size", name: "num", cell: (row) => formatBytes(row.bytes), hint: "of its packets as captured" },
  { label: "gaps", name: "num", cell: (row) => el("span", { class: row.gaps ? "rug" : "" }, formatCount(row.gaps)) },
  { label: "end", cell: (row) => el("span", { class: "chip", data: { ended: row.ended } }, row.ended) },
  { label: "session", name: "num muted", cell: (row) => row.session_id.slice(0, 8), title: (row) => row.session_id },
];

const SHORT = new Set(["started", "lasted", "games", "events", "gaps", "end"]);

/** Fewer columns, for a narrow card. */
export const SHORT_COLUMNS = SESSION_COLUMNS.filter((column) => SHORT.has(column.label));
