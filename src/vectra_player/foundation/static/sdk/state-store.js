// The current view, made of a snapshot and the messages after it. It repeats what the server said
// and invents nothing: what was not told is null.

import { PriceSeries } from "./candles.js";

const KEPT = { trades: 200, sidebets: 100, games: 20, gaps: 100, alerts: 50, actions: 50 };
const PAST_GAMES = 16;
const RATE_WINDOW_MS = 5_000;

const number = (value) => (typeof value === "number" && Number.isFinite(value) ? value : null);
const text = (value) => (typeof value === "string" && value !== "" ? value : null);
const flag = (value) => (typeof value === "boolean" ? value : null);
const list = (value) => (Array.isArray(value) ? value : null);
const sent = (value, known) => (value === null || value === undefined ? known : value);

function keep(items, item, limit) {
  items.unshift(item);
  if (items.length > limit) items.length = limit;
}

function unknownOwn() {
  return {
    playerId: null, username: null, balance: null, bonusBalance: null, positionQty: null, avgCost: null,
    totalInvested: null, cumulativePnl: null, entryTick: null, hasSidebet: null, sidebet: null,
    lastSidebetResult: null, hasShort: null, short: null,
  };
}

function unknownGame(gameId = null) {
  const series = new PriceSeries();
  return {
    gameId, phase: "UNKNOWN", paused: null, tick: null, price: null, peak: null, series, prices: series.prices,
    candles: series.candles, tradeCount: null, serverSeedHash: null, cooldownMs: null, cooldownAt: null,
  };
}

function unknownState() {
  return {
    mode: null, trading: null, gate: null, recording: null, sessionId: null, feedId: null, seq: null, ts: null,
    connection: { state: "idle", reason: "", since: null, attempts: 0, retryInMs: null },
    source: { connected: null, silent: null, gaps: null, delayMs: null },
    ...unknownGame(),
    gameVersion: null, players: null, rugpool: null, leaderboard: null, settledGameId: null,
    own: unknownOwn(), rug: null, settled: null, games: [], trades: [], sidebets: [], gaps: [],
    alerts: [], actions: [], replay: null, messages: 0, merged: 0,
  };
}

function bet(data) {
  if (data === null || data === undefined || typeof data !== "object") return null;
  const start = number(data.startTick ?? data.startedAtTick ?? data.start_tick);
  return {
    gameId: text(data.gameId ?? data.game_id),
    playerId: text(data.playerId),
    username: text(data.username),
    startTick: start,
    endTick: number(data.endTick ?? data.end ?? data.end_tick),
    amount: number(data.betAmount ?? data.amount),
    xPayout: number(data.xPayout ?? data.x_payout),
    coinAddress: text(data.coinAddress ?? data.coin_address),
  };
}

export class StateStore {
  #listeners = new Set();
  #frames = new Set();
  #frameAsked = false;
  #past = [];
  #arrivals = [];
  #snapshot = null;

  constructor({ now = () => Date.now() } = {}) {
    this.now = now;
    this.state = unknownState();
  }

  /** Forget everything: another stream begins. The state object stays the same one. */
  reset(values = {}) {
    const { connection } = this.state;
    Object.assign(this.state, unknownState(), { connection }, values);
    this.#past = [];
    this.#arrivals = [];
    this.#snapshot = null;
    this.#changed(null);
  }

