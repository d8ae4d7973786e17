// Axes and shapes of a plot in SVG, drawn in the pixels of its box so that text keeps its size.

import { svg } from "/static/ui/dom.js";

/** A path through points; `step` keeps each value up to the next one. */
export function line(points, { step = false } = {}) {
  return points
    .map(([x, y], index) => {
      if (index === 0) return `M${x.toFixed(1)} ${y.toFixed(1)}`;
      return step ? `H${x.toFixed(1)}V${y.toFixed(1)}` : `L${x.toFixed(1)} ${y.toFixed(1)}`;
    })
    .join("");
}

/** A round step that divides a length into about `parts`. */
export function roundStep(length, parts) {
  const rough = length / parts;
  const power = 10 ** Math.floor(Math.log10(rough));
  return [1, 2, 5, 10].map((each) => each * power).find((each) => each >= rough);
}

/** A box with margins; `draw(plot)` is called at each change of its size and by `draw()`. */
export class Plot {
  constructor(box, draw, { left = 44, right = 12, top = 10, bottom = 22 } = {}) {
    this.box = box;
    this.margins = { left, right, top, bottom };
    this.call = draw;
    new ResizeObserver(() => this.draw()).observe(box);
  }

  get width() {
    return Math.max(1, this.box.clientWidth - this.margins.left - this.margins.right);
  }

  get height() {
    return Math.max(1, this.box.clientHeight - this.margins.top - this.margins.bottom);
  }

  draw() {
    if (!this.box.clientWidth) return;
    this.picture = svg("svg", { "aria-hidden": "true" });
    this.call(this);
    this.box.replaceChildren(this.picture);
  }

  x(share) {
    return this.margins.left + this.width * share;
  }

  y(share) {
    return this.margins.top + this.height * (1 - share);
  }

  add(tag, attributes, text = null) {
    this.picture.append(svg(tag, attributes, ...(text === null ? [] : [text])));
  }

  /** A vertical line at a share of the width. */
  upright(share, name) {
    const x = this.x(share).toFixed(1);
    this.add("line", { class: name, x1: x, x2: x, y1: this.margins.top, y2: this.y(0) });
  }

  /** A horizontal line with its label at a share of the height. */
  level(share, label) {
    const y = this.y(share).toFixed(1);
    this.add("line", { class: "grid-line", x1: this.margins.left, x2: this.x(1), y1: y, y2: y });
    this.add("text", { x: this.margins.left - 6, y: Number(y) + 4, "text-anchor": "end" }, label);
  }

  /** A label under the plot. */
  label(share, text) {
    this.add("text", { x: this.x(share).toFixed(1), y: this.box.clientHeight - 6, "text-anchor": "middle" }, text);
  }
}
