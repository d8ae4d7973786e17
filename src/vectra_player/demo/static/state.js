// What the page knows, made from events alone. `apply` returns true when something is to be drawn.
export const state = {
  connected: false, me: null, username: "", token: "",
  gameId: "", hash: "", phase: "waiting", timer: 0, price: 1, tick: 0, prices: [1],
  leaderboard: [], players: 0, history: [], counts: {}, rugpool: null,
  sidebet: null, result: null, entry: null, chat: [], chatHeard: 0, bubbles: [], position: 0, folded: false,
  paused: "", maintenance: "", golden: false, rugpassTier: null,
};

export const PRACTICE = "0xPractice";

// What can be spent now: SOL, or practice coins while those are chosen.
export const cash = () => {
  const me = state.me;
  return (me?.selectedCoin ? me.shitcoinBalances?.[PRACTICE] : me?.cash) ?? 0;
};

const SHOWN_CHAT = 40;
const SHOWN_BUBBLES = 6;
const BUBBLE_MS = 4000;
const RESULT_MS = 1000;

const phaseOf = (frame) => {
  if (frame.cooldownPaused) return "paused";
  if (frame.rugged) return "rugged";
  if (frame.active) return "live";
  if (frame.active === undefined && !("cooldownTimer" in frame)) return state.phase;
  return frame.allowPreRoundBuys ? "presale" : "cooldown";
};

const game = (frame) => {
  if (frame.gameId !== state.gameId) {
    Object.assign(state, { gameId: frame.gameId, prices: [1], price: 1, tick: 0, entry: null, result: null, bubbles: [] });
  }
  state.phase = phaseOf(frame);
  state.timer = frame.cooldownTimer;
  state.paused = frame.pauseMessage || state.paused;
  state.leaderboard = frame.leaderboard ?? state.leaderboard;
  state.players = frame.connectedPlayers ?? state.players;
  state.hash = frame.provablyFair?.serverSeedHash ?? state.hash;
  state.rugpool = frame.rugpool ?? state.rugpool;
  if (frame.count2x !== undefined) state.counts = frame;
  if (frame.prices) state.prices = [...frame.prices];
  for (const [tick, price] of Object.entries(frame.partialPrices?.values ?? {})) state.prices[Number(tick)] = price;
  if (frame.active) {
    state.price = frame.price;
    state.tick = state.prices.length - 1;
  } else state.price = 1;
  if (frame.gameHistory) {
    state.history = frame.gameHistory.map(({ id, peakMultiplier, prices }) => ({ id, peak: peakMultiplier, prices: prices ?? [] }));
  }
};

const bubble = (shown) => {
  state.bubbles.push({ ...shown, until: Date.now() + BUBBLE_MS });
  if (state.bubbles.length > SHOWN_BUBBLES) state.bubbles.shift();
};

const handlers = {
  gameStateUpdate: game,
  playerUpdate: (update) => {
    state.me = update;
    state.position = update.positionQty;
    state.sidebet = update.sideBet;
  },
  gameStatePlayerUpdate: (update) => { state.entry = update.leaderboardEntry ?? null; },
  usernameStatus: (status) => { state.username = status.username; },
  currentSidebetResult: (result) => {
    state.sidebet = null;
    state.result = { ...result, until: Date.now() + RESULT_MS };
  },
  currentSidebet: (bet) => { state.sidebet = { ...bet, startedAtTick: bet.startTick, end: bet.endTick }; },
  newChatMessage: (message) => {
    state.chat.push(message);
    state.chatHeard += 1;
    if (state.chat.length > SHOWN_CHAT) state.chat.shift();
  },
  "standard/newTrade": (trade) => bubble({ ...trade, word: trade.type === "buy" ? "Buy" : "Sell" }),
  newSideBet: (bet) => bubble({ ...bet, type: "bet", word: "Bet", amount: bet.betAmount }),
  maintenanceUpdate: ({ active, message }) => { state.maintenance = active ? message || "Maintenance" : ""; },
  goldenHourUpdate: ({ status }) => { state.golden = status === "ACTIVE"; },
  rugpassStatus: ({ tier }) => { state.rugpassTier = tier; },
};

export const apply = (name, args) => {
  const payload = args.length === 1 && args[0]?.__trace ? undefined : args[args.length - 1];
  const handler = handlers[name];
  if (!handler || !payload || typeof payload !== "object") return false;
  handler(payload);
  return true;
};
