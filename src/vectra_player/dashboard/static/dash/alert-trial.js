// Tries a rule over recorded games, as a job, and shows how often it spoke and whether it was right.

import { formatCount } from "/static/sdk/format.js";
import { post } from "/static/ui/api.js";
import { el } from "/static/ui/dom.js";
import { JobList } from "/static/dash/jobs.js";
import { faultOf } from "/static/dash/load.js";
import { counted } from "/static/dash/words.js";

const OUTCOMES = {
  rug: (ticks) => `the rug came within ${ticks} ticks`,
  higher: (ticks) => `the price was higher ${ticks} ticks later`,
  lower: (ticks) => `the price was not higher ${ticks} ticks later, or the rug had come`,
};

/** Put parameters into the address; null takes one out. */
export function addressed(changes) {
  const asked = new URLSearchParams(location.search);
  for (const [name, value] of Object.entries(changes)) {
    if (value === null) asked.delete(name);
    else asked.set(name, value);
  }
  history.replaceState(null, "", asked.size ? `${location.pathname}?${asked}` : location.pathname);
}

export class TrialBox {
  #jobs = null;
  #wrong = el("div", { "aria-live": "polite" });
  #list = el("div", { class: "stack", "aria-live": "polite" });

  /** `values()` gives the rule as the form has it now. */
  constructor(rule, values) {
    const id = (name) => `${rule.type}-trial-${name}`;
    this.games = el("input", { class: "input num", id: id("games"), value: "100", inputmode: "numeric" });
    this.origin = el("select", { class: "input", id: id("origin") }, ...Object.entries({ real: "real site", demo: "demo server", all: "all" }).map(([value, text]) => el("option", { value }, text)));
    this.button = el("button", { class: "button", type: "submit" }, "Try it");
    this.origin.value = new URLSearchParams(location.search).get("origin") || "real";
    this.origin.addEventListener("input", () => addressed({ origin: this.origin.value === "real" ? null : this.origin.value }));
    const form = el(
      "form", { class: "trial-form", novalidate: true, "aria-label": `Try ${rule.type}` },
      el("div", { class: "field" }, el("label", { for: id("games") }, "Newest games"), this.games),
      el("div", { class: "field" }, el("label", { for: id("origin") }, "of"), this.origin),
      this.button,
      el("p", { class: "muted size-12 grow" }, "Runs the rule as it stands in the form over recorded games, with the engine that runs live."),
    );
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#try(rule.type, values());
    });
    this.node = el("section", { class: "trial stack", "aria-label": "Trial" }, form, this.#wrong, this.#list);
    this.#jobs = new JobList(this.#list, "alert-trial", { result: cameTo, only: (job) => job.title.startsWith(`${rule.type} `), most: 1 });
  }

  enable(on) {
    this.button.disabled = !on;
  }

  close() {
    this.#jobs.close();
  }

  async #try(type, values) {
    this.#wrong.replaceChildren();
    try {
      await post("/api/alert-trials", { type, values, games: Number(this.games.value.trim() || Number.NaN), origin: this.origin.value });
    } catch (error) {
      this.#wrong.replaceChildren(faultOf(error));
    }
    this.#jobs.ask();
  }
}

function cameTo({ result }) {
  const { told, words } = result;
  const rate = words.a_game === null ? "" : `, ${words.a_game} a game`;
  const lines = [`${counted(told.alerts, "alert")} in ${formatCount(told.games)} of ${counted(result.games, "game")}${rate}; ${counted(result.ticks, "tick")}.`];
  if (told.came_true && words.came_true === null) lines.push("No signal was seen to its end, so nothing can be said of how often it comes true.");
  const examples = told.examples.map((example) =>
    el("li", {}, example.game_id ? el("a", { class: "num", href: `/games/${encodeURIComponent(example.game_id)}` }, example.game_id) : "no game", el("span", {}, `${example.tick === null ? "" : `tick ${formatCount(example.tick)}: `}${example.title}. ${example.message}`)));
  return el(
    "div", { class: "stack tight" },
    ...lines.map((text) => el("p", {}, text)),
    words.came_true ? share(told.came_true, words) : null,
    examples.length ? el("ul", { class: "list examples" }, ...examples) : null,
    result.without_frames ? el("p", { class: "muted size-12" }, `Left out, as no frame of them was recorded: ${counted(result.without_frames, "game")}.`) : null,
  );
}

function share({ outcome, window_ticks: ticks }, words) {
  const facts = [["came true", words.came_true], ["share", words.share ?? "—"], ["95 %", words.interval], ["fair game", words.fair ?? "—"]];
  return el(
    "div", { class: "stack tight" },
    el("dl", { class: "figures" }, ...facts.map(([name, text]) => el("div", { class: "figure" }, el("dt", {}, name), el("dd", {}, text)))),
    el("p", { class: "muted size-12" }, `True means that ${OUTCOMES[outcome](formatCount(ticks))}. The interval is by game.`),
  );
}
