// Words that changed, lie, or stand where they should not.
import { acts, controls, setAmount, setShare, words } from "./controls.js";
import { el, say } from "./dom.js";
import { swap } from "./alter-tools.js";
import { parts, SHARES } from "./parts.js";

const speak = (texts, bet = words.bet) => () => {
  for (const [name, text] of Object.entries(texts)) say(parts[name], text);
  words.bet = bet;
};

// What a button does and what it says come apart.
const exchangeActs = (one, other) => {
  const kept = acts[one];
  acts[one] = acts[other];
  acts[other] = kept;
};

const lyingAmount = () => {
  const shown = el("div._subLabel_1himf_90", {}, "+0.001 SOL");
  parts.buyAmount.replaceWith(shown);
};

export const labels = {
  "buy-renamed": speak({ buyWord: "BUY NOW" }),
  "sell-renamed": speak({ sellWord: "SELL ALL" }),
  "bet-renamed": speak({}, "SIDEBET"),
  "lower-case": speak({ buyWord: "buy", sellWord: "sell", MAX: "max" }, "bet"),
  "other-language": speak({ buyWord: "KAUFEN", sellWord: "VERKAUFEN" }, "WETTE"),
  "words-exchanged": speak({ buyWord: "SELL", sellWord: "BUY" }),
  "buy-word-missing": speak({ buyWord: "" }),
  "buy-with-picture": speak({ buyWord: "🚀 BUY" }),
  "look-alike-letter": speak({ buyWord: "\u0412UY" }),
  "invisible-letter": speak({ buyWord: "BUY\u200b" }),
  "steps-renamed": speak({ "+0.001": "+1m", "+0.01": "+10m", "+0.1": "+100m", "+1": "+1000m" }),
  "amount-label-lies": lyingAmount,
  "bet-text-elsewhere": () => parts.chart.append(el("div.stray", {}, "BET 0.03 SOL")),
  "buy-text-elsewhere": () => parts.page.append(el("button.stray", { type: "button" }, "BUY+0.030 SOL")),
  "x-and-x2-change-places": () => swap(parts.X, parts.X2),
  "x-and-x2-exchanged": () => exchangeActs("X", "X2"),
  "step-lies": () => { acts["+0.01"] = () => setAmount(controls.amount + 0.1); },
  "half-lies": () => { acts["1/2"] = () => setAmount(controls.amount * 2); },
  "max-lies": () => { acts.MAX = () => setAmount(5); },
  "shares-shuffled": () => [50, 10, 100, 25].forEach((share) => parts.shares.append(parts[`${share}%`])),
  "shares-lie": () => SHARES.forEach((share) => { acts[`${share}%`] = () => setShare(100); }),
};
