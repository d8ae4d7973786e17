// One connection to the feed, either a socket of this page or the socket the page around it shares.
// A line calls `open()`, `text(text)`, and once `end(code, reason)`.

/** Name under which a page offers its sockets to the tools it frames. */
export const SHARED = Symbol.for("vectra.shared-feeds");

export function socketLine(url, calls) {
  let socket;
  try {
    socket = new WebSocket(url);
  } catch (error) {
    queueMicrotask(() => calls.end(1006, `This page may not connect there; reload it. ${error.message}`));
    return { send: () => false, close: () => undefined };
  }
  let ended = false;
  const end = (code, reason) => {
    if (ended) return;
    ended = true;
    calls.end(code, reason);
  };
  socket.addEventListener("open", () => {
    if (!ended) calls.open();
  });
  socket.addEventListener("message", (event) => {
    if (!ended && typeof event.data === "string") calls.text(event.data);
  });
  socket.addEventListener("close", (event) => end(event.code, event.reason));
  return {
    send: (value) => socket.readyState === WebSocket.OPEN && socket.send(JSON.stringify(value)),
    close: (code = 1000, reason = "") => {
      const shut = () => socket.close(code, reason);
      // Closed before it is open, it would be told as an error in the console of every page that is left.
      if (socket.readyState === WebSocket.CONNECTING) socket.addEventListener("open", shut);
      else shut();
      end(code, reason);
    },
  };
}

/** The shared sockets of the page around this one; null when there is none of our own origin. */
export function sharedFeeds() {
  try {
    return window.parent !== window ? (window.parent[SHARED] ?? null) : null;
  } catch {
    return null; // framed by another origin
  }
}
