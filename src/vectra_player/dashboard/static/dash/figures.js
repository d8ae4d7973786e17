// Plots the server draws: each as wide as its box, asked for when it comes into view, one at a time.
// A plot that is out of date stays, paler, until the new one is there.

import { get } from "/static/ui/api.js";
import { el } from "/static/ui/dom.js";

const STEP = 20; // px: a window that is dragged does not ask anew for each pixel
const AXES = 64; // px beside the plot itself
const SETTLED_MS = 150;
const AGAIN_MS = 4_000;

/** Turn the text of a drawing into an element; it holds no script, and its colours are tokens. */
export function picture({ svg, title, caption }) {
  const drawn = document.importNode(new DOMParser().parseFromString(svg, "image/svg+xml").documentElement, true);
  drawn.setAttribute("role", "img");
  drawn.setAttribute("aria-label", `${title}. ${caption}`);
  return drawn;
}

export class Figures {
  #boxes;
  #address;
  #wanted = new Map();
  #seen = new Set();
  #busy = false;
  #timer = null;

  /** `boxes`: figures with `data-figure`; `address(name, width)` gives where the drawing is. */
  constructor(boxes, address) {
    this.#boxes = [...boxes];
    this.#address = address;
    const watcher = new IntersectionObserver((entries) => this.#looked(entries), { rootMargin: "600px" });
    for (const box of this.#boxes) {
      box.append(el("div", { class: "skeleton plot-shape" }, "\u00a0"));
      watcher.observe(box);
    }
    new ResizeObserver(() => this.#soon()).observe(this.#boxes[0].parentElement);
  }

  /** Everything may look different now. */
  refresh() {
    this.#soon();
  }

  #soon() {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#next(), SETTLED_MS);
  }

  #looked(entries) {
    for (const { target, isIntersecting } of entries) {
      if (isIntersecting) this.#seen.add(target);
      else this.#seen.delete(target);
    }
    this.#next();
  }

  async #next() {
    if (this.#busy) return;
    const box = this.#boxes.find((each) => this.#seen.has(each) && !each.hidden && this.#wanted.get(each) !== this.#of(each));
    if (!box) return;
    this.#busy = true;
    const address = this.#of(box);
    this.#wanted.set(box, address);
    box.classList.add("stale");
    try {
      this.#draw(box, await get(address));
    } catch (error) {
      box.replaceChildren(el("p", { class: "plot-shape muted" }, `${error.message} ${error.advice ?? ""}`.trim()));
      delete box.dataset.drawn;
      if (error.status === 0 || error.status === 503) this.#again(box);
    }
    box.classList.remove("stale");
    this.#busy = false;
    this.#next();
  }

  #again(box) {
    setTimeout(() => {
      this.#wanted.delete(box);
      this.#next();
    }, AGAIN_MS);
  }

  #of(box) {
    const room = Math.floor((box.clientWidth - AXES) / STEP) * STEP;
    return this.#address(box.dataset.figure, Math.max(180, Math.min(1200, room)));
  }

  #draw(box, told) {
    box.replaceChildren(el("h3", {}, told.title), picture(told), el("figcaption", { class: "muted size-12" }, told.caption));
    box.dataset.drawn = told.name;
  }
}
