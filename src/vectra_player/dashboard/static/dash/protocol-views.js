// What the tabs of the Protocol Explorer show.

import { formatBytes, formatCount, formatDateTime, formatNumber, formatShare, formatTime, formatUtc, formatValue } from "/static/sdk/format.js";
import { el, emptyState, scrolling } from "/static/ui/dom.js";
import { packetTree } from "/static/dash/json-tree.js";
import { table } from "/static/dash/table.js";

const ms = (micros) => micros / 1000;

function presence(row) {
  const bar = el("progress", { max: "1", value: String(Math.min(1, row.presence)), "aria-label": "presence" });
  return el("span", { class: "row" }, bar, el("span", { class: "num" }, formatShare(row.presence)));
}

const types = (row) => Object.entries(row.types).sort((a, b) => b[1] - a[1]).map(([name]) => name).join(" | ");

function range(row) {
  if (row.low !== null) return row.low === row.high ? formatValue(row.low) : `${formatValue(row.low)} … ${formatValue(row.high)}`;
  const values = row.values === null ? [] : Object.keys(row.values);
  if (!values.length || values.length > 8) return values.length ? `${values.length} values` : "";
  return values.join(", ");
}

const valuesOf = (row) => (row.values === null ? "more values than are listed" : Object.entries(row.values).map(([value, count]) => `${value}: ${formatCount(count)}`).join("\n"));

const FIELDS = [
  { label: "field", name: "num path-cell", cell: (row) => row.path, title: (row) => row.path },
  { label: "presence", cell: presence, title: (row) => `${formatCount(row.seen)} values` },
  { label: "type", name: "type-cell", cell: types, title: (row) => Object.entries(row.types).map(([name, count]) => `${name}: ${formatCount(count)}`).join("\n") },
  { label: "range or values", name: "num range-cell", cell: range, title: valuesOf },
  { label: "example", name: "num example-cell", cell: (row) => row.example ?? "—", title: (row) => row.example ?? "no plain value" },
  { label: "first seen", name: "num muted", cell: (row) => formatDateTime(ms(row.first_ts)).slice(0, 10), title: (row) => formatUtc(ms(row.first_ts)) },
  { label: "last seen", name: "num muted", cell: (row) => formatDateTime(ms(row.last_ts)).slice(0, 10), title: (row) => formatUtc(ms(row.last_ts)) },
];

export function drawFields(box, event) {
  const known = event.known ? "known to the protocol" : "not in the known protocol";
  const broken = event.undecodable ? `, ${formatCount(event.undecodable)} not readable` : "";
  const dropped = event.paths_dropped ? ` ${formatCount(event.paths_dropped)} values of further fields are not listed.` : "";
  const line = `${formatCount(event.count)} ${event.direction} (${known})${broken}; ${formatBytes(event.bytes)} in all; ${formatDateTime(ms(event.first_ts))} to ${formatDateTime(ms(event.last_ts))}.${dropped}`;
  box.replaceChildren(
    el("div", { class: "body-text" }, el("h3", { class: "num" }, event.name), el("p", { class: "muted" }, line)),
    scrolling(el("div", { class: "table-box tall-box" }, table(FIELDS, event.fields, { caption: `Fields of ${event.name}` })), "Fields"),
  );
}

const PAYLOADS = [
  { label: "time", name: "num", cell: (row) => formatDateTime(ms(row.ts)), title: (row) => `${formatUtc(ms(row.ts))}\nsession ${row.session_id}, seq ${row.seq}` },
  { label: "event", cell: (row) => `${row.direction === "sent" ? "↑" : "↓"} ${row.name}` },
  { label: "size", name: "num", cell: (row) => formatBytes(row.size_bytes) },
  { label: "as recorded", name: "raw-cell", cell: packetTree },
];

