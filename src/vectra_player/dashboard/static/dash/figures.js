// Plots the server draws: each as wide as its box, asked for one at a time, those in view first and
// the others once nothing else is to do. A plot that is out of date stays, paler, until the new one
// is there.

import { get } from "/static/ui/api.js";
import { el } from "/static/ui/dom.js";
import { picture } from "/static/dash/laid-out.js";

const STEP = 20; // px: a window that is dragged does not ask anew for each pixel
const AXES = 64; // px beside the plot itself; `data-axes` where names stand there
const SETTLED_MS = 150;
const UNSEEN_MS = 1_000;
const AGAIN_MS = 4_000;

export class Figures {
  #boxes;
  #address;
  #wanted = new Map();
  #seen = new Set();
  #busy = false;
  #timer = null;
  #idle = null;
  #calm = false;

  /** `boxes`: figures with `data-figure`; `address(name, width)` gives where the drawing is. */
  constructor(boxes, address) {
    this.#boxes = [...boxes];
    this.#address = address;
    const watcher = new IntersectionObserver((entries) => this.#looked(entries));
    for (const box of this.#boxes) {
      box.append(el("div", { class: "plot-shape" }));
      watcher.observe(box);
    }
    new ResizeObserver(() => this.#soon()).observe(this.#boxes[0].parentElement);
  }

  /** Everything may look different now. */
  refresh() {
    this.#soon();
  }

  #soon() {
    this.#calm = false;
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
    clearTimeout(this.#idle);
    const old = this.#boxes.filter((each) => each.clientWidth && this.#wanted.get(each) !== this.#of(each));
    const box = old.find((each) => this.#seen.has(each)) ?? (this.#calm ? old[0] : undefined);
    if (!box) {
      if (old.length) this.#idle = setTimeout(() => this.#rest(), UNSEEN_MS);
      return;
    }
    this.#busy = true;
    const address = this.#of(box);
    this.#wanted.set(box, address);
    box.classList.add("stale");
    box.querySelector(".plot-shape")?.classList.add("skeleton");
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

  #rest() {
    this.#calm = true;
    this.#next();
  }

  #again(box) {
    setTimeout(() => {
      this.#wanted.delete(box);
      this.#next();
    }, AGAIN_MS);
  }

  #of(box) {
    const room = Math.floor((box.clientWidth - Number(box.dataset.axes ?? AXES)) / STEP) * STEP;
    return this.#address(box.dataset.figure, Math.max(120, Math.min(1200, room)));
  }

  #draw(box, told) {
    const drawn = picture(told.svg, `${told.title}. ${told.caption}`);
    box.replaceChildren(el("h3", {}, told.title), drawn, el("figcaption", { class: "muted size-12" }, told.caption));
    box.dataset.drawn = box.dataset.figure;
  }
}
