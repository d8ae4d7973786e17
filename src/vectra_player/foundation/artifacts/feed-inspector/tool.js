// Every message of the feed: filters, pause, one message in full, export of what is shown.

import { FoundationWSClient } from "/artifacts/shared/foundation-ws-client.js";
import { formatCount, formatTime, formatUtc } from "/artifacts/shared/format.js";
import { mountShell } from "/static/shell.js";
import { byId, download, el, setText } from "/static/ui/dom.js";

const KEPT = 2000;
const KEPT_CHARS = 32_000_000;
const DRAWN = 200;
const REDRAW_MS = 200;
const PREVIEW = 160;
const ADDED = ["phase", "tick", "own"];

const address = new URLSearchParams(location.search);
const client = new FoundationWSClient({ replay: address.get("replay") });
const shell = mountShell({ page: "tools", title: "Feed inspector" });
const hidden = new Set((address.get("hide") ?? "").split(",").filter(Boolean));
const counts = new Map();
let kept = [];
let chars = 0;
let paused = false;
let missed = 0;
let chosen = null;
let view = "payload";
let dirty = true;

byId("search").value = address.get("q") ?? "";

function remember(message) {
  counts.set(message.type, (counts.get(message.type) ?? 0) + 1);
  dirty = true;
  if (paused) {
    missed += 1;
    return;
  }
  const text = JSON.stringify(message.data);
  kept.push({ message, text });
  chars += text.length;
  while (kept.length > KEPT || (chars > KEPT_CHARS && kept.length > 1)) chars -= kept.shift().text.length;
}

function shown() {
  const wanted = byId("search").value.trim().toLowerCase();
  return kept.filter(({ message, text }) => {
    if (hidden.has(message.type)) return false;
    return !wanted || message.type.includes(wanted) || text.toLowerCase().includes(wanted);
  });
}

/** The payload without the keys that were added to it. */
function payloadOf(message) {
  const { data } = message;
  if (data === null || typeof data !== "object" || !message.src) return data;
  return Object.fromEntries(Object.entries(data).filter(([key]) => !ADDED.includes(key)));
}

function drawDetail() {
  const box = byId("detail");
  byId("copy").disabled = chosen === null;
  for (const chip of document.querySelectorAll("[data-view]")) {
    chip.setAttribute("aria-pressed", String(chip.dataset.view === view));
  }
  if (chosen === null) return;
  setText(byId("detail-title"), `${chosen.type} #${chosen.seq}`);
  box.classList.remove("muted");
  setText(box, JSON.stringify(view === "message" ? chosen : payloadOf(chosen), null, 2));
}

function choose(message) {
  chosen = message;
  drawDetail();
  draw();
}

function rowOf({ message, text }) {
  return el(
    "div",
    { role: "option", "aria-selected": String(message === chosen), data: { seq: message.seq, type: message.type }, on: { click: () => choose(message) } },
    el("span", { class: "num muted", title: formatUtc(message.ts) }, formatTime(message.ts)),
    el("span", { class: "num muted" }, `#${message.seq}`),
    el("span", { class: "truncate" }, message.type),
    el("span", { class: "num muted truncate" }, text.slice(0, PREVIEW)),
  );
}

function draw() {
  const found = shown();
  byId("rows").replaceChildren(...found.slice(-DRAWN).reverse().map(rowOf));
  const most = found.length > DRAWN ? `, the last ${DRAWN} are listed` : "";
  const left = missed ? `, ${formatCount(missed)} passed while paused` : "";
  setText(byId("told"), `${formatCount(found.length)} of ${formatCount(kept.length)} kept${most}${left}`);
}

function drawTypes() {
  const chips = [...counts].sort(([a], [b]) => a.localeCompare(b)).map(([type, count]) => {
    const toggle = () => {
      if (!hidden.delete(type)) hidden.add(type);
      changed();
    };
    return el("button", { class: "chip", type: "button", "aria-pressed": String(!hidden.has(type)), data: { type }, on: { click: toggle } }, `${type} ${formatCount(count)}`);
  });
  const box = byId("types");
  const held = document.activeElement?.dataset?.type;
  const inside = box.contains(document.activeElement);
  box.replaceChildren(...chips);
  if (inside) chips.find((chip) => chip.dataset.type === held)?.focus();
}

function changed() {
  const wanted = { q: byId("search").value.trim(), hide: [...hidden].join(",") };
  for (const [name, value] of Object.entries(wanted)) {
    if (value) address.set(name, value);
    else address.delete(name);
  }
  history.replaceState(null, "", address.size ? `?${address}` : location.pathname);
  drawTypes();
  draw();
}

function pause() {
  paused = !paused;
  if (!paused) missed = 0;
  setText(byId("pause"), paused ? "Go on" : "Pause");
  byId("pause").setAttribute("aria-pressed", String(paused));
  draw();
}

function clear() {
  kept = [];
  chars = 0;
  counts.clear();
  changed();
}

function move(step) {
  const found = shown().slice(-DRAWN).reverse();
  const at = found.findIndex(({ message }) => message === chosen);
  const next = found[Math.min(found.length - 1, Math.max(0, at + step))];
  if (next) choose(next.message);
  byId("rows").querySelector("[aria-selected='true']")?.scrollIntoView({ block: "nearest" });
}

client.onAny(remember);
byId("pause").addEventListener("click", pause);
byId("clear").addEventListener("click", clear);
byId("export").addEventListener("click", () => {
  const lines = shown().map(({ message }) => JSON.stringify(message));
  download("feed.jsonl", lines.map((line) => `${line}\n`).join(""), "application/x-ndjson");
});
byId("copy").addEventListener("click", () => navigator.clipboard.writeText(byId("detail").textContent));
byId("search").addEventListener("input", changed);
for (const chip of document.querySelectorAll("[data-view]")) {
  chip.addEventListener("click", () => {
    view = chip.dataset.view;
    drawDetail();
  });
}
shell.key(" ", "Pause or go on", pause);
shell.key("ArrowDown", "Next message", () => move(1));
shell.key("ArrowUp", "Message before", () => move(-1));
setInterval(() => {
  if (!dirty || document.hidden) return;
  dirty = false;
  drawTypes();
  if (!paused) draw();
}, REDRAW_MS);
shell.follow(client);
client.connect();
