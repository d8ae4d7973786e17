// Prices of one game by tick, and candles of five ticks made of them. Nothing is interpolated: a
// tick nobody told stays null, and a candle says how many of its ticks are missing.

export const CANDLE_TICKS = 5;
const MAX_TICK = 20_000;

export class PriceSeries {
  constructor() {
    this.prices = [];
    this.candles = [];
    this.peak = null;
  }

  /** Take a price where none is known; the first one told stays. Returns whether it was news. */
  tell(tick, price) {
    if (!Number.isInteger(tick) || tick < 0 || tick > MAX_TICK) return false;
    if (typeof price !== "number" || !Number.isFinite(price)) return false;
    const known = this.prices[tick];
    if (known !== null && known !== undefined) return false;
    while (this.prices.length < tick) this.prices.push(null);
    this.prices[tick] = price;
    if (this.peak === null || price > this.peak) this.peak = price;
    this.#candle(Math.floor(tick / CANDLE_TICKS));
    return true;
  }

  #candle(index) {
    while (this.candles.length < index) this.candles.push(null);
    const start = index * CANDLE_TICKS;
    const told = this.prices.slice(start, start + CANDLE_TICKS);
    const values = told.filter((price) => price !== null);
    this.candles[index] = {
      index,
      tick: start,
      open: values[0],
      high: Math.max(...values),
      low: Math.min(...values),
      close: values[values.length - 1],
      ticks: values.length,
      missing: told.length - values.length,
      complete: values.length === CANDLE_TICKS,
    };
  }
}
