// Asks for trades: on paper for the live game, for practice in a replay.

import { ApiError, get, post } from "/static/ui/api.js";

/** Take the token out of the page: it came with this visit, and no other script of it needs it. */
function takeToken() {
  const meta = document.querySelector("meta[name='vectra-trade']");
  const token = meta?.content ?? null;
  meta?.remove();
  return token;
}

const token = takeToken();

async function tradePost(path, value) {
  if (token === null) {
    throw new ApiError("This page may not trade.", "Open it in a tab of its own.", 403);
  }
  const answer = await fetch(path, {
    method: "POST",
    credentials: "same-origin",
    headers: { "Content-Type": "application/json", "X-Vectra-Request": "1", "X-Vectra-Trade": token },
    body: JSON.stringify(value),
  }).catch(() => null);
  if (answer === null) throw new ApiError("The service does not answer.", "Is it running?", 0);
  const body = await answer.json().catch(() => null);
  if (answer.ok) return body;
  if (answer.status === 401 || answer.status === 403) {
    throw new ApiError("This page may not trade any more.", "Reload it, or log in anew.", answer.status);
  }
  throw new ApiError(body?.error?.message ?? `The service answered ${answer.status}.`, body?.error?.advice ?? "", answer.status, body?.error?.fields);
}

/** The account of the live game in a mode: PAPER, or PRACTICE and LIVE through the page's buttons. */
export function account(mode) {
  const query = mode === "PAPER" ? "" : `?mode=${mode}`;
  return {
    mode,
    clicks: mode !== "PAPER",
    state: (signal) => get(`/api/trade${query}`, { signal }),
    act: (action, values) => tradePost(`/api/trade/${action}`, mode === "PAPER" ? values : { ...values, mode }),
  };
}

/** What may be pressed: the switches, limits and halts of trading. */
export const gate = {
  state: () => get("/api/trade/gate"),
  arm: (phrase, minutes) => tradePost("/api/trade/arm", { phrase, minutes }),
  disarm: () => tradePost("/api/trade/disarm", {}),
  acknowledge: () => tradePost("/api/trade/acknowledge", {}),
};

/** The account of a replay. */
export function practice(replay) {
  const path = `/api/replay/${encodeURIComponent(replay)}/trade`;
  return { mode: "PRACTICE", clicks: false, state: (signal) => get(path, { signal }), act: (action, values) => post(path, practised(action, values)) };
}

function practised(action, values) {
  if (action === "reset") return { action, amount: values.cash };
  return { action, ...values };
}
