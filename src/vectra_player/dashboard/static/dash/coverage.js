// A year as a grid of days, darker where more was recorded; days with gaps are marked.

import { byId, el } from "/static/ui/dom.js";
import { counted } from "/static/dash/words.js";

const SVG = "http://www.w3.org/2000/svg";
const CELL = 13;
const TOP = 16;
const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
const DAY_MS = 86_400_000;

function svg(tag, attributes, ...children) {
  const node = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, String(value));
  node.append(...children);
  return node;
}

const title = (text) => svg("title", {}, text);

/** The level of a day, 0 to 4, by its events on a log scale of the busiest day. */
export function levelOf(events, most) {
  if (!events) return 0;
  return 1 + Math.min(3, Math.floor((4 * Math.log(1 + events)) / Math.log(2 + most)));
}

function grid(days, year) {
  const most = Math.max(0, ...days.map((day) => day.events));
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
    const iso = date.toISOString().slice(0, 10);
    const day = byDate.get(iso);
    const cell = svg("rect", { x, y, width: CELL - 2, height: CELL - 2, rx: 2, class: `level-${levelOf(day?.events, most)}${day?.gaps ? " gap" : ""}` });
    if (!day) {
      parts.push(cell);
      continue;
    }
    const gaps = day.gaps ? `, ${counted(day.gaps, "gap")}` : "";
    const words = `${iso} UTC: ${counted(day.events, "event")}, ${counted(day.games, "game")}${gaps}`;
    const link = svg("a", { href: `/games?since=${iso}&until=${iso}`, "aria-label": words }, cell);
    link.append(title(words));
    links.push(link);
  }
  const width = 54 * CELL;
  return svg("svg", { viewBox: `0 0 ${width} ${TOP + 7 * CELL}`, class: "calendar", role: "group", "aria-label": `Days of ${year} that were recorded` }, ...parts, ...links);
}

/** Draw the days of the year in the address or of the last one that has any. */
export function drawCoverage(days, chosen = null) {
  const years = [...new Set(days.map((day) => Number(day.date.slice(0, 4))))].sort();
  const year = years.includes(chosen) ? chosen : years.at(-1);
  const buttons = years.slice(-6).map((each) => {
    const button = el("button", { class: "chip num", type: "button", "aria-pressed": String(each === year) }, String(each));
    button.addEventListener("click", () => drawCoverage(days, each));
    return button;
  });
  byId("years").replaceChildren(...(years.length > 1 ? buttons : [el("span", { class: "muted num size-12" }, year ? String(year) : "")]));
  const shown = days.filter((day) => Number(day.date.slice(0, 4)) === year);
  if (!shown.length) {
    byId("coverage").replaceChildren(el("p", { class: "muted" }, "No day is covered yet."));
    return;
  }
  const scroller = el("div", { class: "calendar-box", tabindex: "0", role: "region", "aria-label": "Coverage" }, grid(shown, year));
  const key = el("p", { class: "muted size-12" }, `${counted(shown.length, "day")} of ${year}; orange edge: a gap was noted. A day opens its games.`);
  byId("coverage").replaceChildren(scroller, key);
}
