// Results of own play in words: a sign, a colour, and "not known" where nothing was told.

import { UNKNOWN, formatSol } from "/static/sdk/format.js";
import { byId, el, setText } from "/static/ui/dom.js";

const SHOWN = 0.0005; // a smaller amount is written 0.000, and has no side

/** A decimal text as a number; null stays null. */
export const number = (text) => (text === null || text === undefined ? null : Number(text));

/** The class of a result: up, down or none. */
export const sideOf = (value) => (value === null || Math.abs(value) < SHOWN ? "" : value > 0 ? "up" : "down");

/** A result in SOL as an element. */
export function gain(text) {
  const value = number(text);
  if (value === null) return el("span", { class: "unknown" }, UNKNOWN);
  const shown = Math.abs(value) < SHOWN ? 0 : value;
  return el("span", { class: sideOf(value) }, formatSol(shown, { sign: true }));
}

/** Say what is to be known of the file of notes; nothing takes the line away. */
export function drawTrouble(text) {
  byId("trouble").hidden = !text;
  setText(byId("trouble"), text);
}
