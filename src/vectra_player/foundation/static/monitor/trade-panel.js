// Buys, sells and sidebets without risk: on paper in the live game, as practice in a replay.

import { formatCount, formatPrice, formatSol, formatSolExact, put } from "/static/sdk/format.js";
import { byId, el, setText } from "/static/ui/dom.js";
import { tradeForm } from "/static/ui/trade-form.js";
import { TradeLog } from "/static/monitor/trade-log.js";
import { GateStrip } from "/static/monitor/gate-strip.js";
import { account, practice } from "/static/monitor/trade-api.js";
import { WalletDialog } from "/static/monitor/wallet-dialog.js";

const TITLES = { PAPER: "Paper trading", PRACTICE: "Practice", LIVE: "Live trading" };
const MODES = { PAPER: "paper", PRACTICE: "practice: press the demo page", LIVE: "live: press the game page" };
const OPEN = new Set(["BETTING", "LIVE"]);
const SHOWN = 0.0005; // a smaller amount is written 0.000, and has no sign

export class TradePanel {
  #parts = tradeForm(byId("trade"));
  #store;
  #desk = account("PAPER");
  #replay = null;
  #gate = new GateStrip(this.#parts.gate, () => this.#modes());
  #account = null;
  #turn = 0;
  #heard = 0;
  #asking = null;
  #unanswered = false;
  #log = new TradeLog(this.#parts.log, this.#parts.score);
  #wallet;

