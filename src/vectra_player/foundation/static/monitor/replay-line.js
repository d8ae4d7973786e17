// What lies where in a replay, drawn under its slider: phases, sidebets, trades, own actions, gaps.

import { formatDuration } from "/static/sdk/format.js";
import { get } from "/static/ui/api.js";
import { el, svg } from "/static/ui/dom.js";

const WIDTH = 1000;
const HEIGHT = 34;
const BETS = 8;
const LANES = 3;
const LANE = 4;
const TRADES = 21;
const NEAR_MS = 200; // less than a tick: a press and the server's echo of it, 69 ms later, are one action

/** The moments of own actions in order; what follows within a moment belongs to the one before. */
export function ownMoments(points) {
  const found = [];
  for (const { at_ms: at } of [...points].sort((a, b) => a.at_ms - b.at_ms)) {
    if (!found.length || at - found.at(-1).last > NEAR_MS) found.push({ at, last: at });
    else found.at(-1).last = at;
  }
  return found.map(({ last }) => last);
}

/** The moment after `now` (`way` 1) or before it (-1); undefined where there is none. */
export function nextMoment(moments, now, way) {
  return way > 0 ? moments.find((at) => at > now) : moments.findLast((at) => at < now);
}

function picture({ length_ms: length, phases, sidebets, gaps, trades, rugs, own }) {
  const x = (ms) => (WIDTH * ms) / Math.max(1, length);
  const rect = (name, from, to, y, height) =>
    svg("rect", { class: name, x: x(from).toFixed(2), y, width: Math.max(1.5, x(to) - x(from)).toFixed(2), height });
  const line = (name, at, y1, y2) => svg("line", { class: name, x1: x(at).toFixed(2), x2: x(at).toFixed(2), y1, y2 });
  const ends = [];
  const lane = (bet) => {
    const free = ends.findIndex((end) => end <= bet.from_ms);
    const chosen = free >= 0 ? free : Math.min(ends.length, LANES - 1);
    ends[chosen] = bet.to_ms;
    return chosen;
  };
  return [
    ...phases.map((each) => rect(`phase ${each.what}`, each.from_ms, each.to_ms, 0, 5)),
    ...sidebets.map((each) => rect(`bet ${each.what}${each.own ? " own" : ""}`, each.from_ms, each.to_ms, BETS + LANE * lane(each), LANE - 1)),
    ...gaps.map((each) => rect("gap", each.from_ms, each.to_ms, 0, HEIGHT)),
    ...trades.filter((each) => !each.own).map((each) => line(each.what, each.at_ms, each.what === "buy" ? TRADES : TRADES + 6, each.what === "buy" ? TRADES + 6 : HEIGHT)),
    ...rugs.map((each) => line("rug", each.at_ms, 0, HEIGHT)),
    ...own.map((each) => line("own", each.at_ms, BETS, HEIGHT)),
  ];
}

const COUNTED = [["trades", "trade"], ["sidebets", "sidebet"], ["own", "own action"], ["gaps", "gap"]];

/** Draws one replay at a time; asks for it when another one is shown. */
export class ReplayLine {
  #svg = svg("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: "none", class: "replay-line", "aria-hidden": "true" });
  #id = null;
  #asking = null;
  #moments = [];

  /** `changed` is called when another line is shown. */
  constructor(changed) {
    this.changed = changed;
    this.box = el("div", { class: "marks" }, this.#svg);
  }

  /** Whether the account did anything in this replay. */
  get hasOwn() {
    return this.#moments.length > 0;
  }

  /** Show the line of a replay; null: none. */
  async show(id) {
    if (id === this.#id) return;
    this.#id = id;
    this.#moments = [];
    this.#svg.replaceChildren();
    this.changed();
    this.#asking?.abort();
    if (id === null) return;
    const { signal } = (this.#asking = new AbortController());
    try {
      const told = await get(`/api/replay/${encodeURIComponent(id)}/line`, { signal });
      if (id === this.#id) this.#draw(told);
    } catch {
      if (id === this.#id) this.#id = null; // asked again with the next status
    }
  }

  /** The own action after or before a moment. */
  next(now, way) {
    return nextMoment(this.#moments, now, way);
  }

  #draw(told) {
    this.#moments = ownMoments(told.own);
    this.#svg.replaceChildren(...picture(told));
    const counts = COUNTED.filter(([name]) => told[name].length).map(([name, word]) => `${told[name].length} ${word}${told[name].length === 1 ? "" : "s"}`);
    const gaps = told.gaps.map((gap) => `${formatDuration(gap.from_ms)}–${formatDuration(gap.to_ms)}: ${gap.what}`);
    this.box.title = [counts.join(", "), ...gaps.slice(0, 10)].filter(Boolean).join("\n");
    for (const [name] of COUNTED) this.box.dataset[name] = String(told[name].length);
    this.box.dataset.phases = [...new Set(told.phases.map((each) => each.what))].join(" ");
    this.changed();
  }
}