  /** Call back with (state, message) after every change; returns the function that ends it. */
  subscribe(listener) {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Call back with the state at most once a painted frame; returns the function that ends it. */
  render(draw) {
    this.#frames.add(draw);
    this.#askFrame();
    return () => this.#frames.delete(draw);
  }

  /** Take one message of the feed. */
  apply(message) {
    const { state } = this;
    const data = message.data !== null && typeof message.data === "object" ? message.data : {};
    if (typeof message.seq === "number") state.seq = message.seq;
    state.ts = sent(number(message.ts), state.ts);
    state.messages += 1;
    this.#arrived();
    HANDLERS[message.type]?.call(this, data, message);
    this.#changed(message);
  }

  /** Note how the connection to the feed is. */
  setConnection(connection) {
    this.state.connection = { ...this.state.connection, ...connection };
    this.#changed(null);
  }

  /** Note what a page learned elsewhere (mode, trading, recording). */
  set(values) {
    Object.assign(this.state, values);
    this.#changed(null);
  }

  /** Messages a second over the last five seconds. */
  rate() {
    this.#forgetArrivals();
    return this.#arrivals.length / (RATE_WINDOW_MS / 1000);
  }

  /** What the countdown shows now in ms; null when none runs or it is not known. */
  countdown(now = this.now()) {
    const { cooldownMs, cooldownAt, paused, phase } = this.state;
    if (cooldownMs === null || (phase !== "COOLDOWN" && phase !== "BETTING")) return null;
    return paused ? cooldownMs : Math.max(0, cooldownMs - (now - cooldownAt));
  }

  /** The current view as the data of a `snapshot` message; null before the first one. */
  snapshot() {
    if (this.#snapshot === null) return null;
    const { state } = this;
    const { own } = state;
    const snake = (item) => item && {
      game_id: item.gameId, start_tick: item.startTick, end_tick: item.endTick, amount: item.amount,
      x_payout: item.xPayout, coin_address: item.coinAddress,
    };
    return {
      ...this.#snapshot,
      trades: [...state.trades].reverse(),
      mode: state.mode, trading: state.trading, recording: state.recording, session_id: state.sessionId,
      feed_id: state.feedId, last_seq: state.seq, game_id: state.gameId, phase: state.phase, paused: state.paused,
      tick: state.tick, price: state.price, prices: [...state.prices], cooldown_ms: this.countdown() ?? state.cooldownMs,
      trade_count: state.tradeCount, players: state.players, server_seed_hash: state.serverSeedHash,
      game_version: state.gameVersion, settled_game_id: state.settledGameId, leaderboard: state.leaderboard,
      rugpool: state.rugpool,
      player: {
        id: own.playerId, username: own.username, balance: own.balance, bonus_balance: own.bonusBalance,
        cumulative_pnl: own.cumulativePnl,
      },
      position: {
        qty: own.positionQty, avg_cost: own.avgCost, total_invested: own.totalInvested, entry_tick: own.entryTick,
        time_in_position: null,
      },
      has_short: own.hasShort, short: own.short, has_sidebet: own.hasSidebet, sidebet: snake(own.sidebet),
      last_sidebet_result: own.lastSidebetResult,
      connection: {
        connected: state.source.connected, silent: state.source.silent, gaps: state.source.gaps,
        delay_ms: state.source.delayMs,
      },
    };
  }

  /** Take a snapshot: it replaces everything about the game, the account and the source. */
  takeSnapshot(data, message) {
    const { state } = this;
    this.#snapshot = data;
    this.#past = [];
    const game = unknownGame(text(data.game_id));
    for (const [tick, price] of (list(data.prices) ?? []).entries()) game.series.tell(tick, price);
    const player = data.player ?? {};
    const position = data.position ?? {};
    Object.assign(state, game, {
      peak: game.series.peak, phase: text(data.phase) ?? "UNKNOWN", paused: flag(data.paused), tick: number(data.tick),
      price: number(data.price), cooldownMs: number(data.cooldown_ms), cooldownAt: this.now(),
      tradeCount: number(data.trade_count), players: number(data.players),
      serverSeedHash: text(data.server_seed_hash), gameVersion: text(data.game_version),
      settledGameId: text(data.settled_game_id), leaderboard: list(data.leaderboard),
      rugpool: data.rugpool ?? null, trades: (list(data.trades) ?? []).toReversed().slice(0, KEPT.trades), mode: sent(text(data.mode), state.mode),
      trading: sent(text(data.trading), state.trading), gate: gateOf(data.gate), recording: sent(flag(data.recording), state.recording),
      sessionId: sent(text(data.session_id), state.sessionId), feedId: sent(text(data.feed_id), state.feedId),
      seq: sent(number(data.last_seq), number(message.seq)),
      own: {
        playerId: text(player.id), username: text(player.username), balance: number(player.balance),
        bonusBalance: number(player.bonus_balance), cumulativePnl: number(player.cumulative_pnl),
        positionQty: number(position.qty), avgCost: number(position.avg_cost),
        totalInvested: number(position.total_invested), entryTick: number(position.entry_tick),
        hasShort: flag(data.has_short), short: data.short ?? null, hasSidebet: flag(data.has_sidebet),
        sidebet: bet(data.sidebet), lastSidebetResult: data.last_sidebet_result ?? null,
      },
    });
    const health = data.connection ?? {};
    state.source = {
      connected: flag(health.connected), silent: flag(health.silent), gaps: number(health.gaps),
      delayMs: number(health.delay_ms),
    };
  }

  /** Take a gameStateUpdate. One that belongs to an earlier game or moment turns nothing back. */
  takeTick(data, message) {
    const { state } = this;
    const gameId = text(message.gameId ?? data.gameId);
    if (gameId !== null && gameId !== state.gameId && !this.#turn(gameId)) return;
    const tick = number(data.tick);
    const late = data.active === true && number(data.tickCount) !== null && tick !== null && data.tickCount < tick;
    this.#tellPrices(data, message);
    state.phase = text(data.phase) ?? state.phase;
    state.tick = sent(tick, state.tick);
    if (!late) {
      state.price = sent(number(data.price), state.price);
      state.players = sent(number(data.connectedPlayers), state.players);
      state.leaderboard = sent(list(data.leaderboard), state.leaderboard);
      if (data.active) state.tradeCount = sent(number(data.tradeCount), state.tradeCount);
      this.#count(data);
    }
    state.serverSeedHash = sent(text(data.provablyFair?.serverSeedHash), state.serverSeedHash);
    state.gameVersion = sent(text(data.gameVersion), state.gameVersion);
    if (data.rugpool) state.rugpool = { ...(state.rugpool ?? {}), ...data.rugpool };
  }

  /** Start the view of a game; returns false for one that is over. */
  #turn(gameId) {
    if (this.#past.includes(gameId)) return false;
    const { state } = this;
    if (state.gameId !== null) this.#past.push(state.gameId);
    if (this.#past.length > PAST_GAMES) this.#past.shift();
    Object.assign(state, unknownGame(gameId));
    state.own = { ...state.own, entryTick: null };
    if (state.own.sidebet !== null && state.own.sidebet.gameId !== gameId) {
      Object.assign(state.own, { sidebet: null, hasSidebet: null });
    }
    return true;
  }

  #tellPrices(data, message) {
    if (data.active !== true) return;
    const { series } = this.state;
    for (const [tick, price] of (list(data.prices) ?? []).entries()) series.tell(tick, price);
    for (const [tick, price] of list(message.merged) ?? []) series.tell(tick, price);
    const told = data.partialPrices?.values;
    for (const [tick, price] of Object.entries(told ?? {})) series.tell(Number(tick), price);
    if (!told || data.phase === "LIVE") series.tell(number(data.tickCount), number(data.price));
    this.state.peak = series.peak;
    if (Array.isArray(message.merged)) this.state.merged += message.merged.length;
  }

  #count(data) {
    const { state } = this;
    state.paused = sent(flag(data.cooldownPaused), state.paused);
    const timer = number(data.cooldownTimer);
    if (timer === null) return;
    state.cooldownMs = timer;
    state.cooldownAt = this.now();
  }

  /** Take playerUpdate: the account as the server states it. */
  takePlayer(data) {
    const { own } = this.state;
    Object.assign(own, {
      playerId: sent(text(data.id), own.playerId), balance: sent(number(data.cash), own.balance),
      bonusBalance: sent(number(data.bonusBalance), own.bonusBalance),
      positionQty: sent(number(data.positionQty), own.positionQty), avgCost: sent(number(data.avgCost), own.avgCost),
      totalInvested: sent(number(data.totalInvested), own.totalInvested),
      cumulativePnl: sent(number(data.cumulativePnL), own.cumulativePnl),
    });
    if (own.positionQty === 0) own.entryTick = null;
    if ("shortPosition" in data) Object.assign(own, { hasShort: data.shortPosition !== null, short: data.shortPosition });
    if ("sideBet" in data) Object.assign(own, { hasSidebet: data.sideBet !== null, sidebet: bet(data.sideBet) });
  }

  #arrived() {
    this.#arrivals.push(this.now());
    if (this.#arrivals.length > 1000) this.#forgetArrivals();
  }

  #forgetArrivals() {
    const since = this.now() - RATE_WINDOW_MS;
    const first = this.#arrivals.findIndex((at) => at >= since);
    this.#arrivals = first < 0 ? [] : this.#arrivals.slice(first);
  }

  #changed(message) {
    for (const listener of [...this.#listeners]) guarded(listener, this.state, message);
    this.#askFrame();
  }

  #askFrame() {
    if (this.#frameAsked || this.#frames.size === 0) return;
    this.#frameAsked = true;
    requestAnimationFrame(() => {
      this.#frameAsked = false;
      for (const draw of [...this.#frames]) guarded(draw, this.state);
    });
  }
}

/** Call a function of a page; its error is told and goes no further. */
export function guarded(call, ...values) {
  try {
    call(...values);
    return true;
  } catch (error) {
    (globalThis.reportError ?? console.error)(error);
    return false;
  }
}

// Called with the store as `this`; names are the feed's types.
function gateOf(data) {
  if (!data) return null;
  const notUndone = list(data.not_undone) ?? [];
  return { state: text(data.state), mode: text(data.mode), halts: list(data.halts) ?? [], armedUntil: number(data.armed_until), notUndone };
}

const HANDLERS = {
  snapshot(data, message) {
    this.takeSnapshot(data, message);
  },
  "game.tick"(data, message) {
    this.takeTick(data, message);
  },
  "player.state"(data) {
    this.takePlayer(data);
  },
  "connection.authenticated"(data) {
    const { own } = this.state;
    own.playerId = sent(text(data.id), own.playerId);
    own.username = sent(text(data.username), own.username);
  },
  "player.trade"(data, message) {
    keep(this.state.trades, { ...data, ts: message.ts, seq: message.seq }, KEPT.trades);
  },
  "sidebet.placed"(data, message) {
    keep(this.state.sidebets, { ...bet(data), own: data.own === true, kind: "placed", ts: message.ts }, KEPT.sidebets);
    if (data.own === true) Object.assign(this.state.own, { sidebet: bet(data), hasSidebet: true });
  },
  "sidebet.result"(data, message) {
    const payout = number(data.payout);
    const result = {
      ...bet(data), payout, profit: number(data.profit), won: payout === null ? null : payout > 0,
      own: data.own === true, kind: "result", ts: message.ts,
    };
    keep(this.state.sidebets, result, KEPT.sidebets);
    if (data.own === true) {
      Object.assign(this.state.own, { sidebet: null, hasSidebet: false, lastSidebetResult: result });
    }
  },
  "game.rug"(data, message) {
    const rug = { ...data, ts: message.ts };
    this.state.rug = rug;
    const game = { gameId: rug.gameId, rugTick: rug.rugTick, peak: rug.peak, price: rug.price, ts: rug.ts };
    const prices = rug.gameId === this.state.gameId ? [...this.state.prices] : null;
    keep(this.state.games, { ...game, prices, settled: null }, KEPT.games);
  },
  "game.settled"(data, message) {
    this.state.settled = { ...data, ts: message.ts };
    this.state.settledGameId = sent(text(data.gameId), this.state.settledGameId);
    const game = this.state.games.find((item) => item.gameId === data.gameId);
    if (game) game.settled = this.state.settled;
  },
  connection(data) {
    const { source } = this.state;
    source.connected = sent(flag(data.connected), source.connected);
    source.silent = sent(flag(data.silent), source.silent);
  },
  recording(data) {
    this.state.recording = sent(flag(data.recording), this.state.recording);
    this.state.sessionId = this.state.recording ? sent(text(data.session_id), this.state.sessionId) : null;
  },
  gap(data, message) {
    const scope = text(data.scope) ?? "feed";
    keep(this.state.gaps, { ...data, scope, ts: message.ts }, KEPT.gaps);
    if (scope === "capture" && this.state.source.gaps !== null) this.state.source.gaps += 1;
  },
  alert(data, message) {
    keep(this.state.alerts, { ...data, ts: message.ts }, KEPT.alerts);
  },
  "trade.gate"(data) {
    this.state.trading = sent(text(data.trading), this.state.trading);
    this.state.gate = gateOf(data);
  },
  action(data, message) {
    keep(this.state.actions, { ...data, ts: message.ts }, KEPT.actions);
  },
  "replay.status"(data) {
    this.state.replay = data;
  },
};
