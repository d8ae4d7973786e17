// Tables of the pages: a head that sorts, rows of cells, and a pager. Everything is text.

import { formatCount } from "/static/sdk/format.js";
import { el } from "/static/ui/dom.js";

/**
 * Make a table. `columns`: {key, label, name (class), cell(row) -> node or text, title(row), sort}.
 * `sorting`: {by, order, choose(by)} for columns whose `sort` is a name.
 */
export function table(columns, rows, { sorting = null, caption = "", open = null } = {}) {
  const head = el("tr", {}, ...columns.map((column) => headCell(column, sorting)));
  const body = rows.map((row) => {
    const line = el("tr", open ? { class: "opens" } : {}, ...columns.map((column) => bodyCell(column, row)));
    if (open) {
      line.addEventListener("click", (event) => {
        if (!event.target.closest("a, button, summary") && !String(getSelection())) open(row, event);
      });
    }
    return line;
  });
  const title = caption ? el("caption", { class: "visually-hidden" }, caption) : null;
  return el("table", {}, title, el("thead", {}, head), el("tbody", {}, ...body));
}

function headCell({ label, name = "", sort = null, hint = null }, sorting) {
  if (sort === null || sorting === null) return el("th", { class: name, scope: "col", title: hint }, label);
  const here = sorting.by === sort;
  const arrow = here ? (sorting.order === "asc" ? " ↑" : " ↓") : "";
  const button = el("button", { class: "sorter", type: "button", title: hint, on: { click: () => sorting.choose(sort) } }, label + arrow);
  const way = sorting.order === "asc" ? "ascending" : "descending";
  return el("th", { class: name, scope: "col", "aria-sort": here ? way : null }, button);
}

function bodyCell({ name = "", cell, title = null }, row) {
  const content = cell(row);
  return el("td", { class: name, title: title ? title(row) : null }, content instanceof Node ? content : String(content));
}

/** Fill a pager; `go(page)` shows another page. */
export function drawPager(box, { page, pages, total, size }, go) {
  box.hidden = pages <= 1;
  const to = Math.min(total, page * size);
  const button = (text, label, goal, disabled) =>
    el("button", { class: "button", type: "button", "aria-label": label, disabled, on: { click: () => go(goal) } }, text);
  box.replaceChildren(
    button("←", "Previous page", page - 1, page <= 1),
    el("span", { class: "num" }, `${formatCount((page - 1) * size + 1)}–${formatCount(to)} of ${formatCount(total)}`),
    button("→", "Next page", page + 1, page >= pages),
  );
}
