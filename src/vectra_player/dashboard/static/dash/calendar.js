// A year as a grid of days, a week a column. Whoever draws it says what each day looks like.

import { byId, el, svg } from "/static/ui/dom.js";

const CELL = 13;
const TOP = 16;
const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
const DAY_MS = 86_400_000;
const SIGNS = { plus: "M3 5.5h5M5.5 3v5", minus: "M3 5.5h5" };

/** One year. `look(day)`: {name (class), words, href, sign ("plus", "minus" or null)} of a day that has something. */
function grid(days, year, look, label) {
  const byDate = new Map(days.map((day) => [day.date, day]));
  const first = Date.UTC(year, 0, 1);
  const offset = (new Date(first).getUTCDay() + 6) % 7;
  const parts = [];
  const links = [];
  for (let at = first; at < Date.UTC(year + 1, 0, 1); at += DAY_MS) {
    const index = Math.round((at - first) / DAY_MS) + offset;
    const [x, y] = [Math.floor(index / 7) * CELL, TOP + (index % 7) * CELL];
    const date = new Date(at);
    if (date.getUTCDate() === 1) parts.push(svg("text", { x, y: 10 }, MONTHS[date.getUTCMonth()]));
    const day = byDate.get(date.toISOString().slice(0, 10));
    const told = day ? look(day) : { name: "level-0" };
    const cell = svg("rect", { x, y, width: CELL - 2, height: CELL - 2, rx: 2, class: told.name });
    if (!day) {
      parts.push(cell);
      continue;
    }
    const link = svg("a", { href: told.href, "aria-label": told.words }, cell);
    if (told.sign) link.append(svg("path", { class: "sign", d: SIGNS[told.sign], transform: `translate(${x} ${y})` }));
    link.append(svg("title", {}, told.words));
    links.push(link);
  }
  return svg("svg", { viewBox: `0 0 ${54 * CELL} ${TOP + 7 * CELL}`, class: "calendar", role: "group", "aria-label": label(year) }, ...parts, ...links);
}

/**
 * Draw the chosen year, or the last one that has any day, into `box`, with buttons for the years in
 * `years`. `words(count, year)` says under it what is shown; `empty` what to say without a day.
 */
export function drawCalendar({ box, years, days, chosen = null, look, label, words, empty }) {
  const found = [...new Set(days.map((day) => Number(day.date.slice(0, 4))))].sort();
  const year = found.includes(chosen) ? chosen : found.at(-1);
  const again = (each) => drawCalendar({ box, years, days, chosen: each, look, label, words, empty });
  const buttons = found.slice(-6).map((each) =>
    el("button", { class: "chip num", type: "button", "aria-pressed": String(each === year), on: { click: () => again(each) } }, String(each)));
  byId(years).replaceChildren(...(found.length > 1 ? buttons : [el("span", { class: "muted num size-12" }, year ? String(year) : "")]));
  const shown = days.filter((day) => Number(day.date.slice(0, 4)) === year);
  if (!shown.length) {
    byId(box).replaceChildren(el("p", { class: "muted" }, empty));
    return;
  }
  const scroller = el("div", { class: "calendar-box", tabindex: "0", role: "region", "aria-label": label(year) }, grid(shown, year, look, label));
  byId(box).replaceChildren(scroller, el("p", { class: "muted size-12" }, words(shown.length, year)));
}
