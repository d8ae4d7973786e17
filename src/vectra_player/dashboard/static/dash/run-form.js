// The form of a new run: its fields are the options of the commands. What is filled in lives in the
// address, and stands below the form as the command that does the same.

import { post } from "/static/ui/api.js";
import { byId, el, setText } from "/static/ui/dom.js";
import { fillChoices } from "/static/dash/strategy-choices.js";

// name, how it is read, the value that says nothing, the option of the command, of which kind of run
const FIELDS = [
  ["origin", "text", "real", "--origin"],
  ["include_incomplete", "flag", false, "--include-incomplete"],
  ["grid", "lines", "", "--grid", "sweep"],
  ["random", "number", "", "--random", "sweep"],
  ["top", "number", "10", "--top", "sweep"],
  ["cash", "text", "", "--cash"],
  ["latency_ms", "number", "0", "--latency-ms"],
  ["rug_payout", "text", "price", "--rug-payout"],
  ["max_loss_day", "number", "", "--max-loss-day", "backtest"],
  ["stop_drawdown", "number", "", "--stop-drawdown", "backtest"],
  ["train_share", "number", "0.7", "--train-share"],
  ["folds", "number", "5", "--folds"],
  ["variants", "number", "1", "--variants", "backtest"],
  ["seed", "number", "1", "--seed"],
  ["check_lookahead", "flag", false, "--check-lookahead", "backtest"],
  ["fresh", "flag", false, "--fresh"],
];
const NOTES = {
  profile: "Your profile", preset: "Preset", "built-in": "Built in", file: "Your file; its parameters are read when it runs",
};
const FIRST = "momentum";
const PLAIN = /^[\w.,:=/+-]+$/;

