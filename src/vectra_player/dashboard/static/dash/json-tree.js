// A packet as text that opens into a tree; each value's path can be copied. Nothing becomes markup.

import { get } from "/static/ui/api.js";
import { el } from "/static/ui/dom.js";

const PREVIEW = 110;
const MOST = 300;
const DEEP = 40;
const HEAD = /^4[0-6](\d+-)?(\/[^,]*,)?\d*/;

/** Parse what lies in a packet: JSON, or JSON behind Engine.IO and Socket.IO digits; else null. */
export function payloadOf(raw) {
  for (const text of [raw, raw.replace(HEAD, ""), raw.slice(1)]) {
    try {
      const value = JSON.parse(text);
      if (value !== null && typeof value === "object") return value;
    } catch {
      // not this way
    }
  }
  return null;
}

/** A closed line of a row of a list: `{session_id, seq, ts, raw, cut}`; opened it shows all of it. */
export function packetTree({ session_id: session, seq, ts, raw, cut }) {
  const path = `/api/packet?${new URLSearchParams({ session, seq, ts })}`;
  return jsonTree(raw, undefined, cut ? async () => (await get(path)).raw : null);
}

/**
 * A closed line of text; opened it shows the tree. `value`: what to show, else parsed from `raw`, or
 * from what `whole()` gives where `raw` is only a beginning.
 */
export function jsonTree(raw, value = undefined, whole = null) {
  const text = raw ?? JSON.stringify(value);
  const shown = text.length > PREVIEW ? `${text.slice(0, PREVIEW)}…` : text;
  const box = el("details", { class: "json" }, el("summary", { class: "num truncate" }, shown));
  box.addEventListener("toggle", async () => {
    if (!box.open || box.childElementCount > 1) return;
    const note = el("p", { class: "muted" }, "Reading…");
    box.append(note);
    try {
      const all = whole === null ? text : await whole();
      const parsed = value === undefined ? payloadOf(all) : value;
      note.replaceWith(parsed === null || typeof parsed !== "object" ? el("pre", { class: "wrapped" }, all) : tree(parsed, "$", 0));
    } catch (error) {
      note.textContent = `${error.message} ${error.advice ?? ""}`;
    }
  });
  return box;
}

function tree(value, path, depth) {
  const entries = Array.isArray(value) ? value.map((item, at) => [at, item]) : Object.entries(value);
  const lines = entries.slice(0, MOST).map(([key, item]) => line(key, item, Array.isArray(value) ? `${path}[${key}]` : `${path}.${key}`, depth));
  if (entries.length > MOST) lines.push(el("li", { class: "muted" }, `and ${entries.length - MOST} more`));
  return el("ul", { class: "json-tree" }, ...lines);
}

function line(key, item, path, depth) {
  const name = el("button", { class: "json-key", type: "button", title: `Copy ${path}` }, String(key));
  name.addEventListener("click", () => navigator.clipboard?.writeText(path));
  if (item === null || typeof item !== "object" || depth >= DEEP) {
    return el("li", {}, name, el("span", { class: `json-value ${item === null ? "null" : typeof item}` }, JSON.stringify(item)));
  }
  const size = Array.isArray(item) ? `[${item.length}]` : `{${Object.keys(item).length}}`;
  const box = el("details", {}, el("summary", {}, name, el("span", { class: "muted" }, size)));
  const fill = () => box.childElementCount === 1 && box.append(tree(item, path, depth + 1));
  box.addEventListener("toggle", fill);
  if (depth < 1 && (Array.isArray(item) ? item.length : Object.keys(item).length) <= 12) {
    box.open = true;
    fill();
  }
  return el("li", {}, box);
}
