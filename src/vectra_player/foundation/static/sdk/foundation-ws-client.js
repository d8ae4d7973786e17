// The live feed in a page: connects, resumes after a cut, keeps the current state, calls back.
//
//   import { FoundationWSClient } from "/artifacts/shared/foundation-ws-client.js";
//   const client = new FoundationWSClient();
//   client.on("game.tick", (message) => console.log(message.data.price));
//   client.connect();

import { sharedFeeds, socketLine } from "./line.js";
import { StateStore, guarded } from "./state-store.js";

export { StateStore } from "./state-store.js";

const BACKOFF = { firstMs: 250, capMs: 10_000, factor: 2 };
const QUIET_MS = 15_000;
const PONG_MS = 10_000;
const ASK_MS = 5_000;
const FINAL_CODES = new Set([1003, 1008, 4404]);

export class FoundationWSClient {
  #handlers = new Map();
  #any = new Set();
  #connectionHandlers = new Set();
  #line = null;
  #detach = null;
  #attempt = 0;
  #timer = null;
  #quietTimer = null;
  #wanted = false;
  #since = null;
  #feed = null;
  #turn = 0;

  /**
   * `url`: of the feed, else asked from the server of this page. `types`: the messages wanted, all
   * by default. `replay`: id of a replay instead of the main feed. `shared`: use the socket of the
   * page around this one where it offers one.
   */
  constructor({ url = null, types = null, replay = null, shared = true, backoff = {} } = {}) {
    this.url = url;
    this.types = types;
    this.replay = replay;
    this.shared = shared && types === null && url === null;
    this.backoff = { ...BACKOFF, ...backoff };
    this.store = new StateStore();
    this.connection = { state: "idle", reason: "", attempts: 0 };
    this.handlerErrors = 0;
    if (replay !== null) this.store.set({ mode: "REPLAY" });
  }

  /** What is known now; null where it is not. */
  get state() {
    return this.store.state;
  }