const lines = (text) => text.split("\n").map((line) => line.trim()).filter(Boolean);
const quoted = (word) => (PLAIN.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`);

export class RunForm {
  #form = byId("order");
  #choices = [];
  #what = "backtest";

  /** `begun(job)` is called with the job of an order that was taken. */
  constructor({ begun }) {
    this.begun = begun;
    this.#form.addEventListener("input", () => this.#changed());
    this.#form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#order();
    });
    for (const button of document.querySelectorAll("[data-what]")) {
      button.addEventListener("click", () => {
        this.#kind(button.dataset.what);
        this.#changed();
      });
    }
    byId("copy").addEventListener("click", () => this.#copy());
    this.#fill(new URLSearchParams(location.search));
    this.#draw();
  }

  /** Fill the list of strategies; the one of the address is chosen. */
  async load() {
    const asked = new URLSearchParams(location.search).get("profile");
    this.#choices = await fillChoices(byId("profile"), asked, FIRST);
    this.#draw();
  }

  /** Fill the fields from the address. */
  #fill(asked) {
    const games = asked.get("games") ?? "all";
    const which = games === "all" ? "all" : games.startsWith("generated:") ? "generated" : "ids";
    byId("which").value = which;
    if (which === "generated") byId("count-games").value = games.slice("generated:".length);
    if (which === "ids") byId("ids").value = games;
    this.#kind(asked.has("grid") ? "sweep" : "backtest");
    for (const [name, how, empty] of FIELDS) {
      const field = byId(name);
      if (how === "flag") field.checked = asked.get(name) === "yes";
      else field.value = asked.has(name) ? asked.getAll(name).join("\n") : empty;
      if (asked.has(name) && field.closest("#more")) byId("more").open = true;
    }
  }

  #kind(what) {
    this.#what = what;
    for (const button of document.querySelectorAll("[data-what]")) button.setAttribute("aria-pressed", String(button.dataset.what === what));
  }

  #games() {
    const which = byId("which").value;
    if (which === "all") return "all";
    if (which === "generated") return `generated:${byId("count-games").value.trim()}`;
    return byId("ids").value.split(/[\s,]+/).filter(Boolean).join(",") || "all";
  }

  /** The fields that say something: [name, value as typed, option]. */
  #told() {
    return FIELDS.filter(([name, , , , only]) => this.#counts(name, only))
      .map(([name, how, empty, option]) => [name, how, how === "flag" ? byId(name).checked : byId(name).value.trim(), empty, option])
      .filter(([, , value, empty]) => value !== empty && value !== "");
  }

  #counts(name, only) {
    if (only && only !== this.#what) return false;
    const which = byId("which").value;
    if (name === "origin") return which === "all";
    return name !== "include_incomplete" || which !== "generated";
  }

  #changed() {
    this.#mark({});
    this.#draw();
    const profile = byId("profile").value || new URLSearchParams(location.search).get("profile") || FIRST;
    const address = new URLSearchParams({ profile });
    if (this.#games() !== "all") address.set("games", this.#games());
    for (const [name, how, value] of this.#told()) {
      for (const each of how === "lines" ? lines(value) : [how === "flag" ? "yes" : value]) address.append(name, each);
    }
    const kept = new URLSearchParams(location.search);
    for (const name of ["q", "kind", "page"]) if (kept.has(name)) address.set(name, kept.get(name));
    history.replaceState(null, "", `/backtest?${address}`);
  }

  /** Show what belongs to the choices made, and the command that does the same. */
  #draw() {
    const which = byId("which").value;
    for (const part of this.#form.querySelectorAll("[data-which]")) part.hidden = !part.dataset.which.split(" ").includes(which);
    for (const part of this.#form.querySelectorAll("[data-only]")) part.hidden = part.dataset.only !== this.#what;
    const choice = this.#choices.find((each) => each.word === byId("profile").value);
    const summary = choice ? [NOTES[choice.kind], (choice.problem || choice.summary).replaceAll("`", "")].filter(Boolean).join(". ") : "";
    setText(byId("choice"), summary);
    const params = Object.entries(choice?.params ?? {});
    byId("params-box").hidden = !params.length;
    byId("params").replaceChildren(...params.flatMap(([name, value]) => [el("dt", {}, name), el("dd", { class: "num" }, value)]));
    byId("axes").replaceChildren(...(choice?.axes ?? []).map((name) => this.#axis(name, choice.params)));
    byId("run").disabled = !this.#choices.length; // there is nothing to run before they are known
    setText(byId("run"), this.#what === "sweep" ? "Run the sweep" : "Run the backtest");
    setText(byId("command"), this.#command());
  }

  #axis(name, params) {
    const now = params[name] ?? params[Object.keys(params).find((key) => key.endsWith(`.${name}`))] ?? "";
    const add = () => {
      const grid = byId("grid");
      grid.value = [...lines(grid.value), `${name}=${now}`].join("\n");
      grid.focus();
      this.#changed();
    };
    return el("button", { class: "chip", type: "button", title: now ? `now ${now}` : "", on: { click: add } }, name);
  }

  #command() {
    const words = ["vectra-player", this.#what, quoted(byId("profile").value)];
    if (this.#games() !== "all") words.push("--games", quoted(this.#games()));
    for (const [, how, value, , option] of this.#told()) {
      for (const each of how === "lines" ? lines(value) : [value]) words.push(option, ...(how === "flag" ? [] : [quoted(each)]));
    }
    return words.join(" ");
  }

  async #copy() {
    try {
      await navigator.clipboard.writeText(byId("command").textContent);
      setText(byId("copy"), "Copied");
      setTimeout(() => setText(byId("copy"), "Copy"), 1_500);
    } catch {
      getSelection().selectAllChildren(byId("command"));
    }
  }

  #body() {
    const body = { profile: byId("profile").value, games: this.#games() };
    if (this.#what === "sweep") body.grid = [];
    for (const [name, how, value] of this.#told()) {
      if (how === "lines") body[name] = lines(value);
      else body[name] = how === "number" ? Number(value) : value;
    }
    return body;
  }

  async #order() {
    const body = this.#body();
    const odd = Object.entries(body).filter(([, value]) => Number.isNaN(value)).map(([name]) => [name, "Write a number."]);
    if (odd.length) {
      this.#mark(Object.fromEntries(odd));
      return;
    }
    byId("run").disabled = true;
    this.#note("Ordering…");
    try {
      this.begun(await post(this.#what === "sweep" ? "/api/backtest/sweeps" : "/api/backtest/runs", body));
      this.#note("");
    } catch (error) {
      this.#mark(error.fields ?? {});
      this.#note(error.status === 422 ? "Mend what is marked." : `${error.message} ${error.advice ?? ""}`.trim(), "bad");
    }
    byId("run").disabled = false;
  }

  #note(text, level = "") {
    setText(byId("order-note"), text);
    byId("order-note").dataset.level = level;
  }

  /** Say below each field what is wrong with it. */
  #mark(fields) {
    for (const old of this.#form.querySelectorAll(".hint.wrong")) {
      if (old.dataset.hint) old.hidden = true;
      else old.remove();
    }
    for (const field of this.#form.querySelectorAll("[aria-invalid]")) field.removeAttribute("aria-invalid");
    for (const [name, reason] of Object.entries(fields)) this.#markOne(name, reason);
    this.#form.querySelector("[aria-invalid]")?.focus();
  }

  #markOne(name, reason) {
    const fixed = this.#form.querySelector(`[data-hint='${CSS.escape(name)}']`);
    const field = name === "games" ? byId({ all: "which", generated: "count-games", ids: "ids" }[byId("which").value]) : document.getElementById(name.split("[")[0]);
    field?.setAttribute("aria-invalid", "true");
    if (field?.closest("details")) field.closest("details").open = true;
    if (fixed) {
      fixed.hidden = false;
      setText(fixed, reason);
    } else if (field) {
      field.after(el("p", { class: "hint wrong", role: "alert" }, reason));
    } else {
      this.#note(`${name}: ${reason}`, "bad");
    }
  }
}
