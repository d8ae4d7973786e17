// Candles of five ticks on a canvas, the price on a dashed line, own and others' trades as marks.
const CANDLE_TICKS = 5;
const SHOWN = 60;
const COLOURS = { up: "#2fbf8f", down: "#f0616d", rug: "#ff8a3d", line: "#2a323d", text: "#95a1b2", own: "#5aa9ff" };

export const candles = (prices) => {
  const made = [];
  for (let start = 0; start < prices.length; start += CANDLE_TICKS) {
    // Each candle opens where the one before closed, so that no gap is drawn.
    const part = prices.slice(Math.max(0, start - 1), start + CANDLE_TICKS).filter((p) => p !== undefined);
    if (!part.length) continue;
    made.push({ start, open: part[0], close: part[part.length - 1], high: Math.max(...part), low: Math.min(...part) });
  }
  return made;
};

const scale = (canvas) => {
  const box = canvas.getBoundingClientRect();
  const ratio = devicePixelRatio || 1;
  const width = Math.round(box.width * ratio);
  const height = Math.round(box.height * ratio);
  if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
  const pen = canvas.getContext("2d");
  pen.setTransform(ratio, 0, 0, ratio, 0, 0);
  pen.clearRect(0, 0, box.width, box.height);
  return { pen, width: box.width, height: box.height };
};

const steps = (low, high) => {
  const raw = (high - low) / 5;
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = [1, 2, 5, 10].map((m) => m * power).find((s) => s >= raw);
  const marks = [];
  for (let at = Math.ceil(low / step) * step; at <= high; at += step) marks.push(at);
  return marks;
};

// `inset` is kept free for the leaderboard on the right, `foot` for the sidebet at the bottom.
export const drawChart = (canvas, state, { inset, foot }) => {
  const { pen, width, height } = scale(canvas);
  const all = candles(state.phase === "rugged" ? state.prices : state.prices.slice(0, state.tick + 1));
  const shown = all.slice(-SHOWN);
  const right = width - inset;
  const axis = 46;
  const low = Math.min(0.95, ...shown.map((c) => c.low));
  const high = Math.max(1.06, ...shown.map((c) => c.high));
  const pad = (high - low) * 0.12;
  const top = 40;
  const bottom = height - 12 - foot;
  const y = (price) => bottom - ((price - low + pad / 2) / (high - low + pad * 1.5)) * (bottom - top);
  pen.font = "11px ui-monospace, 'DejaVu Sans Mono', monospace";
  pen.textBaseline = "middle";
  for (const mark of steps(low, high)) {
    pen.fillStyle = COLOURS.line;
    pen.globalAlpha = 0.6;
    pen.fillRect(axis, Math.round(y(mark)), right - axis, 1);
    pen.globalAlpha = 1;
    pen.fillStyle = COLOURS.text;
    pen.textAlign = "right";
    pen.fillText(`${mark.toFixed(mark < 10 ? 2 : 0)}x`, axis - 6, y(mark));
  }
  const slot = Math.min(22, (right - axis - 76) / Math.max(shown.length, 14));
  const body = Math.max(2, slot * 0.66);
  shown.forEach((candle, index) => {
    const x = axis + 8 + slot * (index + 0.5);
    const rugged = state.phase === "rugged" && index === shown.length - 1;
    pen.fillStyle = rugged ? COLOURS.rug : candle.close >= candle.open ? COLOURS.up : COLOURS.down;
    pen.fillRect(x - 0.5, y(candle.high), 1, Math.max(1, y(candle.low) - y(candle.high)));
    const edge = Math.min(y(candle.open), y(candle.close));
    pen.beginPath();
    pen.roundRect(x - body / 2, edge, body, Math.max(1.5, Math.abs(y(candle.open) - y(candle.close))), 1.5);
    pen.fill();
  });
  priceLine(pen, state, axis, right, y);
};

const priceLine = (pen, state, axis, right, y) => {
  const at = y(state.price);
  const colour = state.phase === "rugged" ? COLOURS.rug : state.price >= 1 ? COLOURS.up : COLOURS.down;
  pen.strokeStyle = colour;
  pen.setLineDash([3, 4]);
  pen.globalAlpha = 0.7;
  pen.beginPath();
  pen.moveTo(axis, at);
  pen.lineTo(right, at);
  pen.stroke();
  pen.setLineDash([]);
  pen.globalAlpha = 1;
  const label = `${state.price.toFixed(4)}x`;
  const wide = pen.measureText(label).width + 14;
  pen.fillStyle = colour;
  pen.beginPath();
  pen.roundRect(right - wide, at - 10, wide, 20, 5);
  pen.fill();
  pen.fillStyle = "#0e1116";
  pen.textAlign = "center";
  pen.fillText(label, right - wide / 2, at + 0.5);
};

export const drawSpark = (canvas, prices) => {
  const { pen, width, height } = scale(canvas);
  const path = prices.slice(0, -1);
  const top = Math.max(...path, 1.01);
  const low = Math.min(...path, 1);
  pen.strokeStyle = path[path.length - 1] >= 1 ? COLOURS.up : COLOURS.down;
  pen.lineWidth = 1.2;
  pen.beginPath();
  path.forEach((price, i) => {
    const x = (i / Math.max(1, path.length - 1)) * (width - 2) + 1;
    const at = height - 2 - ((price - low) / (top - low || 1)) * (height - 4);
    if (i) pen.lineTo(x, at);
    else pen.moveTo(x, at);
  });
  pen.stroke();
};
