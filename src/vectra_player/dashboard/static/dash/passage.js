// A passage of the index as elements: paragraphs, lists, tables and code blocks of its Markdown. Links, emphasis
// and marks of inline code went when the index was built (rag/markdown.py). What is no such thing is text.

import { el, scrolling } from "/static/ui/dom.js";

const FENCE = /^(```|~~~)/;
const ITEM = /^\s*(?:([-*+])|\d+[.)]) +/;
const ROW = /^\s*\|/;
const RULE = /^\s*\|[\s:|-]+\|?\s*$/;

const cells = (row) =>
  row.trim().replace(/^\||(?<!\\)\|$/g, "").split(/(?<!\\)\|/).map((cell) => cell.trim().replaceAll("\\|", "|"));

function table(lines, title) {
  const [head, , ...rows] = lines.map(cells);
  const line = (row, tag) => el("tr", {}, ...head.map((_, at) => el(tag, {}, row[at] ?? "")));
  const body = el("tbody", {}, ...rows.map((row) => line(row, "td")));
  return scrolling(el("div", { class: "table-box" }, el("table", {}, el("thead", {}, line(head, "th")), body)), title);
}

function list(lines) {
  const items = [];
  for (const line of lines) {
    if (ITEM.test(line)) items.push(line.replace(ITEM, ""));
    else items.push(`${items.pop()} ${line.trim()}`);
  }
  return el(ITEM.exec(lines[0])[1] ? "ul" : "ol", {}, ...items.map((text) => el("li", {}, text)));
}

/** Tell what a line begins: a block of another kind than the one it stands in, or none. */
function kindOf(lines, at) {
  if (FENCE.test(lines[at])) return "code";
  if (ROW.test(lines[at]) && RULE.test(lines[at + 1] ?? "")) return "table";
  if (ITEM.test(lines[at])) return "list";
  return "text";
}

/** Return the line after the block that begins at `at`. */
function endOf(kind, lines, at) {
  const goesOn = {
    code: (end) => !FENCE.test(lines[end]),
    table: (end) => ROW.test(lines[end]),
    list: (end) => lines[end].trim() && !["code", "table"].includes(kindOf(lines, end)),
    text: (end) => lines[end].trim() && kindOf(lines, end) === "text",
  }[kind];
  let end = at + 1;
  while (end < lines.length && goesOn(end)) end += 1;
  return kind === "code" ? end + 1 : end;
}

/** Return the blocks of a passage, in order; `title` names a table for who cannot see it. */
export function blocksOf(text, title) {
  const draw = {
    code: (lines) => el("pre", {}, el("code", {}, lines.filter((line) => !FENCE.test(line)).join("\n"))),
    table: (lines) => table(lines, title),
    list,
    text: (lines) => el("p", {}, lines.map((line) => line.trim()).join(" ")),
  };
  const lines = text.split("\n");
  const blocks = [];
  for (let at = 0; at < lines.length;) {
    if (!lines[at].trim()) {
      at += 1;
      continue;
    }
    const kind = kindOf(lines, at);
    const end = endOf(kind, lines, at);
    blocks.push(draw[kind](lines.slice(at, end)));
    at = end;
  }
  return blocks;
}
