// The sidebet banner at the chart's bottom left. Its children are those of the state it is in:
// folded 5X | 5X, question, BET | ring, stake | mark, result. Logged out there is none.
import { el, say, show, sol } from "./dom.js";
import { controls } from "./controls.js";
import { keep, parts } from "./parts.js";
import { state } from "./state.js";

const WINDOW_TICKS = 40;
const TICKS_A_SECOND = 4;
const PAYOUT = 5;
let face = "";

export const buildSidebet = (folded) => {
  keep("badge", el("div.sidebet-badge", {}, "5X"));
  keep("ring", el("div.sidebet-badge.ring"));
  keep("mark", el("div.sidebet-badge.mark"));
  keep("sidebetText", el("div.sidebet-text", {}, keep("sidebetAsk", el("div")), keep("sidebetWin", el("div.win"))));
  keep("betShown", keep("bet", el("div.bet-button", {}, "BET 0 SOL")));
  state.folded = folded;
  parts.badge.addEventListener("click", () => {
    state.folded = !state.folded;
    drawSidebet();
  });
};

const faceNow = () => {
  if (state.result && state.result.until > Date.now()) return state.result.payout > 0 ? "won" : "lost";
  if (state.sidebet) return "running";
  return state.folded ? "folded" : "idle";
};

const children = () => ({
  folded: [parts.badge],
  idle: [parts.badge, parts.sidebetText, parts.betShown],
  running: [parts.ring, parts.sidebetText],
  won: [parts.mark, parts.sidebetText],
  lost: [parts.mark, parts.sidebetText],
});

const drawRunning = ({ end, betAmount }) => {
  const left = state.phase === "live" ? Math.max(0, end - state.tick) : WINDOW_TICKS;
  say(parts.ring, `${Math.floor(left / TICKS_A_SECOND)}s`);
  parts.ring.style.setProperty("--left", `${(left / WINDOW_TICKS) * 360}deg`);
  say(parts.sidebetAsk, `Bet ${sol(betAmount)} SOL`);
  say(parts.sidebetWin, `TO WIN: ${sol(betAmount * PAYOUT)} SOL`);
};

const drawResult = ({ payout, betAmount }) => {
  say(parts.mark, payout ? "✓" : "✕");
  say(parts.sidebetAsk, payout ? "Sidebet Won!" : "Sidebet Lost");
  say(parts.sidebetWin, payout ? `+${sol(payout)} SOL` : `-${sol(betAmount)} SOL`);
};

export const drawSidebet = () => {
  show(parts.sidebet, Boolean(state.me));
  const now = faceNow();
  if (now !== face) {
    face = now;
    parts.sidebet.className = `sidebet-banner ${now}`;
    parts.sidebet.replaceChildren(...children()[now]);
  }
  if (now === "running") drawRunning(state.sidebet);
  else if (now === "won" || now === "lost") drawResult(state.result);
  else {
    say(parts.sidebetAsk, "Rug in 10s?");
    say(parts.sidebetWin, `Win ${sol(controls.amount * PAYOUT)} SOL`);
  }
};
