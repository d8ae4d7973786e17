// The signs of a player, drawn and not written: few fonts have them. Used by both players.

import { svg } from "/static/ui/dom.js";

const PATHS = {
  start: "M3 3h2v10H3zM13 3v10L6 8z",
  before: "M13 3v10L7 8zM3 6h3v4H3z",
  back: "M12 3v10L4 8z",
  play: "M4 2l10 6-10 6z",
  pause: "M4 3h3v10H4zM9 3h3v10H9z",
  step: "M4 3l6 5-6 5zM11 3h2v10h-2z",
  after: "M3 3v10l6-5zM10 6h3v4h-3z",
  end: "M3 3l7 5-7 5zM11 3h2v10h-2z",
  rug: "M2 3l5 5-5 5zM7 3l5 5-5 5zM12 3h2v10h-2z",
  slower: "M3 7h10v2H3z",
  faster: "M3 7h4V3h2v4h4v2H9v4H7V9H3z",
};

/** Draw a sign by its name. */
export function sign(name) {
  return svg("svg", { viewBox: "0 0 16 16", class: "icon-sign", "aria-hidden": "true" }, svg("path", { d: PATHS[name] }));
}

/** Put another sign on a button that has one. */
export function changeSign(button, name) {
  const path = button.querySelector("path");
  if (path.getAttribute("d") !== PATHS[name]) path.setAttribute("d", PATHS[name]);
}
