// What the numbers mean, in words. Odds come from the service (`/api/odds`), which takes them from the rules.

import { formatCount, formatShare, formatSol } from "/artifacts/shared/format.js";

const ENOUGH_BETS = 30; // below these a normal approximation of the spread says little
const ENOUGH_GAMES = 10;
const NORMAL_95 = 1.96;

export const percent = (share, options) => formatShare(share, options);

/** Say what a stake is worth on average. */
export function worth(odds) {
  const lost = percent(-odds.expected_value);
  const back = formatSol(1 + odds.expected_value);
  return (
    `Of 1 SOL staked, ${back} comes back on average: a loss of ${lost}. The rug comes within ` +
    `${odds.window_ticks} ticks in ${percent(odds.win_chance)} of all cases, at tick 5 as at tick 500; ` +
    `to break even at ${odds.payout_multiple} times the stake it would have to be ${percent(odds.break_even_chance)}.`
  );
}

/** Say what the settled bets returned, and what luck alone does to a fair game; `luck` in SOL. */
export function honest(sums, luck, odds) {
  if (!sums.bets) return "No bet has been settled since this page was opened. A reveal tells those of the last ten games.";
  const result = sums.returned / sums.staked - 1;
  const told = `${formatCount(sums.bets)} bets on ${formatCount(sums.games.size)} games returned ${percent(result, { sign: true })} of the stake; a fair game returns ${percent(odds.expected_value)} on average`;
  if (sums.bets < ENOUGH_BETS || sums.games.size < ENOUGH_GAMES) return `${told}. So few bets say nothing about the odds.`;
  const margin = (NORMAL_95 * luck) / sums.staked;
  const usual = Math.abs(result - odds.expected_value) <= margin;
  const verdict = usual ? "This lies within it." : "This lies outside it, as 1 in 20 such series does in a fair game.";
  return `${told}, give or take ${percent(margin)} by luck alone (95 %; bets on one game win together). ${verdict}`;
}
