// Loads what a page shows: its shape first, an error that says what to do and a way to try again.
// A service that is down is asked again until it answers.

import { byId, el, errorState, skeleton } from "/static/ui/dom.js";

const AGAIN_MS = 4_000;
const PATIENT_MS = 150;

/**
 * Load into `box`: `ask()` gives the data, `draw(data)` shows it. Only the last call of a box counts.
 * Returns whether it was drawn.
 */
export async function load(box, ask, draw, { rows = 6, again = () => load(box, ask, draw, { rows }) } = {}) {
  const turn = Symbol("turn");
  turns.set(box, turn);
  box.setAttribute("aria-busy", "true");
  const shape = setTimeout(() => {
    if (!box.childElementCount) box.replaceChildren(skeleton(rows));
    else box.classList.add("stale");
  }, PATIENT_MS);
  try {
    const data = await ask();
    if (turns.get(box) !== turn) return false;
    const text = JSON.stringify(data);
    const before = shown.get(box);
    if (before?.draw === draw && before.text === text) return true; // nothing new: focus and scroll stay
    draw(data);
    shown.set(box, { draw, text });
    return true;
  } catch (error) {
    if (turns.get(box) !== turn) return false;
    shown.delete(box);
    box.replaceChildren(faultOf(error, again));
    if (error.status === 0 || error.status === 503) setTimeout(() => turns.get(box) === turn && again(), AGAIN_MS);
    return false;
  } finally {
    clearTimeout(shape);
    if (turns.get(box) === turn) {
      box.classList.remove("stale");
      box.removeAttribute("aria-busy");
    }
  }
}

/** As `load`, for what is asked again and again: while an answer is awaited, nothing is asked. */
export function refresh(box, ask, draw, options = {}) {
  if (box.hasAttribute("aria-busy")) return;
  load(box, ask, draw, options);
}

const turns = new WeakMap();
const shown = new WeakMap();

/** The card of an error, with a button that tries again. */
export function faultOf(error, again = null) {
  const action = again && el("button", { class: "button", type: "button", on: { click: again } }, "Try again");
  const fields = Object.entries(error.fields ?? {}).map(([name, reason]) => `${name}: ${reason}`);
  return errorState(error.message, [error.advice, ...fields].filter(Boolean).join(" "), action);
}

/** Show an error over the page; null takes it away. */
export function tell(error) {
  byId("fault").replaceChildren(...(error ? [faultOf(error)] : []));
}
