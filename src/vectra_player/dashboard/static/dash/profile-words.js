// Addresses and words about profiles that several views share.

import { formatUtc } from "/static/sdk/format.js";
import { el } from "/static/ui/dom.js";

export const urlOf = (name, more = "") => `/profiles?name=${encodeURIComponent(name)}${more}`;

/** When and how the figures of a profile came about. */
export function basisOf({ basis, made_at: at }) {
  return at === null ? basis : `${basis}; ${formatUtc(at)}`;
}

/** What a backtest came to, as a link to it. */
export const runLink = ({ run_id: run, headline }) => el("a", { href: `/backtest/runs/${encodeURIComponent(run)}` }, headline);
