// A price line on a canvas: enough for one finished game, and without a library that would need
// a server. Colours come from the stylesheet.
(function () {
  "use strict";

  const LEFT = 8;
  const RIGHT = 64;
  const TOP = 12;
  const BOTTOM = 24;

  function token(name) {
    return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  }

  /** Price with 4 decimals below 10x, 2 above. */
  function priceText(price) {
    return `${price < 10 ? price.toFixed(4) : price.toFixed(2)}x`;
  }

  function marks(low, high, log) {
    if (!log) return [0, 1, 2, 3, 4].map((n) => low + ((high - low) * n) / 4);
    return [0, 1, 2, 3, 4].map((n) => low * (high / low) ** (n / 4));
  }

  class PathChart {
    constructor(canvas, onRead) {
      this.canvas = canvas;
      this.onRead = onRead;
      this.result = null;
      this.log = true;
      this.at = null;
      new ResizeObserver(() => this.draw()).observe(canvas);
      canvas.addEventListener("pointermove", (event) => this.read(this.tickAt(event.offsetX)));
      canvas.addEventListener("pointerleave", () => this.read(null));
      canvas.addEventListener("keydown", (event) => this.key(event));
      matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.draw());
    }

    show(result) {
      this.result = result;
      this.at = null;
      this.draw();
    }

    setLog(log) {
      this.log = log;
      this.draw();
    }

    key(event) {
      const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
      if (!step || !this.result) return;
      event.preventDefault();
      const last = this.result.prices.length - 1;
      this.read(Math.min(last, Math.max(0, (this.at === null ? 0 : this.at) + step)));
    }

    read(tick) {
      this.at = tick;
      this.onRead(tick);
      this.draw();
    }

    tickAt(x) {
      if (!this.result) return null;
      const last = this.result.prices.length - 1;
      const share = (x - LEFT) / (this.canvas.clientWidth - LEFT - RIGHT);
      return Math.min(last, Math.max(0, Math.round(share * last)));
    }

    scales() {
      const prices = this.log ? this.result.path : this.result.prices;
      const low = this.log ? Math.min(...prices) : 0;
      const high = Math.max(...prices) * 1.02;
      const height = this.canvas.clientHeight - TOP - BOTTOM;
      const width = this.canvas.clientWidth - LEFT - RIGHT;
      const last = Math.max(1, this.result.prices.length - 1);
      const share = this.log
        ? (p) => Math.log(Math.max(p, low) / low) / Math.log(high / low)
        : (p) => (p - low) / (high - low);
      return {
        low,
        high,
        x: (tick) => LEFT + (tick / last) * width,
        y: (price) => TOP + height * (1 - Math.max(0, share(price))),
      };
    }

    draw() {
      const { canvas, result } = this;
      if (!result || !canvas.clientWidth) return;
      const ratio = devicePixelRatio || 1;
      canvas.width = canvas.clientWidth * ratio;
      canvas.height = canvas.clientHeight * ratio;
      const pen = canvas.getContext("2d");
      pen.scale(ratio, ratio);
      const scale = this.scales();
      this.drawGrid(pen, scale);
      this.drawLine(pen, scale);
      this.drawMarks(pen, scale);
    }

    drawGrid(pen, scale) {
      const right = this.canvas.clientWidth - RIGHT;
      pen.font = "12px ui-monospace, monospace";
      pen.textBaseline = "middle";
      for (const price of marks(scale.low, scale.high, this.log)) {
        const y = scale.y(price);
        pen.strokeStyle = token("--line");
        pen.strokeRect(LEFT, y, right - LEFT, 0);
        pen.fillStyle = token("--muted");
        pen.fillText(priceText(price), right + 6, y);
      }
      const last = this.result.prices.length - 1;
      pen.fillText("0", LEFT, this.canvas.clientHeight - 10);
      const text = `tick ${last}`;
      pen.fillText(text, right - pen.measureText(text).width, this.canvas.clientHeight - 10);
    }

    drawLine(pen, scale) {
      pen.beginPath();
      this.result.path.forEach((price, tick) => {
        pen[tick ? "lineTo" : "moveTo"](scale.x(tick), scale.y(price));
      });
      pen.strokeStyle = token("--up");
      pen.lineWidth = 1.5;
      pen.stroke();
    }

    drawMarks(pen, scale) {
      const { path, prices, rugged } = this.result;
      const bottom = this.canvas.clientHeight - BOTTOM;
      if (rugged) {
        const x = scale.x(prices.length - 1);
        pen.strokeStyle = token("--rug");
        pen.fillStyle = token("--rug");
        pen.beginPath();
        pen.moveTo(scale.x(path.length - 1), scale.y(path[path.length - 1]));
        pen.lineTo(x, bottom);
        pen.stroke();
        pen.beginPath();
        pen.arc(x, bottom, 4, 0, 2 * Math.PI);
        pen.fill();
      }
      if (this.at !== null) {
        pen.strokeStyle = token("--muted");
        pen.lineWidth = 1;
        pen.beginPath();
        pen.moveTo(scale.x(this.at), TOP);
        pen.lineTo(scale.x(this.at), bottom);
        pen.stroke();
      }
    }
  }

  globalThis.VectraPathChart = { PathChart, priceText };
})();
