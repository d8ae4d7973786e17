// A pasted seed: the game it gives as candles, and whether it is the game that was recorded.

import { PriceSeries } from "/static/sdk/candles.js";
import { formatCount, formatPrice } from "/static/sdk/format.js";
import { get, post } from "/static/ui/api.js";
import { CandleChart, attribution } from "/static/ui/candles.js";
import { byId, el, emptyState } from "/static/ui/dom.js";
import { faultOf } from "/static/dash/load.js";

const FIELDS = ["seed", "game_id", "hash", "version"];

const VERDICTS = {
  verified: ["✓", "up no-shape", "This is the recorded game: everything recorded of it follows from this seed."],
  failed: ["✗", "down no-shape", "The recording contradicts this seed."],
  incomplete: ["–", "muted", "Nothing recorded of this game contradicts the seed, but it cannot be decided."],
};
const REVEALED = { same: "yes, it is the one that was revealed", other: "no, another one was revealed", "not revealed": "no recording has the seed of this game" };

const code = (text) => el("code", { class: "wrapped" }, text);

export class SeedBox {
  #chart = null;
  #shown = "";

  constructor() {
    byId("seed-form").addEventListener("submit", (event) => {
      event.preventDefault();
      this.#keep();
      this.#verify();
    });
    byId("seed-clear").addEventListener("click", () => {
      for (const name of FIELDS) byId(name).value = "";
      this.#keep();
      this.show();
      byId("seed").focus();
    });
  }

  /** Show what the address asks for; of a recorded game alone the revealed seed is filled in. */
  async show() {
    const asked = new URLSearchParams(location.search);
    const told = Object.fromEntries(FIELDS.map((name) => [name, asked.get(name === "game_id" ? "game" : name) ?? ""]));
    const key = JSON.stringify(told);
    if (key === this.#shown) return;
    this.#shown = key;
    for (const name of FIELDS) byId(name).value = told[name];
    if (told.game_id && !told.seed) await this.#fillIn(told.game_id);
    if (byId("seed").value && byId("game_id").value) this.#verify();
    else this.#empty();
  }

  async #fillIn(game) {
    try {
      const { facts } = await get(`/api/games/${encodeURIComponent(game)}`);
      byId("seed").value = facts.server_seed ?? "";
      if (!byId("hash").value) byId("hash").value = facts.server_seed_hash ?? "";
    } catch (error) {
      byId("seed-wrong").replaceChildren(faultOf(error));
    }
  }

  #keep() {
    const wanted = new URLSearchParams(location.search);
    for (const name of FIELDS) {
      const value = byId(name).value.trim();
      const key = name === "game_id" ? "game" : name;
      if (value) wanted.set(key, value);
      else wanted.delete(key);
    }
    history.replaceState(null, "", wanted.size ? `/fairness?${wanted}` : "/fairness");
  }

  #empty() {
    this.#mark({});
    byId("seed-wrong").replaceChildren();
    byId("seed-chart").hidden = byId("seed-foot").hidden = true;
    byId("seed-answer").replaceChildren(emptyState("Paste a seed and its game id", "Its hash, its peak, where it rugs and every price are computed, and compared with the recording where there is one."));
  }

  async #verify() {
    const missing = ["seed", "game_id"].filter((name) => !byId(name).value.trim());
    this.#mark(Object.fromEntries(missing.map((name) => [name, name === "seed" ? "Paste the seed." : "Give the id of the game: it is part of what the seed is mixed with."])));
    if (missing.length) {
      byId(missing[0]).focus();
      return;
    }
    byId("seed-wrong").replaceChildren();
    try {
      this.#draw(await post("/api/fairness/seed", Object.fromEntries(FIELDS.map((name) => [name, byId(name).value.trim()]))));
    } catch (error) {
      this.#mark(error.fields ?? {});
      if (!Object.keys(error.fields ?? {}).length) byId("seed-wrong").replaceChildren(faultOf(error));
    }
  }

  #mark(fields) {
    for (const name of FIELDS) {
      const hint = byId(`${name}-hint`);
      hint.textContent = fields[name] ?? "";
      hint.dataset.level = fields[name] ? "bad" : "";
      byId(name).setAttribute("aria-invalid", String(name in fields));
    }
  }

  #draw(told) {
    const { recorded } = told;
    const agrees = told.hash_agrees === null ? null : told.hash_agrees ? "is the published one" : "is not the published one";
    const facts = [
      ["hash of the seed", el("span", {}, code(told.hash), agrees ? el("strong", { class: told.hash_agrees ? "up no-shape" : "down no-shape" }, ` ${agrees}`) : null)],
      ["peak", el("span", { class: "num", title: String(told.peak) }, formatPrice(told.peak))],
      ["rugs at tick", el("span", { class: "num" }, told.rug_tick === null ? "never: it reaches the last tick" : formatCount(told.rug_tick))],
      ["rug price", el("span", { class: "num", title: String(told.rug_price) }, formatPrice(told.rug_price))],
      ["rules", told.version],
    ];
    const list = facts.flatMap(([name, value]) => [el("dt", {}, name), el("dd", {}, value)]);
    byId("seed-answer").replaceChildren(el("div", { class: "stack", data: { verdict: recorded?.status ?? "not recorded" } }, ...verdict(told), el("dl", { class: "facts" }, ...list)));
    this.#drawPath(told);
  }

  #drawPath({ game_id: gameId, prices, recorded, version }) {
    byId("seed-chart").hidden = byId("seed-foot").hidden = false;
    this.#chart ??= new CandleChart(byId("seed-chart"));
    if (!byId("seed-foot").childElementCount) byId("seed-foot").append(el("span", { class: "muted size-12" }, "the path that the seed gives, five ticks a candle"), attribution());
    const series = new PriceSeries();
    prices.forEach((price, tick) => series.tell(tick, price));
    const marks = (recorded?.differences ?? []).filter(({ tick }) => tick !== null).map(({ tick }) => ({ tick, kind: "gap", text: "differs" }));
    this.#chart.show({ gameId: `${gameId} ${byId("seed").value} ${version}`, candles: series.candles, rugTick: prices.length - 1, marks });
    this.#chart.fit();
  }
}

/** Say in words what the recording says to the seed. */
function verdict({ game_id: gameId, recorded }) {
  if (recorded === null) return [el("p", { class: "verdict" }, "This game is not recorded here; what follows is computed from the seed alone.")];
  const [mark, tone, words] = VERDICTS[recorded.status];
  const wrong = recorded.differences.map(({ check, reason }) => el("li", {}, `${check}: ${reason}`));
  const game = el("a", { href: `/games/${encodeURIComponent(gameId)}?tab=verification` }, "The recorded game");
  const proof = recorded.seed === "not revealed" ? null : el("a", { href: `/fairness/proofs/${encodeURIComponent(gameId)}`, download: "" }, "Its proof page");
  return [
    el("p", { class: "verdict" }, el("strong", { class: tone }, mark), ` ${words}`, recorded.status === "incomplete" ? ` (${recorded.reason})` : ""),
    wrong.length ? el("ul", { class: "stack tight wrapped" }, ...wrong) : null,
    el("p", { class: "muted" }, `${formatCount(recorded.compared)} recorded prices compared to the last bit. The seed that was revealed? ${REVEALED[recorded.seed]}.`),
    el("p", { class: "row wrap" }, game, proof),
  ].filter(Boolean);
}
