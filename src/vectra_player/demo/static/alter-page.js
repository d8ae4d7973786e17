// Changes of the page as a whole: names, frames, roots, routes, speed.
import { acts, attach, words } from "./controls.js";
import { el } from "./dom.js";
import { style } from "./alter-tools.js";
import { parts, QUICK, SHARES } from "./parts.js";
import { mark, watchPresses } from "./presses.js";
import { state } from "./state.js";
import { drawSidebet } from "./sidebet.js";

const NEW_HASHES = { "1lj20": "9kq2z", "1mzic": "4vt7c", "1himf": "8xw1d", "73g5s": "2rb6h", q7zk6: "5np3y" };
const HASHED = /_([A-Za-z]+)_([a-z0-9]{5})_(\d+)/g;
const RENDER_MS = 120;
const BUSY_MS = 300;
const PAUSE_MS = 200;

// Rename classes on the page and in the style sheets, so that it looks as before.
const rename = (change) => () => {
  const sheet = new CSSStyleSheet();
  const rules = Array.from(document.styleSheets).flatMap((old) => Array.from(old.cssRules, (rule) => rule.cssText));
  sheet.replaceSync(rules.join("\n").replace(HASHED, change));
  document.adoptedStyleSheets = [sheet];
  words.chosen = words.chosen.replace(HASHED, change);
  const nodes = [...document.querySelectorAll("[class*='_']"), parts.short];
  for (const node of nodes) node.className = node.className.replace(HASHED, change);
};

const bare = () => {
  words.chosen = "chosen";
  for (const node of parts.panel.querySelectorAll("[class]")) node.removeAttribute("class");
};

const sheets = () => Array.from(document.querySelectorAll("link[rel=stylesheet]"), (link) => link.cloneNode());

const inFrame = () => {
  const frame = el("iframe.bare", { width: "100%", height: "260" });
  parts.panel.replaceWith(frame);
  frame.contentDocument.head.append(...sheets());
  frame.contentDocument.body.append(parts.panel);
  watchPresses(frame.contentWindow);
};

const inShadow = () => {
  const host = el("div");
  parts.panel.replaceWith(host);
  host.attachShadow({ mode: "open" }).append(...sheets(), parts.panel);
};

// The side games use the same amount bar.
const sideGame = () => {
  history.pushState(null, "", "/bearbullcrab");
  const bets = ["Bear", "Bull", "Crab"].map((name) => mark(el("button._actionButton_1himf_1._buy_1himf_114", { type: "button", title: name }, "PLACE BET"), "decoy"));
  parts.buttonsRow.replaceChildren(...bets);
};

const busy = () => {
  const until = performance.now() + BUSY_MS;
  while (performance.now() < until);
  setTimeout(busy, PAUSE_MS);
};

const deafTo = (trusted) => () =>
  parts.panel.addEventListener("click", (event) => {
    if (event.isTrusted === trusted) event.stopImmediatePropagation();
  }, true);

// Every button is made anew several times a second, as a page that renders carelessly does.
const renew = (name, what = name) => {
  const copy = parts[name].cloneNode(true);
  parts[name].replaceWith(copy);
  parts[name] = copy;
  if (copy.children.length === 2) [parts[`${name}Word`], parts[`${name}Amount`]] = copy.children;
  attach(name, what);
};
const renderAgain = () => setInterval(() => {
  for (const name of [...QUICK, "X", ...SHARES.map((share) => `${share}%`)]) renew(name);
  renew("buy", "BUY");
  renew("sell", "SELL");
}, RENDER_MS);

const askAgain = () => {
  const buy = acts.buy;
  acts.buy = () => {
    const yes = mark(el("button", { type: "button" }, "Yes"), "decoy");
    const box = el("dialog.demo-dialog", {}, "Really?", yes);
    yes.addEventListener("click", () => { box.remove(); buy(); });
    document.body.append(box);
    box.showModal();
  };
};

const looksLoggedOut = () => {
  parts.connect.before(mark(el("button.connect-button", { type: "button" }, "Connect"), "decoy"));
};

export const whole = {
  "hashes-changed": rename((match, name, hash, line) => `_${name}_${NEW_HASHES[hash] ?? hash}_${Number(line) + 7}`),
  "names-changed": rename((match, name, hash, line) => `_${[...name].reverse().join("")}_${hash}_${line}`),
  "classes-gone": bare,
  "other-route": () => history.pushState(null, "", "/candleflip"),
  "side-game": sideGame,
  "in-a-frame": inFrame,
  "in-a-shadow-root": inShadow,
  "slow-main-thread": busy,
  "hears-only-hands": deafTo(false),
  "swallows-clicks": deafTo(true),
  "renders-again-and-again": renderAgain,
  "asks-again": askAgain,
  "looks-logged-out": looksLoggedOut,
  "title-changed": () => { document.title = "Rugs.fun | 1.0210x"; },
  "season-changed": () => { document.body.className = "winter-cursor"; },
  "sidebet-folded": () => { state.folded = true; drawSidebet(); },
  "flickers": () => setInterval(() => style(parts.panel, { visibility: parts.panel.style.visibility ? "" : "hidden" }), PAUSE_MS),
};
