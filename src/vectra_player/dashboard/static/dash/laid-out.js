// Puts a report on a page: sentences, tables, code and figures that the server drew (data/laid_out.py).

import { el } from "/static/ui/dom.js";

/** Turn SVG text of ours into an element; it stays a picture, no script of it runs. */
export function picture(svg, label) {
  const node = document.importNode(new DOMParser().parseFromString(svg, "image/svg+xml").documentElement, true);
  node.setAttribute("role", "img");
  node.setAttribute("aria-label", label);
  return node;
}

/** A figure of a report, as wide as its column. */
export function figure({ title, caption, svg }) {
  const drawn = picture(svg, title);
  drawn.removeAttribute("width");
  drawn.removeAttribute("height");
  return el("figure", { class: "laid-figure" }, el("h4", {}, title), drawn, el("figcaption", { class: "muted size-12" }, caption));
}

export function laidTable({ columns, rows, note, words }, caption = "") {
  const tone = (at) => (at === 0 ? "" : words[at] ? "words" : "num");
  const head = el("tr", {}, ...columns.map((name, at) => el("th", { class: tone(at), scope: "col" }, name)));
  const body = rows.map((row) => el("tr", {}, ...row.map((cell, at) => el("td", { class: tone(at) }, cell))));
  const title = caption ? el("caption", { class: "visually-hidden" }, caption) : null;
  const whole = el("table", { class: "laid-table" }, title, el("thead", {}, head), el("tbody", {}, ...body));
  return el(
    "div", { class: "stack tight" },
    el("div", { class: "table-box", tabindex: "0", role: "region", "aria-label": caption || columns.join(", ") }, whole),
    note ? el("p", { class: "muted size-12" }, note) : null,
  );
}

const PARTS = {
  prose: ({ paragraphs }) => el("div", { class: "stack tight prose" }, ...paragraphs.map((text) => el("p", {}, text))),
  code: ({ text }) => el("pre", { class: "code", tabindex: "0" }, text),
  table: laidTable,
  figure,
};

/** A section with its heading; figures stand first, as in the report. */
export function section({ title, parts }) {
  const drawn = parts.map((part) => PARTS[part.type](part, title));
  return el("section", { class: "laid-section stack" }, title ? el("h3", {}, title) : null, ...drawn);
}

/** How to repeat a report. */
export function manifest(lines) {
  const facts = Object.entries(lines).flatMap(([name, value]) => [el("dt", {}, name), el("dd", { class: "num" }, value)]);
  return el("details", { class: "manifest" }, el("summary", {}, "How this was made"), el("dl", { class: "facts" }, ...facts));
}
