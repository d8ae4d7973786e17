// The page's own log of presses, `window.__demo.presses`: what the pressed control truly does
// (whatever its label says), what it said, when, and whether a hand or a script did it.
import { log } from "./link.js";

const KEPT = 20000;
const truth = new WeakMap();
let context = () => ({});

// Say what a node does: "BUY", "SELL", "SHORT", "SIDEBET", "+0.01", "50%"; "decoy" does nothing.
export const mark = (node, what) => {
  truth.set(node, what);
  return node;
};

const note = (event) => {
  const node = event.composedPath().find((step) => truth.has(step));
  if (!node) return;
  if (log.presses.length >= KEPT) log.presses.shift();
  log.presses.push({
    what: truth.get(node), said: node.textContent, at: Date.now(), trusted: event.isTrusted, ...context(),
  });
};

export const watchPresses = (target) => target.addEventListener("click", note, true);
export const tellContext = (tell) => { context = tell; };