export function drawPayloads(box, told, { asked, go }) {
  const field = el("input", { class: "input", id: "payload-search", value: asked.q ?? "", placeholder: "text anywhere in the packet", "aria-label": "Search payloads", maxlength: "200" });
  const form = el("form", { class: "row body-text", role: "search" }, field, el("button", { class: "button primary", type: "submit" }, "Search"));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    go({ q: field.value.trim(), before: null });
  });
  const every = asked.event ? el("button", { class: "chip", type: "button", on: { click: () => go({ event: null, direction: null, before: null }) } }, `only ${asked.event} ✕`) : null;
  if (every) form.append(every);
  const parts = [form];
  if (told.payloads.length) parts.push(el("div", { class: "table-box" }, table(PAYLOADS, told.payloads, { caption: "Packets" })));
  else parts.push(emptyState("No packet fits", told.searched_to ? "None was found so far." : "Search for another text or event."));
  if (told.searched_to) parts.push(el("p", { class: "muted body-text", role: "status" }, `Searched back to ${told.searched_to}; older days were not looked at yet.`));
  const pager = el("nav", { class: "pager", "aria-label": "Older packets" });
  if (asked.before) pager.append(el("button", { class: "button", type: "button", on: { click: () => go({ before: null }) } }, "Newest"));
  if (told.next) pager.append(el("button", { class: "button", type: "button", on: { click: () => go({ before: told.next }) } }, told.searched_to ? "Search further back" : "Older"));
  if (pager.childElementCount) parts.push(pager);
  box.replaceChildren(...parts);
}

function chain(each) {
  const first = each.links[0].ts;
  const span = Math.max(1, each.links.at(-1).ts - first);
  const links = each.links.map((link) => {
    const delay = (link.ts - first) / 1000;
    return el(
      "li", { class: "link", title: `${formatUtc(ms(link.ts))}, seq ${link.seq}` },
      el("span", { class: "num muted" }, `+${formatNumber(delay, { digits: delay < 10 ? 1 : 0 })} ms`),
      el("progress", { class: "delay", max: String(span), value: String(link.ts - first), "aria-hidden": "true" }),
      el("span", {}, `${link.direction === "sent" ? "↑" : "↓"} ${link.name}`),
      el("span", { class: "muted size-12" }, link.ack_id === null ? link.packet_type : `${link.packet_type} ${link.ack_id}`),
    );
  });
  return el("section", { class: "chain" }, el("h3", { class: "num size-12" }, `${each.kind} ${each.id} · ${formatTime(ms(first))}`), el("ol", {}, ...links));
}

export function drawChains(box, chains) {
  if (!chains.length) {
    box.replaceChildren(emptyState("No chain was recorded", "Requests with acks and traced events appear here; the public feed has none of your own."));
    return;
  }
  box.replaceChildren(el("p", { class: "muted body-text" }, "Packets of the last recorded days that share a trace, or a request and its ack."), ...chains.map(chain));
}

/** A drifted event, as a link to its fields. */
function eventLink(row, open) {
  const wanted = new URLSearchParams({ event: row.event, ...(row.direction === "sent" ? { direction: "sent" } : {}) });
  const click = (event) => {
    if (event.metaKey || event.ctrlKey) return;
    event.preventDefault();
    open(row);
  };
  return el("a", { href: `/protocol?${wanted}`, on: { click } }, `${row.direction === "sent" ? "↑" : "↓"} ${row.event}`);
}

const driftOf = (open) => [
  { label: "kind", cell: (row) => el("span", { class: "chip", data: { drift: row.kind } }, row.kind) },
  { label: "event", cell: (row) => eventLink(row, open) },
  { label: "field", name: "num path-cell", cell: (row) => row.path, title: (row) => row.path },
  { label: "what", name: "wrap-cell", cell: (row) => row.words },
  { label: "when", name: "num", cell: (row) => formatDateTime(ms(row.ts)).slice(0, 10), title: (row) => formatUtc(ms(row.ts)) },
  { label: "session", name: "num", cell: (row) => (row.session_id ? el("a", { href: `/recording?session=${encodeURIComponent(row.session_id)}` }, row.session_id.slice(0, 8)) : "—"), title: (row) => row.session_id ?? "not known" },
];

export function drawDrift(box, lines, { go }) {
  if (!lines.length) {
    box.replaceChildren(emptyState("Nothing drifted", "Everything recorded is as the known protocol says."));
    return;
  }
  const open = (row) => go({ event: row.event, direction: row.direction === "sent" ? "sent" : null, tab: null });
  box.replaceChildren(
    el("p", { class: "muted body-text" }, "Recorded, but not in the known protocol, or in another form, with the session that shows it. Everything is stored exactly all the same."),
    scrolling(el("div", { class: "table-box tall-box" }, table(driftOf(open), lines, { caption: "Drift", open })), "Drift"),
  );
}
