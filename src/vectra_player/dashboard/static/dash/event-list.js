// What the feed says, newest first: kinds to choose from, a text filter, and each event as a tree.

import { formatCount, formatRate, formatTime, formatUtc } from "/static/sdk/format.js";
import { byId, el, emptyState, setText } from "/static/ui/dom.js";
import { jsonTree } from "/static/dash/json-tree.js";

const KEPT = 400;
const SHOWN = 60;
const DRAW_MS = 250;
const RATE_MS = 10_000;

export class EventList {
  #box = byId("events");
  #kinds = new Map();
  #events = [];
  #hidden = new Set(new URLSearchParams(location.search).get("hide")?.split(",").filter(Boolean) ?? []);
  #text = "";
  #paused = false;
  #hovered = false;
  #dirty = true;
  #number = 0;
  #up = null;

  constructor(client) {
    client.onAny((message) => this.#take(message));
    byId("pause").addEventListener("click", () => this.toggle());
    byId("event-filter").addEventListener("input", (event) => {
      this.#text = event.target.value.trim().toLowerCase();
      this.#draw(true);
    });
    this.#box.addEventListener("pointerenter", () => (this.#hovered = true));
    this.#box.addEventListener("pointerleave", () => (this.#hovered = false));
    setInterval(() => this.#draw(), DRAW_MS);
    setInterval(() => this.#drawKinds(), 1_000);
  }

  /** Say whether foundation runs. */
  running(up) {
    if (up === this.#up) return;
    this.#up = up;
    this.#draw(true);
  }

  /** Hold the list still, or let it go on. */
  toggle() {
    this.#paused = !this.#paused;
    byId("pause").setAttribute("aria-pressed", String(this.#paused));
    setText(byId("pause"), this.#paused ? "Go on" : "Pause");
    this.#draw(true);
  }

  #take(message) {
    const { type } = message;
    const kind = this.#kinds.get(type) ?? { count: 0, times: [], chip: null };
    this.#kinds.set(type, kind);
    kind.count += 1;
    kind.times.push(Date.now());
    if (this.#paused) return;
    this.#events.unshift({ number: (this.#number += 1), message, text: null });
    if (this.#events.length > KEPT) this.#events.length = KEPT;
    this.#dirty = true;
  }

  #fits(event) {
    if (this.#hidden.has(event.message.type)) return false;
    if (!this.#text) return true;
    event.text ??= JSON.stringify(event.message).toLowerCase();
    return event.text.includes(this.#text);
  }

  #draw(now = false) {
    const open = this.#box.querySelector("details[open]") !== null;
    if (!now && (!this.#dirty || this.#paused || this.#hovered || open)) {
      this.#note();
      return;
    }
    this.#dirty = false;
    const shown = [];
    for (const event of this.#events) {
      if (this.#fits(event)) shown.push(event);
      if (shown.length >= SHOWN) break;
    }
    if (!shown.length) this.#box.replaceChildren(this.#nothing());
    else this.#reconcile(shown);
    this.#note();
  }

  #nothing() {
    if (this.#up === false) return emptyState("Nothing arrives", "Foundation does not run. Start it with vectra-player up; events appear here by themselves.");
    if (this.#events.length) return emptyState("No event fits", "Loosen the filter or show more kinds.");
    return emptyState("Nothing has arrived yet", "The next event appears here.");
  }

  /** Keep the rows that are there, so that nothing is laid out twice. */
  #reconcile(shown) {
    const known = new Map([...this.#box.children].map((row) => [row.dataset.number, row]));
    const rows = shown.map((event) => known.get(String(event.number)) ?? row(event));
    this.#box.replaceChildren(...rows);
  }

  #note() {
    const still = this.#paused ? "paused" : this.#hovered ? "held while the pointer is here" : "";
    setText(byId("events-note"), still);
  }

  #drawKinds() {
    const now = Date.now();
    const box = byId("kinds");
    const fresh = [...this.#kinds].filter(([, kind]) => kind.chip === null).sort(([a], [b]) => a.localeCompare(b));
    for (const [type, kind] of fresh) {
      kind.chip = el("button", { class: "chip num", type: "button", "aria-pressed": String(!this.#hidden.has(type)), data: { kind: type } });
      kind.chip.addEventListener("click", () => this.#switch(type, kind));
      box.append(kind.chip);
    }
    for (const [type, kind] of this.#kinds) {
      kind.times = kind.times.filter((time) => now - time < RATE_MS);
      setText(kind.chip, `${type} ${formatCount(kind.count)} · ${formatRate(kind.times.length / (RATE_MS / 1000))}`);
    }
  }

  #switch(type, kind) {
    const show = this.#hidden.delete(type);
    if (!show) this.#hidden.add(type);
    kind.chip.setAttribute("aria-pressed", String(show));
    const asked = new URLSearchParams(location.search);
    if (this.#hidden.size) asked.set("hide", [...this.#hidden].join());
    else asked.delete("hide");
    history.replaceState(null, "", asked.size ? `?${asked}` : location.pathname);
    this.#draw(true);
  }
}

function row({ number, message }) {
  const { type, ts, seq, gameId, data } = message;
  const stored = message.src ? `#${message.src.seq}` : "not stored";
  return el(
    "div", { class: "event", data: { number } },
    el("span", { class: "num muted", title: formatUtc(ts) }, formatTime(ts)),
    el("span", { class: "event-type" }, type),
    el("span", { class: "num muted", title: `feed ${seq ?? ""}${gameId ? `, game ${gameId}` : ""}` }, stored),
    jsonTree(JSON.stringify(data) ?? "null", data ?? null),
  );
}
