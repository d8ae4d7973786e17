// Everything of the library under one name.

export * from "./candles.js";
export * from "./format.js";
export { FoundationWSClient } from "./foundation-ws-client.js";
export { SharedFeeds, shareFeeds } from "./shared-feed.js";
export { StateStore } from "./state-store.js";
