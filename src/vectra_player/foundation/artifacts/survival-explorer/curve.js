// The survival curve with its interval, the fair curve, the windows of sidebets and the game that is on.

import { Plot, line, roundStep } from "./plot.js";

const QUARTERS = [0, 0.25, 0.5, 0.75, 1];
const TICK_LABELS = 8;

/** The last point at or before a tick: the share alive there. */
export function pointAt(curve, tick) {
  let found = null;
  for (const point of curve) {
    if (point.tick > tick) break;
    found = point;
  }
  return found;
}

export class Curve {
  #plot;
  #read = null;
  #shown = null;

  /** `onRead(tick)` is called with the tick under the pointer or chosen by the arrow keys; null: none. */
  constructor(box, onRead) {
    this.onRead = onRead;
    this.#plot = new Plot(box, (plot) => this.#draw(plot));
    box.addEventListener("pointermove", (event) => this.#reading(this.#tickAt(event.offsetX)));
    box.addEventListener("pointerleave", () => this.#reading(null));
    box.addEventListener("keydown", (event) => this.#key(event));
  }

  /** Show `{curve, fair, last, at, windowTicks, bets, now}`; `fair[tick]` is the fair share alive. */
  show(shown) {
    this.#shown = shown;
    this.#plot.draw();
  }

  #key(event) {
    const step = { ArrowLeft: -1, ArrowRight: 1, PageDown: -20, PageUp: 20 }[event.key];
    if (step === undefined || !this.#shown) return;
    event.preventDefault();
    const from = this.#read ?? this.#shown.at;
    this.#reading(Math.min(this.#shown.last, Math.max(0, from + step)));
  }

  #tickAt(offset) {
    if (!this.#shown) return null;
    const share = (offset - this.#plot.margins.left) / this.#plot.width;
    return share < 0 || share > 1 ? null : Math.round(share * this.#shown.last);
  }

  #reading(tick) {
    if (tick === this.#read) return;
    this.#read = tick;
    this.onRead(tick);
    this.#plot.draw();
  }

  #draw(plot) {
    if (!this.#shown) return;
    const { curve, fair, last, at, windowTicks, bets, now } = this.#shown;
    const share = (tick) => Math.min(1, tick / last);
    for (const level of QUARTERS) plot.level(level, `${level * 100} %`);
    const step = roundStep(last, Math.min(TICK_LABELS, plot.width / 70));
    for (let tick = 0; tick <= last; tick += step) plot.label(share(tick), String(tick));
    for (let bet = 0; bet < bets; bet += 1) {
      const from = at + bet * windowTicks;
      if (from >= last) break;
      const x = plot.x(share(from));
      const width = plot.x(share(from + windowTicks)) - x;
      plot.add("rect", { class: bet % 2 ? "window other" : "window", x, y: plot.y(1), width, height: plot.height });
    }
    const told = [{ tick: 0, alive: 1, low: 1, high: 1 }, ...curve.filter((point) => point.tick <= last)];
    const steps = (name) => told.map((point) => [plot.x(share(point.tick)), plot.y(point[name])]);
    plot.add("path", { class: "spread", d: `${line(steps("low"), { step: true })}${back(steps("high"))}Z` });
    const fairly = fair.slice(0, last + 1).map((alive, tick) => [plot.x(share(tick)), plot.y(alive)]);
    plot.add("path", { class: "fair", d: line(fairly) });
    plot.add("path", { class: "seen", d: line(steps("alive"), { step: true }) });
    plot.upright(share(at), "from");
    if (now !== null && now <= last) plot.upright(share(now), "now");
    if (this.#read !== null) plot.upright(share(this.#read), "read");
  }
}

/** The way back along the upper edge of an interval, in steps. */
function back(points) {
  const last = points[points.length - 1];
  let path = `L${last[0].toFixed(1)} ${last[1].toFixed(1)}`;
  for (let index = points.length - 1; index > 0; index -= 1) {
    path += `V${points[index - 1][1].toFixed(1)}H${points[index - 1][0].toFixed(1)}`;
  }
  return path;
}
