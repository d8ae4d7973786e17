// Amount, share and the three orders. Nothing is changed here but by the server's answer.
import { say, sol, sol3 } from "./dom.js";
import { parts } from "./layout.js";
import { state } from "./state.js";

const SOL_MINT = "So11111111111111111111111111111111111111112";
const PAYOUT = 5;
const DECIMALS = 1e6;

export const controls = { amount: 0, share: 100 };

const round = (value) => Math.max(0, Math.round(value * DECIMALS) / DECIMALS);
const cash = () => state.me?.cash ?? 0;
const trading = () => state.phase === "presale" || state.phase === "live";

const setAmount = (value) => {
  controls.amount = round(value);
  parts.amount.value = sol(controls.amount);
  label();
};

export const toast = (text, bad = false) => {
  const node = document.createElement("div");
  node.className = `toast${bad ? " bad" : ""}`;
  node.textContent = text;
  parts.toasts.append(node);
  setTimeout(() => node.remove(), 3500);
};

const trace = () => {
  const bytes = crypto.getRandomValues(new Uint8Array(24));
  const hex = Array.from(bytes, (b) => b.toString(16).padStart(2, "0")).join("");
  return { __trace: true, traceparent: `00-${hex.slice(0, 32)}-${hex.slice(32)}-01` };
};

const answered = (what) => (answer) => {
  if (!answer?.success) toast(answer?.error ?? `${what} was not accepted`, true);
};

const order = (link, name, payload, what) => link.emit(name, [trace(), payload], answered(what));

export const label = () => {
  const open = state.connected && state.me && trading();
  const enough = controls.amount >= 0.001;
  parts.buy.disabled = !(open && enough);
  parts.sell.disabled = !(state.connected && state.phase === "live" && state.position > 0);
  say(parts.buyAmount, state.me ? `+${sol3(controls.amount)} SOL` : "");
  say(parts.betButton, `BET ${sol(controls.amount)} SOL`);
  parts.betButton.classList.toggle("but-button-active", Boolean(open && enough && !state.sidebet));
  parts.betButton.setAttribute("aria-disabled", String(!(open && enough && !state.sidebet)));
  say(parts.share, String(controls.share));
  for (const share of [10, 25, 50, 100]) {
    parts[`${share}%`].classList.toggle("_active_1mzic_60", share === controls.share);
  }
};

export const wire = (link, login) => {
  const steps = { "+0.001": 0.001, "+0.01": 0.01, "+0.1": 0.1, "+1": 1 };
  for (const [name, step] of Object.entries(steps)) {
    parts[name].addEventListener("click", () => setAmount(controls.amount + step));
  }
  parts["1/2"].addEventListener("click", () => setAmount(controls.amount / 2));
  parts.X2.addEventListener("click", () => setAmount(controls.amount * 2));
  parts.MAX.addEventListener("click", () => setAmount(Math.floor(cash() * 1000) / 1000));
  parts.clear.addEventListener("click", () => setAmount(0));
  parts.amount.addEventListener("input", () => {
    controls.amount = round(Number(parts.amount.value) || 0);
    label();
  });
  for (const share of [10, 25, 50, 100]) {
    parts[`${share}%`].addEventListener("click", () => {
      controls.share = share;
      label();
    });
  }
  parts.buy.addEventListener("click", () => order(link, "buyOrder", { amount: controls.amount }, "The buy"));
  parts.sell.addEventListener("click", () => order(link, "sellOrder", { percentage: controls.share }, "The sale"));
  const bet = () => {
    if (!parts.betButton.classList.contains("but-button-active")) return;
    order(link, "requestSidebet", { amount: controls.amount, coinAddress: SOL_MINT, xPayout: PAYOUT }, "The sidebet");
  };
  parts.betButton.addEventListener("click", bet);
  parts.betButton.addEventListener("keydown", (event) => event.key === "Enter" && bet());
  parts.connect.addEventListener("click", login);
};
