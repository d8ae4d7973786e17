// What stands around the money buttons: short mode, the coin, the folded chat, the small corners.
import { say, show, sol3 } from "./dom.js";
import { controls, label } from "./controls.js";
import { arrange } from "./panel.js";
import { NARROW, parts } from "./parts.js";
import { cash, PRACTICE, state } from "./state.js";
import { toast } from "./toast.js";

const SEEN_ON_ARRIVAL = 10; // the chat has more than nine lines that nobody has read

let unread = SEEN_ON_ARRIVAL;
let heard = 0;
let slide = 0;

export const setShort = (on) => {
  controls.short = on;
  parts.shortMode.classList.toggle("_on_73g5s_113", on);
  parts.sellPlace.replaceChildren(on ? parts.short : parts.sell);
  label();
};

// Which coin an account plays with is not told by any frame known, so the page asks aside.
const choose = (coin) => async () => {
  show(parts.coinMenu, false);
  const answer = await fetch("/__demo__/coin", {
    method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify({ token: state.token, coin }),
  });
  if (!answer.ok) toast((await answer.text()).trim(), true);
};

const locked = () => !state.me || state.position > 0 || Boolean(state.sidebet) || Boolean(state.entry);

export const drawCoin = () => {
  const practice = Boolean(state.me?.selectedCoin);
  parts.coinIcon.classList.toggle("practice", practice);
  say(parts.chip, sol3(cash()));
  parts.coinButton.disabled = locked();
  if (locked()) show(parts.coinMenu, false);
  say(parts.coinSolText, `SOL ${sol3(state.me?.cash ?? 0)}`);
  say(parts.coinPracticeText, `Practice SOL ${sol3(state.me?.shitcoinBalances?.[PRACTICE] ?? 0)}`);
};

// Folded, the chat is a tab at the left edge, at the height of the percent field and over it.
export const drawTab = () => {
  const folded = NARROW.matches && !parts.chat.classList.contains("opened");
  if (state.chatHeard > heard) unread += state.chatHeard - heard;
  heard = state.chatHeard;
  if (!folded) unread = 0;
  show(parts.chatTab, folded);
  show(parts.unread, unread > 0);
  say(parts.unread, unread > 9 ? "9+" : String(unread));
  if (!folded) return;
  const field = parts.share.getBoundingClientRect();
  parts.chatTab.style.top = `${field.top + scrollY + (field.height - parts.chatTab.offsetHeight) / 2}px`;
};

export const drawCarousel = () => {
  const slides = [`Rugpass Tier ${state.rugpassTier ?? 1}`, state.golden ? "Golden Hour" : "Golden Hour soon"];
  say(parts.carousel, slides[((slide % slides.length) + slides.length) % slides.length]);
};

export const wireModes = (redraw) => {
  parts.shortMode.addEventListener("click", () => setShort(!controls.short));
  parts.coinButton.addEventListener("click", () => parts.coinMenu.classList.toggle("hidden"));
  parts.coinSol.addEventListener("click", choose("SOL"));
  parts.coinPractice.addEventListener("click", choose("practice"));
  parts.chatTab.addEventListener("click", () => { parts.chat.classList.add("opened"); redraw(); });
  parts.chatClose.addEventListener("click", () => { parts.chat.classList.remove("opened"); redraw(); });
  parts.before.addEventListener("click", () => { slide -= 1; redraw(); });
  parts.next.addEventListener("click", () => { slide += 1; redraw(); });
  parts.chevron.addEventListener("click", () => parts.more.classList.toggle("hidden"));
  for (const name of ["auto", "instant", "CRATES", "WITHDRAW", "DEPOSIT", "menu"]) {
    parts[name].addEventListener("click", () => toast("Not part of the demo"));
  }
  NARROW.addEventListener("change", () => { arrange(); redraw(); });
};
