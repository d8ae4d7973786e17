// How every page writes numbers: fixed decimals a quantity, and one look for what is not known.

export const UNKNOWN = "—";

const known = (value) => typeof value === "number" && Number.isFinite(value);
const two = (value) => String(value).padStart(2, "0");

/** A multiplier: four decimals below 10x, two above. */
export function formatPrice(value) {
  return known(value) ? `${value.toFixed(value < 10 ? 4 : 2)}x` : UNKNOWN;
}

/** An amount of SOL: three decimals; `formatSolExact` belongs into the title. */
export function formatSol(value, { sign = false } = {}) {
  if (!known(value)) return UNKNOWN;
  const text = value.toFixed(3);
  return sign && value > 0 ? `+${text}` : text === "-0.000" ? "0.000" : text;
}

/** An amount of SOL to the lamport. */
export function formatSolExact(value) {
  if (!known(value)) return "not known";
  return `${value.toFixed(9).replace(/\.?0+$/, "")} SOL`;
}

/** An amount of SOL as short as it can be, for marks on a chart: up to three decimals. */
export function formatSolShort(value) {
  return known(value) ? String(Number(value.toFixed(3))) : UNKNOWN;
}

/** A value that is a percentage already (12.3 means 12.3 %): one decimal. */
export function formatPercent(value, { sign = false, digits = 1 } = {}) {
  return known(value) ? `${formatNumber(value, { sign, digits })} %` : UNKNOWN;
}

/** A share of one (0.123 means 12.3 %) in percent; `digits` where one decimal says too little. */
export function formatShare(value, { sign = false, digits = 1 } = {}) {
  return known(value) ? formatPercent(100 * value, { sign, digits }) : UNKNOWN;
}

/** A number without a unit: fixed decimals. */
export function formatNumber(value, { sign = false, digits = 2 } = {}) {
  return known(value) ? `${sign && value > 0 ? "+" : ""}${value.toFixed(digits)}` : UNKNOWN;
}

/** How often something comes in a second. */
export function formatRate(value) {
  return known(value) ? `${value.toFixed(1)}/s` : UNKNOWN;
}

/** A value as it was told: whole with separators, else up to eight digits. */
export function formatValue(value) {
  if (!known(value)) return UNKNOWN;
  return Number.isInteger(value) ? formatCount(value) : String(Number(value.toPrecision(8)));
}

/** Milliseconds, whole. */
export function formatLatency(ms) {
  return known(ms) ? `${Math.round(ms)} ms` : UNKNOWN;
}

/** A whole number with separators. */
export function formatCount(value) {
  return known(value) ? Math.round(value).toLocaleString("en-US") : UNKNOWN;
}

/** A countdown in ms as seconds with one decimal. */
export function formatCountdown(ms) {
  return known(ms) ? `${(Math.max(0, ms) / 1000).toFixed(1)} s` : UNKNOWN;
}

/** A length of time in ms: 250 ms, 12.5 s, 3:07, 1:02:05. */
export function formatDuration(ms) {
  if (!known(ms)) return UNKNOWN;
  if (ms < 1000) return `${Math.round(ms)} ms`;
  if (ms < 60_000) return `${(ms / 1000).toFixed(1)} s`;
  const seconds = Math.floor(ms / 1000);
  const [hours, minutes, rest] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60];
  return hours ? `${hours}:${two(minutes)}:${two(rest)}` : `${minutes}:${two(rest)}`;
}

/** Local wall time of a stamp in ms; `formatUtc` belongs into the title. */
export function formatTime(ms) {
  if (!known(ms)) return UNKNOWN;
  const at = new Date(ms);
  return `${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}`;
}

/** Local date and time of a stamp in ms. */
export function formatDateTime(ms) {
  if (!known(ms)) return UNKNOWN;
  const at = new Date(ms);
  return `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())} ${formatTime(ms)}`;
}

/** A stamp in ms as UTC, to the millisecond. */
export function formatUtc(ms) {
  return known(ms) ? new Date(ms).toISOString().replace("T", " ").replace("Z", " UTC") : "not known";
}

/** The last characters of a game id, which is where ids differ. */
export function formatGameId(gameId) {
  return typeof gameId === "string" && gameId ? `…${gameId.slice(-6)}` : UNKNOWN;
}

/** Bytes in the unit that leaves one to three digits before the point. */
export function formatBytes(value) {
  if (!known(value)) return UNKNOWN;
  const units = ["B", "kB", "MB", "GB", "TB"];
  let at = 0;
  while (value >= 1000 && at < units.length - 1) {
    value /= 1000;
    at += 1;
  }
  return `${at ? value.toFixed(1) : Math.round(value)} ${units[at]}`;
}

/** Write a formatted value into an element; what is not known gets its own look and title. */
export function put(element, text, title = "") {
  const unknown = text === UNKNOWN;
  if (element.textContent !== text) element.textContent = text;
  element.classList.toggle("unknown", unknown);
  const hint = unknown ? "not known" : title;
  if (element.title !== hint) element.title = hint;
}
