// Chooses a recorded game to replay.

import { formatCount, formatDateTime, formatPrice, formatUtc } from "/static/sdk/format.js";
import { get } from "/static/ui/api.js";
import { byId, el, emptyState, errorState, skeleton } from "/static/ui/dom.js";

const LISTED = 300;
const HEADS = [["game", ""], ["started", ""], ["peak", "num"], ["ticks", "num"], ["recorded", ""], ["origin", ""]];

function gameRow(game, pick) {
  const started = game.started_at === null ? null : game.started_at / 1000;
  const open = el(
    "button",
    { class: "chip num", type: "button", data: { pick: game.game_id }, on: { click: () => pick(game.game_id) } },
    game.game_id,
  );
  return el(
    "tr",
    {},
    el("td", {}, open),
    el("td", { class: "num", title: formatUtc(started) }, formatDateTime(started)),
    el("td", { class: "num" }, formatPrice(game.peak)),
    el("td", { class: "num" }, formatCount(game.rug_tick)),
    el("td", {}, game.completeness),
    el("td", { class: "muted" }, game.origin),
  );
}

export class Picker {
  #dialog = byId("picker");
  #list = el("div", { class: "pick-list" });
  #search = el("input", { class: "input", id: "pick-search", placeholder: "Game id, or a part of it", "aria-label": "Game id", "data-search": "" });
  #games = [];

  /** `pick(gameId)` opens the replay. */
  constructor(pick) {
    this.pick = (gameId) => {
      this.#dialog.close();
      pick(gameId);
    };
    const close = el("button", { class: "button", type: "button", on: { click: () => this.#dialog.close() } }, "Close");
    const form = el("form", { class: "row", on: { submit: (event) => this.#submit(event) } }, this.#search, el("button", { class: "button primary", type: "submit" }, "Replay"));
    const head = el("div", { class: "row between" }, el("h2", { id: "picker-title" }, "Replay a game"), close);
    this.#dialog.append(el("div", { class: "stack" }, head, form, this.#list));
    this.#search.addEventListener("input", () => this.#draw());
  }

  /** Open the list and load it anew. */
  async open() {
    if (!this.#dialog.open) this.#dialog.showModal();
    this.#search.focus();
    this.#list.replaceChildren(skeleton(6));
    try {
      this.#games = await get(`/api/games?limit=${LISTED}`);
      this.#draw();
    } catch (error) {
      const again = el("button", { class: "button", type: "button", on: { click: () => this.open() } }, "Try again");
      this.#list.replaceChildren(errorState(error.message, error.advice, again));
    }
  }

  #matching() {
    const wanted = this.#search.value.trim().toLowerCase();
    return this.#games.filter((game) => game.game_id.toLowerCase().includes(wanted));
  }

  #draw() {
    const games = this.#matching();
    if (!this.#games.length) {
      this.#list.replaceChildren(emptyState("No game is on disk yet", "Start recording; a game appears here once it is filed, at most a minute after its end."));
    } else if (!games.length) {
      this.#list.replaceChildren(emptyState("No listed game has this id", "Press Replay to try it all the same: older games are not listed."));
    } else {
      const head = el("tr", {}, ...HEADS.map(([text, name]) => el("th", { class: name, scope: "col" }, text)));
      const rows = games.map((game) => gameRow(game, this.pick));
      this.#list.replaceChildren(el("table", {}, el("thead", {}, head), el("tbody", {}, ...rows)));
    }
  }

  #submit(event) {
    event.preventDefault();
    const games = this.#matching();
    const typed = this.#search.value.trim();
    if (games.length === 1) this.pick(games[0].game_id);
    else if (typed) this.pick(typed);
  }
}
