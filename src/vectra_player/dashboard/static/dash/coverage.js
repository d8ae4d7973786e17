// The days of a year, darker where more was recorded; days with gaps are marked.

import { drawCalendar } from "/static/dash/calendar.js";
import { counted } from "/static/dash/words.js";

/** The level of a day, 0 to 4, by its events on a log scale of the busiest day. */
export function levelOf(events, most) {
  if (!events) return 0;
  return 1 + Math.min(3, Math.floor((4 * Math.log(1 + events)) / Math.log(2 + most)));
}

/** Draw the days of the year in the address or of the last one that has any. */
export function drawCoverage(days, chosen = null) {
  const most = Math.max(0, ...days.map((day) => day.events));
  const look = (day) => ({
    name: `level-${levelOf(day.events, most)}${day.gaps ? " gap" : ""}`,
    words: `${day.date} UTC: ${counted(day.events, "event")}, ${counted(day.games, "game")}${day.gaps ? `, ${counted(day.gaps, "gap")}` : ""}`,
    href: `/games?since=${day.date}&until=${day.date}`,
  });
  drawCalendar({
    box: "coverage", years: "years", days, chosen, look,
    label: (year) => `Days of ${year} that were recorded`,
    words: (count, year) => `${counted(count, "day")} of ${year}; orange edge: a gap was noted. A day opens its games.`,
    empty: "No day is covered yet.",
  });
}
