// Sidebets as the feed tells them: those that run, and those the server settled. Nothing is settled here.

import { nameOf } from "/static/ui/names.js";

const MOST_OPEN = 200;
const MOST_SETTLED = 1000;
const PRACTICE = "0xPractice"; // protocol reference section 8: the coin of bets that are not SOL

const number = (value) => (typeof value === "number" && Number.isFinite(value) ? value : null);

/** Read a bet of any message: newSideBet, currentSidebet, a leaderboard entry's, a history record. */
function betOf(data, { own = false, ts = null } = {}) {
  const startTick = number(data.startTick ?? data.startedAtTick);
  const endTick = number(data.endTick ?? data.end);
  if (typeof data.gameId !== "string" || startTick === null || endTick === null) return null;
  return {
    key: `${data.gameId} ${own ? "own" : data.playerId ?? data.username} ${startTick}`,
    gameId: data.gameId,
    name: nameOf(data),
    amount: number(data.betAmount),
    practice: data.coinAddress === PRACTICE,
    startTick,
    endTick,
    own,
    ts: number(data.timestamp) ?? ts,
  };
}

export class Bets {
  #open = new Map();
  #settled = new Map();
  #seen = new Set();

  /** Take a bet that was placed, or that somebody is seen to have open. */
  placed(data, about) {
    const bet = betOf(data, about);
    if (bet === null || this.#open.has(bet.key)) return;
    this.#open.set(bet.key, bet);
    if (this.#open.size > MOST_OPEN) this.#open.delete(this.#open.keys().next().value);
  }

  /** Take a result as the server states it. */
  result(data, about) {
    const bet = betOf(data, about);
    const payout = number(data.payout);
    if (bet === null || payout === null) return;
    this.#open.delete(bet.key);
    const won = payout > 0;
    const lastTick = won ? (number(data.tickIndex) ?? bet.endTick) : bet.endTick;
    this.#settled.set(bet.key, { ...bet, payout, profit: number(data.profit), won, lastTick });
    if (this.#settled.size > MOST_SETTLED) this.#settled.delete(this.#settled.keys().next().value);
  }

  /** Take the games a frame reveals, each with every bet that was placed on it. */
  revealed(games, ownId) {
    for (const game of games.toReversed()) {
      if (this.#seen.has(game.id) || !Array.isArray(game.globalSidebets)) continue;
      this.#seen.add(game.id);
      for (const record of game.globalSidebets) {
        if (record.type === "payout") this.result(record, { own: ownId !== null && record.playerId === ownId });
      }
    }
  }

  /** Take the bets the ranked players have open. */
  ranked(entries, ownId) {
    for (const entry of entries) {
      if (!entry.sideBet) continue;
      const own = ownId !== null && entry.id === ownId;
      this.placed({ ...entry.sideBet, playerId: entry.id, username: entry.username }, { own });
    }
  }

  /** Bets that can still win in this game: yours first, then those that end first. */
  running(gameId, tick) {
    for (const bet of this.#open.values()) if (bet.gameId !== gameId) this.#open.delete(bet.key);
    const alive = [...this.#open.values()].filter((bet) => tick === null || tick <= bet.endTick);
    return alive.sort((a, b) => b.own - a.own || a.endTick - b.endTick || a.startTick - b.startTick);
  }

  /** Settled bets, newest first. */
  settled({ own = false } = {}) {
    return [...this.#settled.values()].filter((bet) => bet.own || !own).sort((a, b) => (b.ts ?? 0) - (a.ts ?? 0));
  }

  /** Forget what runs: the stream jumped. */
  jumped() {
    this.#open.clear();
  }
}

/** Sums over settled bets in SOL; practice coins are left out. */
export function sumsOf(bets) {
  const sums = { bets: 0, games: new Set(), won: 0, staked: 0, returned: 0 };
  for (const { practice, amount, payout, won, gameId } of bets) {
    if (practice || amount === null) continue;
    sums.bets += 1;
    sums.games.add(gameId);
    sums.won += won ? 1 : 0;
    sums.staked += amount;
    sums.returned += payout;
  }
  return sums;
}

/**
 * Standard deviation in SOL of what these bets return if the game is fair. Bets that are open at the
 * same tick win or lose together, so their stakes are summed tick by tick: a rug there moves all of
 * them at once, by what each still lacked to its payout.
 */
export function luckOf(bets, odds) {
  const jumps = new Map();
  for (const { practice, amount, gameId, startTick, endTick, lastTick } of bets) {
    if (practice || amount === null) continue;
    for (let tick = startTick + 1; tick <= Math.min(lastTick, endTick); tick += 1) {
      const lacking = odds.payout_multiple * amount * (1 - odds.rug_within[endTick - tick]);
      const key = `${gameId} ${tick}`;
      jumps.set(key, (jumps.get(key) ?? 0) + lacking);
    }
  }
  const squares = [...jumps.values()].reduce((sum, jump) => sum + jump * jump, 0);
  return Math.sqrt(odds.rug_chance * (1 - odds.rug_chance) * squares);
}
