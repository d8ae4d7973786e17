// What is missing, and what is there twice.
import { acts } from "./controls.js";
import { decoy, remove, style } from "./alter-tools.js";
import { el } from "./dom.js";
import { parts } from "./parts.js";
import { mark } from "./presses.js";

const twice = (name) => () => parts[name].after(decoy(parts[name]));

const copied = (name, rules) => () => {
  const copy = decoy(parts[name]);
  style(copy, rules);
  parts[name].after(copy);
  return copy;
};

const transparentOnTop = () => {
  style(parts.buyPlace, { position: "relative" });
  copied("buy", { position: "absolute", inset: "0", opacity: "0" })();
};

// The second one truly buys.
const twoThatBuy = () => {
  const copy = decoy(parts.buy, "BUY");
  copy.addEventListener("click", () => acts.buy());
  parts.buy.after(copy);
};

const panelTwice = () => {
  const copy = parts.panel.cloneNode(true);
  for (const node of copy.querySelectorAll("button")) mark(node, "decoy");
  parts.panel.after(copy);
};

export const doubles = {
  "buy-missing": remove("buy"),
  "sell-missing": remove("sell"),
  "bet-missing": () => { parts.betShown = document.createComment(""); },
  "sidebet-missing": remove("sidebet"),
  "amount-missing": remove("amount"),
  "x-missing": remove("X"),
  "step-missing": remove("+0.01"),
  "shares-missing": remove("shares"),
  "panel-missing": remove("panel"),
  "buy-twice": twice("buy"),
  "buy-twice-for-real": twoThatBuy,
  "sell-twice": twice("sell"),
  "bet-twice": () => { parts.betShown = el("div.pair", {}, parts.bet, decoy(parts.bet)); },
  "amount-twice": twice("amount"),
  "step-twice": twice("+0.01"),
  "panel-twice": panelTwice,
  "buy-copy-hidden": copied("buy", { display: "none" }),
  "buy-copy-invisible": copied("buy", { visibility: "hidden", position: "absolute" }),
  "buy-copy-on-top": transparentOnTop,
};
