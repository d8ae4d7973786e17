// What the estimates say, in words: each with how much it rests on, its interval and the fair value.

import { formatCount, formatNumber, formatShare, UNKNOWN } from "/artifacts/shared/format.js";

export const percent = (share, digits = 1) => formatShare(share, { digits });

/** An interval as "16.1 to 21.9 %". */
export function between({ low, high }, digits = 1) {
  if (low === null || high === null) return UNKNOWN;
  return `${formatNumber(low * 100, { digits })} to ${percent(high, digits)}`;
}

/** Say whether the fair value fits an estimate. */
function fits({ low, high, fair }) {
  const inside = low <= fair && fair <= high;
  return inside ? "The fair value lies inside." : "The fair value lies outside: 1 in 20 such intervals misses it even in a fair game.";
}

/** Answer the question of the sliders. */
export function answer({ at, within, at_risk: alive, rugs, chance }) {
  if (chance.value === null) return `No recorded game was seen alive at tick ${at}: nothing can be said but the fair ${percent(chance.fair)}.`;
  return (
    `Of ${formatCount(alive)} games seen alive at tick ${at}, ${formatCount(rugs)} were seen to rug within ${within} ticks: ` +
    `${percent(chance.value)}, interval ${between(chance)} (95 %). A fair game says ${percent(chance.fair)} at every tick. ${fits(chance)}`
  );
}

/** Say what a row of sidebets is worth. */
export function ladder(bets, odds) {
  if (!bets) return "Choose how many sidebets follow one another to see when one of them wins.";
  return (
    `More bets win more often and cost more: each loses ${percent(-odds.expected_value)} of its stake on average, wherever it begins. ` +
    "The next can be placed when the one before is lost."
  );
}

/** Say how many games the figures rest on. */
export function basis({ games, rugs, met_midway: midway, unfinished }) {
  const parts = [`${formatCount(games)} games`, `${formatCount(rugs)} rugs`];
  if (midway) parts.push(`${formatCount(midway)} met midway`);
  if (unfinished) parts.push(`${formatCount(unfinished)} not seen to end`);
  return parts.join(" · ");
}
