// One session over time: a row of bars for each doc type, gaps in red, reconnects as ticks.

import { formatCount, formatDateTime, formatDuration, formatTime, formatUtc } from "/static/sdk/format.js";
import { byId, el, setText, svg } from "/static/ui/dom.js";
import { counted } from "/static/dash/words.js";

const WIDTH = 1000;
const HEIGHT = 20;
const TICKS = 4;

const ms = (micros) => micros / 1000;
const picture = (height, ...children) => svg("svg", { viewBox: `0 0 ${WIDTH} ${height}`, preserveAspectRatio: "none", "aria-hidden": "true" }, ...children);

/** Heights on a root scale, so that one burst does not hide the rest; anything is at least a line. */
export function heightsOf(bars) {
  const most = Math.max(1, ...bars);
  return bars.map((count) => (count ? Math.max(2, HEIGHT * Math.sqrt(count / most)) : 0));
}

function bars({ bars: counts }, overlay) {
  const width = WIDTH / counts.length;
  const path = heightsOf(counts).map((height, at) => (height ? `M${(at * width).toFixed(1)} ${HEIGHT}h${Math.max(1, width - 0.6).toFixed(1)}v${(-height).toFixed(1)}h${(-Math.max(1, width - 0.6)).toFixed(1)}z` : "")).join("");
  return picture(HEIGHT, svg("path", { class: "bar", d: path }), ...overlay.map((node) => node.cloneNode(true)));
}

/** What lies over every row: gaps, and where sockets came and went. */
function overlayOf({ first_ts: first, last_ts: last, gaps, connects, lost }) {
  const x = (ts) => Math.max(0, Math.min(WIDTH, (WIDTH * (ts - first)) / Math.max(1, last - first)));
  const tick = (name) => (ts) => svg("line", { class: name, x1: x(ts).toFixed(1), x2: x(ts).toFixed(1), y1: 0, y2: HEIGHT });
  return [
    ...gaps.map((gap) => svg("rect", { class: "gap", x: x(gap.from_ts).toFixed(1), y: 0, width: Math.max(2, x(gap.to_ts) - x(gap.from_ts)).toFixed(1), height: HEIGHT })),
    ...lost.map(tick("lost")),
    ...connects.slice(1).map(tick("connect")),
  ];
}

function axis({ first_ts: first, last_ts: last }) {
  const day = last - first > 86_400e6 ? formatDateTime : formatTime;
  const marks = Array.from({ length: TICKS + 1 }, (_, at) => first + ((last - first) * at) / TICKS);
  return el("div", { class: "session-axis num muted size-12" }, ...marks.map((ts) => el("span", { title: formatUtc(ms(ts)) }, day(ms(ts)))));
}

function gapList(gaps) {
  if (!gaps.length) return null;
  const line = (gap) => el("li", {}, el("span", { class: "num", title: formatUtc(ms(gap.from_ts)) }, `${formatDateTime(ms(gap.from_ts))}, ${formatDuration(ms(gap.to_ts - gap.from_ts))}`), el("span", { class: "muted wrapped" }, gap.words));
  return el("details", {}, el("summary", { class: "down no-shape" }, counted(gaps.length, "gap")), el("ul", { class: "list" }, ...gaps.map(line)));
}

/** Draw `/api/sessions/<id>/timeline`. */
export function drawSessionTimeline(told) {
  const { first_ts: first, last_ts: last, types, gaps, connects, session_id: id } = told;
  const overlay = overlayOf(told);
  const again = Math.max(0, connects.length - 1);
  setText(byId("timeline-note"), `${id.slice(0, 8)} · ${formatDateTime(ms(first))} · ${formatDuration(ms(last - first))} · ${counted(gaps.length, "gap")} · ${counted(again, "reconnect")}`);
  byId("timeline-note").title = `session ${id}`;
  const rows = types.map((type) =>
    el("div", { class: "session-line", role: "img", data: { type: type.doc_type }, "aria-label": `${type.doc_type}: ${counted(type.rows, "row")}` },
      el("span", { class: "num size-12 truncate" }, type.doc_type), bars(type, overlay), el("span", { class: "num muted size-12" }, formatCount(type.rows))));
  const key = el("p", { class: "muted size-12" }, `A step is ${formatDuration(ms(told.step_us))}; heights on a root scale of each table's own. Red: a gap; orange line: a socket was lost; blue line: it was connected again. A row of the list below shows its session.`);
  byId("timeline").replaceChildren(...[...rows, axis(told), gapList(gaps), key].filter(Boolean));
}
