// Counts with their nouns.

import { formatCount } from "/static/sdk/format.js";

/** "1 day", "2 days". */
export function counted(number, noun) {
  return `${formatCount(number)} ${noun}${number === 1 ? "" : "s"}`;
}
