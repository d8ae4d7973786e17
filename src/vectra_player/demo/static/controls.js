// Amount, share and the three orders. Nothing is changed here but by the server's answer.
// `acts` is what each button does, `words` what is written by hand: alterations change both.
import { say, sol, sol3 } from "./dom.js";
import { controlled } from "./field.js";
import { parts, QUICK, SHARES, STEPS } from "./parts.js";
import { mark } from "./presses.js";
import { cash, state } from "./state.js";
import { toast } from "./toast.js";
import { trace } from "./trace.js";

const SOL_MINT = "So11111111111111111111111111111111111111112";
const PAYOUT = 5;
const THOUSAND = 1000; // no amount with more than three decimals was ever seen
const LEAST = 0.001;

export const controls = { amount: 0, share: 100, short: false };
export const words = { bet: "BET", chosen: "_active_1mzic_60", amount: sol, share: String };
export const locks = { buy: false, sell: false, bet: false };
export const acts = {};

export const round = (value) => Math.max(0, Math.round(value * THOUSAND) / THOUSAND);
const trading = () => state.phase === "presale" || state.phase === "live";
const open = () => Boolean(state.connected && state.me && trading());

export const setAmount = (value) => {
  controls.amount = round(value);
  parts.amount.value = words.amount(controls.amount);
  label();
};

export const setShare = (value) => {
  controls.share = Math.min(100, Math.max(1, Math.round(value) || 1));
  parts.share.value = words.share(controls.share);
  label();
};

const typed = (text) => {
  const value = round(Number(text) || 0);
  // Digits beyond the third decimal are not taken; what stands there is what would be sent.
  if (value !== Number(text)) setAmount(value);
  else {
    controls.amount = value;
    label();
  }
};

const answered = (what) => (answer) => {
  if (!answer?.success) toast(answer?.error ?? `${what} was not accepted`, true);
};

const orders = (link) => {
  const order = (name, payload, what) => link.emit(name, [trace(), payload], answered(what));
  acts.buy = () => order("buyOrder", { amount: controls.amount }, "The buy");
  acts.sell = () => order("sellOrder", { percentage: controls.share }, "The sale");
  acts.bet = () => {
    if (!parts.bet.classList.contains("but-button-active")) return;
    const coinAddress = state.me?.selectedCoin?.address ?? SOL_MINT;
    order("requestSidebet", { amount: controls.amount, coinAddress, xPayout: PAYOUT }, "The sidebet");
  };
  // No frame of a short order was ever seen, so none is sent.
  acts.short = () => toast("The demo takes no shorts: their frames are unknown", true);
};

const labelOrders = () => {
  const enough = controls.amount >= LEAST;
  const held = state.phase === "live" && state.position > 0;
  parts.buy.disabled = locks.buy || !(open() && enough);
  parts.short.disabled = parts.buy.disabled;
  parts.sell.disabled = locks.sell || !(state.connected && held);
  say(parts.buyAmount, state.me ? `+${sol3(controls.amount)} SOL` : "");
  say(parts.shortAmount, state.me ? `+${sol3(controls.amount)} SOL` : "");
  const worth = held ? (state.position * state.price * controls.share) / 100 : 0;
  say(parts.sellAmount, held ? `-${sol3(worth)} SOL` : "");
  say(parts.bet, `${words.bet} ${sol(controls.amount)} SOL`);
  parts.bet.classList.toggle("but-button-active", !locks.bet && open() && enough && !state.sidebet);
};

export const label = () => {
  labelOrders();
  if (document.activeElement !== parts.share) parts.share.value = words.share(controls.share);
  parts.slider.value = String(controls.share);
  for (const share of SHARES) parts[`${share}%`].classList.toggle(words.chosen, share === controls.share);
};

// The press looks up what to do when it comes, so that an alteration can change it later.
export const attach = (name, what = name) => {
  mark(parts[name], what).addEventListener("click", (event) => acts[name](event));
};

export const wire = (link) => {
  for (const [name, step] of Object.entries(STEPS)) acts[name] = () => setAmount(controls.amount + step);
  Object.assign(acts, {
    "1/2": () => setAmount(controls.amount / 2),
    X2: () => setAmount(controls.amount * 2),
    MAX: () => setAmount(Math.floor(cash() * THOUSAND) / THOUSAND),
    X: () => setAmount(0),
  });
  for (const share of SHARES) acts[`${share}%`] = () => setShare(share);
  orders(link);
  for (const name of [...QUICK, "X", ...SHARES.map((share) => `${share}%`)]) attach(name);
  for (const [name, what] of [["buy", "BUY"], ["sell", "SELL"], ["short", "SHORT"], ["bet", "SIDEBET"]]) attach(name, what);
  controlled(parts.amount, typed);
  controlled(parts.share, (text) => text && setShare(Number(text)));
  parts.slider.addEventListener("input", () => setShare(Number(parts.slider.value)));
};
