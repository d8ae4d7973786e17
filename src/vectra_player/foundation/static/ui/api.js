// Asks the API of this page's server. An answer that is no success becomes an ApiError that says what to do.

export class ApiError extends Error {
  /** `fields`: what is wrong with single parameters, by name. */
  constructor(message, advice, status, fields = {}) {
    super(message);
    this.advice = advice;
    this.status = status;
    this.fields = fields;
  }
}

async function exchange(path, options) {
  let answer;
  try {
    answer = await fetch(path, { credentials: "same-origin", ...options });
  } catch {
    throw new ApiError("The service does not answer.", "Is it running? Start it with ./run.sh.", 0);
  }
  const body = await answer.json().catch(() => null);
  if (answer.ok) return body;
  const fault = (body && body.error) || {};
  if (answer.status === 401) {
    throw new ApiError("This browser is not logged in.", "Open the link that was printed at the start.", 401);
  }
  throw new ApiError(fault.message || `The service answered ${answer.status}.`, fault.advice || "", answer.status, fault.fields);
}

/** Read; a `signal` that is aborted ends the question. */
export function get(path, { signal } = {}) {
  return exchange(path, { headers: { Accept: "application/json" }, signal });
}

/** Change something. */
export function post(path, value) {
  return exchange(path, {
    method: "POST",
    headers: { "Content-Type": "application/json", "X-Vectra-Request": "1" },
    body: JSON.stringify(value),
  });
}

/** Call again and again, `everyMs` after each answer; slower while the page is hidden. */
export function poll(call, everyMs) {
  let timer = null;
  let ended = false;
  async function turn() {
    await call();
    if (!ended) timer = setTimeout(turn, document.hidden ? everyMs * 5 : everyMs);
  }
  turn();
  return () => {
    ended = true;
    clearTimeout(timer);
  };
}
