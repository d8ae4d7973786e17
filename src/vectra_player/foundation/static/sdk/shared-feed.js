// One socket for a page and the tools it frames: the page calls `shareFeeds()`, the clients of the
// framed tools find it by themselves. Each tool gets the texts and parses them for itself, so none
// can change what another sees.

import { FoundationWSClient } from "./foundation-ws-client.js";
import { SHARED } from "./line.js";
import { guarded } from "./state-store.js";

export class SharedFeeds {
  #streams = new Map();

  /** `make(replay)` makes the client of a stream; null is the main feed. */
  constructor(make = (replay) => new FoundationWSClient({ replay, shared: false })) {
    this.make = make;
  }

  /** The client of a stream; connected as long as somebody uses it. */
  client(replay = null) {
    return this.#stream(replay).client;
  }

  /** Add a listener of {text, connection}; returns the function that removes it. */
  attach(replay, sink) {
    const stream = this.#stream(replay);
    stream.sinks.add(sink);
    stream.client.connect();
    const { store, connection } = stream.client;
    guarded(() => sink.connection(connection));
    const data = store.snapshot();
    if (data !== null) {
      const { ts, gameId, seq } = store.state;
      const text = JSON.stringify({ type: "snapshot", ts, gameId, seq, data, src: null });
      guarded(() => sink.text(text));
    }
    return () => this.#remove(replay, stream, sink);
  }

  #stream(replay) {
    const known = this.#streams.get(replay);
    if (known !== undefined) return known;
    const stream = { client: this.make(replay), sinks: new Set() };
    const each = (call) => stream.sinks.forEach((sink) => guarded(call, sink));
    stream.client.onAny((message) => {
      if (stream.sinks.size === 0) return;
      const text = JSON.stringify(message);
      each((sink) => sink.text(text));
    });
    stream.client.onConnectionChange((connection) => each((sink) => sink.connection(connection)));
    this.#streams.set(replay, stream);
    return stream;
  }

  #remove(replay, stream, sink) {
    stream.sinks.delete(sink);
    if (stream.sinks.size > 0 || replay === null) return;
    stream.client.close();
    this.#streams.delete(replay);
  }
}

/** Offer this page's sockets to the tools it frames. */
export function shareFeeds(feeds = new SharedFeeds()) {
  window[SHARED] = feeds;
  return feeds;
}
