// How the explorer writes shares, estimates and their fair baseline.

import { formatCount, formatNumber, formatShare as share, UNKNOWN } from "/static/sdk/format.js";
import { el } from "/static/ui/dom.js";

export { share };
export const gain = (value) => share(value, { sign: true });
export const fine = (value) => share(value, { digits: 3 });
export const times = (value) => formatNumber(value);
export const signedTimes = (value) => formatNumber(value, { sign: true });

/** The two limits of an estimate with one unit. */
export function interval({ value, low, high }, form) {
  if (value === null || (low === null && high === null)) return "interval not known";
  const [from, to] = [low, high].map((limit) => (limit === null ? "?" : form(limit)));
  return `${from.endsWith(" %") && to.endsWith(" %") ? from.slice(0, -2) : from} to ${to}`;
}

/** What an estimate rests on, for a title. */
export function hint(estimate, form) {
  const exact = estimate.value === null ? "not known" : String(estimate.value);
  const fair = estimate.fair === null ? "" : `, fair ${form(estimate.fair)}`;
  return `${exact}; 95 % interval ${interval(estimate, form)}; n = ${formatCount(estimate.n)}${fair}`;
}

/** An estimate as two lines: value, and its interval. */
export function estimated(estimate, form) {
  return el(
    "span", { class: "estimate", title: hint(estimate, form) },
    el("span", { class: estimate.value === null ? "unknown" : "" }, form(estimate.value)),
    el("span", { class: "muted size-12" }, interval(estimate, form)),
  );
}

/** A key figure: name, value, interval, and the fair one beside it; `rest` where it has none. */
export function keyFigure(name, estimate, form, rest = "") {
  const fair = estimate.fair === null ? rest : `fair ${form(estimate.fair)}`;
  return el(
    "div", { class: "figure", title: hint(estimate, form) },
    el("dt", {}, name),
    el("dd", { class: estimate.value === null ? "unknown" : "" }, form(estimate.value)),
    el("dd", { class: "under" }, interval(estimate, form)),
    el("dd", { class: "under" }, fair || "\u00a0"),
  );
}

/** A key figure that is no estimate. */
export function plainFigure(name, text, under = "", title = "") {
  return el("div", { class: "figure", title: title || null }, el("dt", {}, name), el("dd", { class: text === UNKNOWN ? "unknown" : "" }, text), el("dd", { class: "under" }, under || "\u00a0"));
}
