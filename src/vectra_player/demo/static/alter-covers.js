// What lies over a button, dims it, or takes it away at the last moment.
import { acts, locks } from "./controls.js";
import { el } from "./dom.js";
import { cover, once, style, swap } from "./alter-tools.js";
import { setShort } from "./modes.js";
import { parts } from "./parts.js";
import { mark } from "./presses.js";
import { toast } from "./toast.js";

const dialog = () => {
  const box = mark(el("dialog.demo-dialog", {}, "A dialog nobody expected", el("button", { type: "button" }, "OK")), "decoy");
  document.body.append(box);
  box.showModal();
};

const bubbles = () => cover(parts.buy, "lid.bubbles", el("div.bubble", {}, "Buy +0.030"), el("div.bubble", {}, "Buy +0.100"), el("div.bubble", {}, "Bet +0.009"));

const fieldset = () => {
  const set = el("fieldset.bare", { disabled: true });
  parts.panelMain.replaceWith(set);
  set.append(parts.panelMain);
};

const dimmed = () => {
  parts.buy.classList.add("_dimmed_1himf_120");
  acts.buy = () => undefined;
};

const flee = () => parts.buy.addEventListener("pointerenter", () => style(parts.buy, { transform: "translateY(-140px)" }));
const changePlaces = () => once(parts.buy, "pointerenter", () => swap(parts.buyPlace, parts.sellPlace));

export const covers = {
  "buy-covered": () => cover(parts.buy, "lid"),
  "sell-covered": () => cover(parts.sell, "lid"),
  "bet-covered": () => cover(parts.sidebet, "lid"),
  "step-covered": () => cover(parts["+0.01"], "lid"),
  "page-covered": () => document.body.append(mark(el("div.lid.everywhere"), "decoy")),
  "buy-covered-by-toast": () => cover(parts.buy, "lid.toast.bad", "Authentication required"),
  "amount-covered-by-toast": () => toast("Authentication required", true, Infinity),
  "dialog-on-top": dialog,
  "bubbles-over-buy": bubbles,
  "buy-dimmed-only": dimmed,
  "buy-disabled": () => { locks.buy = true; },
  "sell-disabled": () => { locks.sell = true; },
  "bet-dimmed": () => { locks.bet = true; },
  "buy-aria-disabled": () => parts.buy.setAttribute("aria-disabled", "true"),
  "bet-aria-disabled": () => parts.bet.setAttribute("aria-disabled", "true"),
  "fieldset-disabled": fieldset,
  "panel-inert": () => { parts.panel.inert = true; },
  "buy-takes-no-pointer": () => style(parts.buy, { pointerEvents: "none" }),
  "buy-without-size": () => style(parts.buy, { width: "0", height: "0", padding: "0", overflow: "hidden" }),
  "buy-transparent": () => style(parts.buy, { opacity: "0" }),
  "buy-hidden": () => style(parts.buy, { visibility: "hidden" }),
  "buy-flees": flee,
  "buy-and-sell-swap-under-the-pointer": changePlaces,
  "sell-becomes-short-under-the-pointer": () => once(parts.sell, "pointerenter", () => setShort(true)),
};
