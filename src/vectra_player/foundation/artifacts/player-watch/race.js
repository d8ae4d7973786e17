// Profit and loss of the leaders by tick. Lines differ in colour and in dashes.

const COLOURS = ["own", "up", "rug", "sidebet", "down"];
const DASHES = [[], [6, 4], [2, 3]];
const LEFT = 56;
const EDGE = 12;
const BOTTOM = 24;
const GAP_TICKS = 5; // a player unranked for longer has no line there

export const LINES = 10;

/** Colour token and dashes of a line. */
export function lookOf(index) {
  const style = getComputedStyle(document.documentElement);
  const colour = style.getPropertyValue(`--${COLOURS[index % COLOURS.length]}`).trim();
  return { colour, dash: DASHES[Math.floor(index / COLOURS.length) % DASHES.length] };
}

export class Race {
  #players = new Map();
  #gameId = null;

  constructor(canvas) {
    this.canvas = canvas;
    new ResizeObserver(() => this.draw()).observe(canvas);
  }

  /** Take the leaderboard at a tick; a new game starts anew, a jump back forgets what lies ahead. */
  take(gameId, tick, entries) {
    if (gameId !== this.#gameId) this.#players.clear();
    this.#gameId = gameId;
    for (const entry of entries) {
      if (typeof entry.pnl !== "number") continue;
      const player = this.#players.get(entry.id) ?? { id: entry.id, points: [] };
      player.entry = entry;
      player.points = player.points.filter(([at]) => at < tick);
      player.points.push([tick, entry.pnl]);
      this.#players.set(entry.id, player);
    }
  }

  /** Players with a line: the largest gains and losses last seen. */
  shown() {
    const players = [...this.#players.values()];
    players.sort((a, b) => Math.abs(b.entry.pnl) - Math.abs(a.entry.pnl));
    return players.slice(0, LINES).sort((a, b) => b.entry.pnl - a.entry.pnl);
  }

  draw() {
    const { canvas } = this;
    const players = this.shown();
    const ratio = devicePixelRatio || 1;
    canvas.width = canvas.clientWidth * ratio;
    canvas.height = canvas.clientHeight * ratio;
    canvas.dataset.lines = String(players.length);
    const pen = canvas.getContext("2d");
    pen.scale(ratio, ratio);
    const points = players.flatMap((player) => player.points);
    const most = Math.max(0.001, ...points.map(([, pnl]) => pnl)) * 1.05;
    const least = Math.min(0, ...points.map(([, pnl]) => pnl)) * 1.05;
    const last = Math.max(1, ...points.map(([tick]) => tick));
    const x = (tick) => LEFT + ((canvas.clientWidth - LEFT - EDGE) * tick) / last;
    const y = (pnl) => EDGE + ((canvas.clientHeight - EDGE - BOTTOM) * (most - pnl)) / (most - least);
    this.#grid(pen, { most, least, last, x, y });
    players.forEach((player, index) => {
      const { colour, dash } = lookOf(index);
      pen.beginPath();
      player.points.forEach(([tick, pnl], n) => {
        const follows = n > 0 && tick - player.points[n - 1][0] <= GAP_TICKS;
        pen[follows ? "lineTo" : "moveTo"](x(tick), y(pnl));
      });
      pen.strokeStyle = colour;
      pen.setLineDash(dash);
      pen.lineWidth = 1.5;
      pen.stroke();
    });
  }

  #grid(pen, { most, least, last, x, y }) {
    const style = getComputedStyle(document.documentElement);
    pen.font = "12px monospace";
    pen.textBaseline = "middle";
    pen.lineWidth = 1;
    const marks = [...new Set([most, most / 2, 0, least])].filter((pnl) => pnl === 0 || Math.abs(pnl) > 0.0005);
    for (const pnl of marks) {
      pen.strokeStyle = style.getPropertyValue(pnl === 0 ? "--edge" : "--line");
      pen.fillStyle = style.getPropertyValue("--muted");
      pen.beginPath();
      pen.moveTo(LEFT, y(pnl));
      pen.lineTo(this.canvas.clientWidth - EDGE, y(pnl));
      pen.stroke();
      const text = pnl.toFixed(pnl !== 0 && Math.abs(pnl) < 10 ? 2 : 0);
      pen.fillText(text, LEFT - 8 - pen.measureText(text).width, y(pnl));
    }
    pen.fillText("0", x(0), this.canvas.clientHeight - 10);
    const text = `tick ${last}`;
    pen.fillText(text, this.canvas.clientWidth - EDGE - pen.measureText(text).width, this.canvas.clientHeight - 10);
  }
}
