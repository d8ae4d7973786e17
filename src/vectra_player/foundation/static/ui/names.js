// Names of players as they may be shown: one line, not endless, never empty.

const MOST = 40;

/** Return the name of a leaderboard entry or of a trade. */
export function nameOf(entry) {
  const name = entry.username || entry.playerId || entry.id || "";
  const text = String(name).replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, "").trim();
  return text.length > MOST ? `${text.slice(0, MOST - 1)}…` : text || "unknown";
}
