// The hazard of each band of ages with its interval, beside the fair one.

import { formatShare } from "/artifacts/shared/format.js";
import { Plot, roundStep } from "./plot.js";

const FEW = 10; // bands with fewer rugs have intervals that would flatten all others

export class Hazard {
  #plot;
  #bands = [];
  #fair = null;

  constructor(box) {
    this.#plot = new Plot(box, (plot) => this.#draw(plot));
  }

  /** Show bands as `/api/survival` tells them, and the fair hazard. */
  show(bands, fair) {
    this.#bands = bands;
    this.#fair = fair;
    this.#plot.draw();
  }

  #draw(plot) {
    if (!this.#bands.length) return;
    const firm = this.#bands.filter((band) => band.rugs >= FEW);
    const highs = (firm.length ? firm : this.#bands).map((band) => band.hazard.high ?? 0);
    const most = Math.max(2 * this.#fair, ...highs) * 1.1;
    const step = roundStep(most, 4);
    for (let level = 0; level <= most; level += step) plot.level(level / most, formatShare(level));
    const fair = plot.y(this.#fair / most);
    plot.add("line", { class: "fair", x1: plot.margins.left, x2: plot.x(1), y1: fair, y2: fair });
    this.#bands.forEach((band, index) => {
      const share = (index + 0.5) / this.#bands.length;
      const { value, low, high } = band.hazard;
      const x = plot.x(share);
      const y = (hazard) => plot.y(Math.min(1, hazard / most));
      plot.add("line", { class: "bar", x1: x, x2: x, y1: y(low), y2: y(high) });
      plot.add("circle", { cx: x, cy: y(value), r: 4 });
      if (plot.width / this.#bands.length > 54 || index % 2 === 0) plot.label(share, `${band.first}+`);
    });
  }
}
