// Has foundation open the replay of a game and goes to it: the player, the practice panel and the
// score card are on the monitor's page, which has the feed. Waits for a foundation that is down.

import { mountShell, neighbourUrl } from "/static/shell.js";
import { post } from "/static/ui/api.js";
import { byId, el, errorState } from "/static/ui/dom.js";
import { LiveShell } from "/static/dash/live-shell.js";

const gameId = byId("replay").dataset.game;
const asked = new URLSearchParams(location.search).get("tick");
const order = asked === null ? {} : { tick: Number(asked) };
let state = "idle";

async function open() {
  if (state === "opening") return;
  state = "opening";
  try {
    const { port, path } = await post(`/api/games/${encodeURIComponent(gameId)}/replay`, order);
    location.replace(neighbourUrl(port, path));
  } catch (error) {
    state = error.status === 503 || error.status === 0 ? "down" : "refused";
    const again = el("button", { class: "button primary", type: "button", on: { click: open } }, "Try again");
    const game = el("a", { class: "button", href: `/games/${encodeURIComponent(gameId)}` }, "Look at the game");
    const waits = state === "down" ? " It opens here by itself as soon as foundation runs." : "";
    byId("opening").replaceChildren(errorState(error.message, `${error.advice ?? ""}${waits}`.trim(), el("div", { class: "row" }, again, game)));
  }
}

const live = new LiveShell(mountShell({ page: "games" }));
live.on(({ running }) => {
  if (running && state === "down") open();
});
open();