  /** Id of the stream and number of the last message: from here a cut connection goes on. */
  get position() {
    return { feed: this.#feed, seq: this.#since };
  }

  /** Call back for one type, or for all that begin so ("raw.*"); returns the function that ends it. */
  on(type, handler) {
    const handlers = this.#handlers.get(type) ?? new Set();
    this.#handlers.set(type, handlers.add(handler));
    return () => handlers.delete(handler);
  }

  /** Call back for every message, in order; returns the function that ends it. */
  onAny(handler) {
    this.#any.add(handler);
    return () => this.#any.delete(handler);
  }

  /** Call back with {state, reason, attempts} now and on every change of the connection. */
  onConnectionChange(handler) {
    this.#connectionHandlers.add(handler);
    guarded(handler, this.connection);
    return () => this.#connectionHandlers.delete(handler);
  }

  /** Connect, and stay connected until `close`. */
  connect() {
    if (this.#wanted) return this;
    this.#wanted = true;
    addEventListener("pagehide", this.#leave);
    document.addEventListener("visibilitychange", this.#retryNow);
    const feeds = this.shared ? sharedFeeds() : null;
    if (feeds !== null) {
      this.#detach = feeds.attach(this.replay, {
        text: (text) => this.#receive(text),
        connection: (connection) => this.#connected(connection),
      });
    } else {
      this.#dial();
    }
    return this;
  }

  /** Disconnect for good. */
  close() {
    if (!this.#wanted) return;
    this.#stop();
    this.#connected({ state: "closed", reason: "closed by this page", attempts: 0 });
  }

  /** Change the wanted types; null means all. */
  subscribe(types) {
    this.types = types;
    this.#line?.send({ type: "subscribe", types });
  }

  /** Go to another stream: the id of a replay, or null for the main feed. */
  switchTo(replay) {
    if (replay === this.replay) return;
    const again = this.#wanted;
    this.#stop();
    this.replay = replay;
    this.#since = this.#feed = null;
    this.#attempt = 0;
    this.store.reset({ mode: replay === null ? null : "REPLAY" });
    if (again) this.connect();
  }

  #stop() {
    this.#wanted = false;
    this.#turn += 1;
    removeEventListener("pagehide", this.#leave);
    document.removeEventListener("visibilitychange", this.#retryNow);
    clearTimeout(this.#timer);
    clearTimeout(this.#quietTimer);
    this.#timer = null;
    this.#detach?.();
    this.#detach = null;
    const line = this.#line;
    this.#line = null;
    line?.close();
  }

  #leave = () => this.#stop();

  #retryNow = () => {
    if (document.visibilityState !== "visible" || this.#timer === null) return;
    clearTimeout(this.#timer);
    this.#dial();
  };

  async #dial() {
    this.#timer = null;
    const turn = (this.#turn += 1);
    this.#connected({ state: "connecting", reason: "", attempts: this.#attempt });
    const address = await this.#address();
    if (turn !== this.#turn || !this.#wanted) return;
    if (address === null) {
      this.#again("waiting", "Foundation does not answer.");
      return;
    }
    let opened = false;
    this.#line = socketLine(address, {
      open: () => {
        opened = true;
        this.#listen();
      },
      text: (text) => {
        this.#attempt = 0;
        this.#listen();
        this.#receive(text);
      },
      end: (code, reason) => {
        if (turn === this.#turn) this.#ended(opened, code, reason);
      },
    });
    this.#listen();
  }

  /** Return the address of the next attempt; null when nobody answers. */
  async #address() {
    let base = this.url;
    if (base === null) {
      const health = await ask("/health");
      const port = health?.body?.feed?.port;
      if (typeof port !== "number") return null;
      base = `ws://${location.hostname}:${port}/feed`;
    }
    const address = new URL(base);
    if (this.types !== null) address.searchParams.set("types", this.types.join(","));
    if (this.replay !== null) address.searchParams.set("replay", this.replay);
    if (this.#feed !== null && this.#since !== null) {
      address.searchParams.set("since", String(this.#since));
      address.searchParams.set("feed", this.#feed);
    }
    return address.href;
  }

  async #ended(opened, code, reason) {
    this.#line = null;
    clearTimeout(this.#quietTimer);
    if (!this.#wanted) return;
    if (FINAL_CODES.has(code)) {
      this.#stop();
      this.#connected({ state: "ended", reason: reason || `closed with code ${code}`, attempts: 0 });
      return;
    }
    const turn = this.#turn;
    const refused = !opened && this.url === null && (await ask("/api/recording"))?.status === 401;
    if (turn !== this.#turn || !this.#wanted) return;
    if (refused) this.#again("refused", "This browser is not logged in: vectra-player open makes a new link.");
    else this.#again("waiting", reason || "The connection was cut.");
  }

  #again(state, reason) {
    const { firstMs, capMs, factor } = this.backoff;
    const most = Math.min(capMs, firstMs * factor ** Math.min(this.#attempt, 30));
    this.#attempt += 1;
    const retryInMs = Math.round(most * (0.5 + Math.random() / 2));
    this.#connected({ state, reason, attempts: this.#attempt, retryInMs });
    this.#timer = setTimeout(() => this.#dial(), retryInMs);
  }

  /** Notice a connection that died without a word. */
  #listen() {
    clearTimeout(this.#quietTimer);
    this.#quietTimer = setTimeout(() => {
      this.#line?.send({ type: "ping", id: "quiet" });
      this.#quietTimer = setTimeout(() => this.#line?.close(4000, "no answer"), PONG_MS);
    }, QUIET_MS);
  }

  #receive(text) {
    let message;
    try {
      message = JSON.parse(text);
    } catch {
      return; // not from our server
    }
    if (message === null || typeof message !== "object" || typeof message.type !== "string") return;
    if (message.type === "snapshot" || message.type === "gap") {
      const feed = message.data?.feed_id;
      if (typeof feed === "string") {
        this.#feed = feed;
        this.#since = null;
      }
    }
    if (typeof message.seq === "number") this.#since = Math.max(this.#since ?? 0, message.seq);
    if (this.connection.state === "connecting") {
      this.#connected({ state: "open", reason: "", attempts: 0 });
    }
    if (message.type === "pong") return;
    this.store.apply(message);
    this.#tell(message);
  }

  #tell(message) {
    const family = message.type.indexOf(".");
    const called = [
      ...(this.#handlers.get(message.type) ?? []),
      ...(family > 0 ? (this.#handlers.get(`${message.type.slice(0, family)}.*`) ?? []) : []),
      ...this.#any,
    ];
    for (const handler of called) {
      if (!guarded(handler, message, this.state)) this.handlerErrors += 1;
    }
  }

  #connected(connection) {
    this.connection = { since: Date.now(), retryInMs: null, ...connection };
    this.store.setConnection(this.connection);
    for (const handler of [...this.#connectionHandlers]) guarded(handler, this.connection);
  }
}

/** GET a JSON document of this page's own server; null when it does not answer. */
async function ask(path) {
  try {
    const signal = AbortSignal.timeout(ASK_MS);
    const response = await fetch(path, { headers: { Accept: "application/json" }, signal });
    const body = response.ok ? await response.json() : null;
    return { status: response.status, body };
  } catch {
    return null;
  }
}