  constructor(client) {
    this.#store = client.store;
    this.#bind();
    this.#wallet = new WalletDialog(byId("wallet"), (values) => this.act("reset", values));
    client.on("action", ({ data }) => data.mode === this.#desk.mode.toLowerCase() && this.#told(data));
    client.on("trade.gate", () => this.#gate.ask());
    client.on("snapshot", () => {
      this.ask();
      this.#gate.ask(); // it may have changed while nothing was heard
    });
    for (const type of ["game.rug", "game.start"]) client.on(type, () => this.ask());
    setInterval(() => this.draw(client.state), 250);
  }

  /** Show the account of a stream: a replay by its id, or null for the live game. */
  show(replay) {
    this.#replay = replay;
    this.#choose(replay ? practice(replay) : account("PAPER"));
    if (replay === null) this.#gate.ask();
    this.#modes();
  }

  #choose(desk) {
    this.#desk = desk;
    this.#account = null;
    this.#turn += 1;
    this.#asking?.abort();
    setText(this.#parts.title, TITLES[desk.mode]);
    byId("trade").dataset.mode = desk.mode;
    this.#parts.reset.hidden = desk.clicks;
    this.#parts.gate.hidden = !desk.clicks;
    this.#note("");
    this.#log.clear();
    this.draw(this.#store.state);
  }

  /** Offer the modes there are: the page's own only where there is a page to press. */
  #modes() {
    const own = { practice: "PRACTICE", live: "LIVE" }[this.#gate.state?.mode];
    const { mode } = this.#parts;
    mode.hidden = this.#replay !== null || own === undefined;
    if (mode.hidden || mode.dataset.own === own) return;
    mode.dataset.own = own;
    mode.replaceChildren(...["PAPER", own].map((each) => el("option", { value: each }, MODES[each])));
    mode.value = this.#desk.mode;
  }

  /** Learn the whole account anew. */
  async ask() {
    const turn = (this.#turn += 1);
    const heard = this.#heard;
    this.#asking?.abort();
    const { signal } = (this.#asking = new AbortController());
    try {
      const state = await this.#desk.state(signal);
      if (turn !== this.#turn) return;
      if (heard === this.#heard) this.#account = state.account;
      if (this.#unanswered) this.#note("");
      this.#unanswered = false;
      this.#wallet.knows(state);
      this.#log.show(state);
      this.draw(this.#store.state);
    } catch (error) {
      if (turn !== this.#turn) return;
      this.#unanswered = true;
      this.#note(error.message, "bad");
    }
  }

  /** Act; what became of it is said below the buttons. */
  async act(action, values) {
    this.#note("…");
    const heard = this.#heard;
    try {
      const { action: note, account } = await this.#desk.act(action, values);
      // What the feed told meanwhile is newer than this answer.
      if (heard === this.#heard) this.#account = account;
      this.#note(said(note), note.outcome === "REJECTED" || note.outcome === "BLOCKED" ? "bad" : "good");
      this.draw(this.#store.state);
      if (action === "reset") this.ask();
    } catch (error) {
      this.#note(`${error.message} ${error.advice ?? ""}`.trim(), "bad");
    }
  }

  /** Bind the keys of trading. */
  keys(shell) {
    const order = (key, label, call) =>
      shell.key(key, label, () => (this.#desk.mode === "LIVE" ? this.#note("In live mode keys order nothing: press the button.", "bad") : call()), { held: false });
    order("b", "Trade: buy for the amount", () => this.#buy());
    order("s", "Trade: sell everything", () => this.act("sell", { percentage: 100 }));
    order("d", "Trade: sidebet of the amount", () => this.#bet());
    shell.key("a", "Trade: go to the amount", () => this.#parts.amount.focus());
  }

  /** Show the account with the price of this moment. */
  draw(state) {
    const account = this.#account;
    const holding = account?.holding ?? null;
    const value = holding === null ? 0 : state.price === null ? holding.cost : holding.qty * state.price;
    const worth = account === null ? null : account.cash + account.at_risk + value;
    const profit = account === null ? null : worth - account.start_cash;
    const told = { cash: account?.cash ?? null, worth, profit, "in bets": account?.at_risk ?? null };
    for (const [name, node] of this.#parts.figures) {
      put(node, name === "profit" ? gain(told[name]) : formatSol(told[name]), formatSolExact(told[name]));
    }
    this.#parts.figures.get("profit").dataset.side = !profit || Math.abs(profit) < SHOWN ? "" : profit > 0 ? "up" : "down";
    this.#holding(holding, value);
    this.#sidebet(account?.sidebet ?? null, state);
    this.#enable(account, holding, state);
  }

  #holding(holding, value) {
    const text = holding === null
      ? "Nothing is held."
      : `Holds ${formatSol(holding.cost)} SOL bought at ${formatPrice(holding.avg_cost)}: ${gain(value - holding.cost)}`;
    setText(this.#parts.holding, text);
  }

  #sidebet(bet, state) {
    const { meter } = this.#parts;
    if (bet === null) {
      setText(this.#parts.bet, "No sidebet is open.");
      meter.style.transform = "scaleX(0)";
      return;
    }
    const left = Math.max(0, bet.end_tick - Math.max(bet.start_tick, state.tick ?? 0));
    setText(this.#parts.bet, `Sidebet of ${formatSol(bet.amount)} to tick ${formatCount(bet.end_tick)}, ${left} left`);
    meter.style.transform = `scaleX(${left / (bet.end_tick - bet.start_tick)})`;
  }

  #enable(account, holding, state) {
    const ready = account !== null && OPEN.has(state.phase) && account.stopped === null;
    const { buy, sidebet, sell, reset } = this.#parts;
    buy.disabled = !ready;
    sidebet.disabled = !ready || account.sidebet !== null;
    for (const button of sell) button.disabled = !ready || holding === null || state.phase !== "LIVE";
    reset.disabled = account === null;
    if (account?.stopped) this.#note(`The wallet's limits ended this run: ${account.stopped}`, "bad");
  }

  #amount() {
    const field = this.#parts.amount;
    const amount = Number(field.value);
    const good = Number.isFinite(amount) && amount > 0;
    field.setAttribute("aria-invalid", String(!good));
    if (!good) this.#note("The amount is a number of SOL above 0.", "bad");
    return good ? amount : null;
  }

  #buy() {
    const amount = this.#amount();
    if (amount !== null) this.act("buy", { amount });
  }

  #bet() {
    const amount = this.#amount();
    if (amount !== null) this.act("sidebet", { amount });
  }

  #told(data) {
    this.#heard += 1;
    this.#account = data.account;
    this.#log.add(data);
    if (data.kind === "missed" || data.kind === "refused") this.#note(said(data), "bad");
    else if (data.kind !== "submitted") this.#note(said(data), "good");
    this.draw(this.#store.state);
  }

  #note(text, level = "") {
    const { note } = this.#parts;
    setText(note, text || "\u00a0");
    note.dataset.level = level;
  }

  #bind() {
    const { form, sell, sidebet, reset, mode } = this.#parts;
    mode.addEventListener("change", () => {
      this.#choose(account(mode.value));
      this.ask();
    });
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#buy();
    });
    for (const button of sell) button.addEventListener("click", () => this.act("sell", { percentage: Number(button.dataset.share) }));
    sidebet.addEventListener("click", () => this.#bet());
    reset.addEventListener("click", () => this.#wallet.open());
  }
}

/** A profit or loss; what is written as 0 has no sign. */
function gain(amount) {
  return formatSol(amount !== null && Math.abs(amount) < SHOWN ? 0 : amount, { sign: true });
}

/** Say in one line what became of an action. */
export function said(note) {
  const amount = formatSol(note.amount);
  const at = note.executed_tick === null || note.executed_tick === undefined ? "" : ` at tick ${formatCount(note.executed_tick)}`;
  const gained = `${formatSol(note.profit, { sign: true })} SOL`;
  const lines = {
    submitted: `${note.action_type} under way since tick ${formatCount(note.game_context_tick)}.`,
    bought: `Bought for ${amount} SOL${at}, ${formatPrice(note.executed_price)}.`,
    sold: `Sold for ${amount} SOL${at}, ${formatPrice(note.executed_price)}: ${gained}.`,
    placed: `Sidebet of ${amount} SOL placed${at}.`,
    won: `Sidebet won${at}: ${gained}.`,
    lost: `Sidebet lost${at}: ${gained}.`,
    rugged: `Rugged${at}: the holding is gone, ${gained}.`,
    void: "Nobody saw how the game ended: the stake is back.",
    reset: `A new wallet of ${amount} SOL.`,
  };
  const why = (note.error ?? note.reason ?? "refused").replace(/\.$/, "");
  return lines[note.kind] ?? `${note.action_type} not done: ${why}.`;
}

