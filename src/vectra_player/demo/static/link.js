// The page's one way to the server, whichever thread the socket lives in, and the page's own log.
import { Socket } from "./socket.js";

const KEPT_FRAMES = 5000;

// `window.__demo`: `presses` (presses.js), and `frames`: what this page's socket truly received and sent, in order. Bounded
// (the oldest go, `dropped` counts them) unless the page was opened with ?log=all.
export const log = { frames: [], dropped: 0, presses: [], state: { connected: false } };

const keep = (limit) => (frame) => {
  log.frames.push(frame);
  if (log.frames.length > limit) {
    log.dropped += 1;
    log.frames.shift();
  }
};

class Remote {
  constructor(port, open, hooks) {
    this.port = port;
    this.acks = new Map();
    this.next = 0;
    port.onmessage = ({ data }) => {
      if (data.event) hooks.onevent(data.event.name, data.event.args, data.event.namespace);
      else if (data.state) hooks.onstate(data.state);
      else if (data.frame) hooks.onframe(data.frame);
      else if (data.ack) {
        this.acks.get(data.ack.id)?.(...data.ack.values);
        this.acks.delete(data.ack.id);
      }
    };
    port.postMessage({ open });
  }

  emit(name, args = [], ack = null) {
    const id = ack ? this.next++ : null;
    if (ack) this.acks.set(id, ack);
    this.port.postMessage({ emit: { name, args, ack: id } });
  }

  close() {
    this.port.postMessage({ close: true });
  }
}

export const connect = (query, hooks) => {
  const mode = query.get("transport") ?? "websocket";
  const namespaces = query.get("ns") ? ["/", query.get("ns")] : ["/"];
  const all = {
    onevent: hooks.onevent,
    onframe: keep(query.get("log") === "all" ? Infinity : KEPT_FRAMES),
    onstate: (state) => {
      log.state = state;
      hooks.onstate(state);
    },
  };
  const open = { origin: location.origin, mode, namespaces };
  let link;
  if (query.get("worker")) {
    link = new Remote(new Worker("/static/worker.js", { type: "module" }), open, all);
  } else if (query.get("shared")) {
    const worker = new SharedWorker("/static/worker.js", { type: "module" });
    worker.port.start();
    link = new Remote(worker.port, open, all);
  } else link = new Socket(open.origin, mode, all, namespaces);
  // A page that leaves says so: long polls and workers would outlive it otherwise.
  addEventListener("pagehide", () => link.close());
  return link;
};
