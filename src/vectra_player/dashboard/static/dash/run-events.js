// What a run did in a game: words and marks for the chart.

import { formatSolShort } from "/static/sdk/format.js";

const WORDS = {
  bought: "bought", sold: "sold", rugged: "rugged", placed: "sidebet placed", won: "sidebet won", lost: "sidebet lost",
  void: "stake returned", refused: "refused", missed: "too late",
};

export const eventWords = ({ kind }) => WORDS[kind] ?? kind;

/** Marks of events on the candles, with amounts from a tick on. */
export function marksOf(events, { wordsFrom = 0 } = {}) {
  const marks = [];
  for (const event of events) {
    const words = event.tick >= wordsFrom ? formatSolShort(event.amount) : null;
    if (event.kind === "bought") marks.push({ tick: event.tick, kind: "own-buy", text: words ? `buy ${words}` : "" });
    else if (event.kind === "sold") marks.push({ tick: event.tick, kind: "own-sell", text: words ? `sell ${words}` : "" });
    else if (event.kind === "placed") marks.push({ tick: event.tick, kind: "sidebet", text: "", size: 0.5 });
  }
  return marks;
}

/** Sidebets of events as windows: from the tick they were placed to the one that decided them. */
export function windowsOf(events) {
  const ends = new Map(events.filter(({ kind }) => ["won", "lost", "void"].includes(kind)).map((event) => [event.number, event]));
  return events.filter(({ kind }) => kind === "placed").map((event) => {
    const end = ends.get(event.number);
    return { start_tick: event.tick, end_tick: end?.tick ?? event.tick, outcome: end?.kind ?? "unknown", own: true };
  });
}
