// The controls of the explorer and the address: what differs from the chosen profile is in the
// address, everything else is the profile's own.

import { byId, setText } from "/static/ui/dom.js";

export const SETTINGS = {
  execution: ["entry_tick", "num_bets", "bet_sizes", "initial_balance"],
  scaling: [
    "mode", "kelly_fraction", "win_rate_assumption", "win_streak_multiplier", "loss_streak_multiplier",
    "max_streak_multiplier", "theta_base", "theta_max", "use_volatility_scaling",
  ],
  risk_controls: ["max_drawdown_pct", "take_profit_target", "daily_loss_limit", "reduce_on_drawdown"],
};
const FIELDS = Object.values(SETTINGS).flat();
const DEFAULTS = { profile: "fixed_baseline", games: "generated", origin: "real", runs: "10000", games_per_run: "500", seed: "1" };
const ASKED = [...FIELDS, ...Object.keys(DEFAULTS)];
const TEXTS = ["profile", "bet_sizes", "mode", "games", "origin"];
const PLACES = 8; // decimals of a percentage that is turned into a share

/** The parameters that the API is asked with. */
export function askedOf(address) {
  const asked = new URLSearchParams();
  for (const name of ASKED) {
    const value = address.get(name);
    if (value !== null && value !== "" && DEFAULTS[name] !== value) asked.set(name, value);
  }
  return asked;
}

/** The same as a JSON body, where numbers are numbers. */
export function bodyOf(asked) {
  const value = (name, text) => {
    if (TEXTS.includes(name) || text === "none") return text;
    if (text === "true" || text === "false") return text === "true";
    return Number.isNaN(Number(text)) ? text : Number(text);
  };
  return Object.fromEntries([...asked].map(([name, text]) => [name, value(name, text)]));
}

const tidy = (number) => String(Number(number.toFixed(PLACES)));

function readable(field, value) {
  if (Array.isArray(value)) return value.every((size) => size === value[0]) ? String(value[0]) : value.join(", ");
  if (value === null) return "";
  return field.dataset.percent === undefined ? String(value) : tidy(100 * value);
}

function written(field) {
  const text = field.value.trim();
  if (field.type === "checkbox") return String(field.checked);
  if (text === "") return field.dataset.nullable === undefined ? "" : "none";
  if (field.name === "bet_sizes") return text.replaceAll(/\s+/g, "");
  const number = Number(text.replace(",", "."));
  if (Number.isNaN(number)) return text;
  if (field.tagName === "SELECT") return text;
  return field.dataset.percent === undefined ? text.replace(",", ".") : tidy(number / 100);
}

/** As many stakes as there are bets: the last one again, or the first ones. */
function resized(text, count) {
  const sizes = text.split(",");
  if (sizes.length === 1 || !(count >= 1)) return text;
  return Array.from({ length: count }, (_, at) => sizes[Math.min(at, sizes.length - 1)]).join(",");
}

export class Controls {
  #form = byId("controls");
  #undo = byId("undo");

  /** `changed(changes)`: names to texts; an empty text takes a parameter away. */
  constructor(changed) {
    this.changed = changed;
    this.#form.addEventListener("input", (event) => this.#input(event.target));
    this.#form.addEventListener("submit", (event) => event.preventDefault());
    this.#undo.addEventListener("click", () => changed(this.#without(), { choice: true }));
  }

  /** Show what the page came with, before the first answer. */
  begin(asked) {
    const { settings } = this.#form.dataset;
    if (settings) this.fill(JSON.parse(settings), asked);
  }

  /** Show what an answer holds: the settings of the strategy, and the parameters of the address. */
  fill(settings, asked) {
    for (const [part, names] of Object.entries(SETTINGS)) for (const name of names) this.#put(name, settings[part][name]);
    for (const [name, value] of Object.entries(DEFAULTS)) this.#put(name, asked.get(name) ?? value);
    const games = asked.get("games") ?? DEFAULTS.games;
    for (const box of this.#form.querySelectorAll("[data-modes]")) {
      const modes = box.dataset.modes.split(" ");
      box.hidden = !modes.includes(settings.scaling.mode) && !modes.includes(games);
    }
    this.#undo.disabled = !FIELDS.some((name) => asked.has(name));
  }

  /** Say of fields what is wrong with them; returns whether each of them has its place here. */
  complain(fields = {}) {
    let placed = 0;
    for (const hint of this.#form.querySelectorAll("[data-hint]")) {
      const name = hint.id.replace("-hint", "");
      const wrong = fields[name];
      if (wrong) placed += 1;
      setText(hint, wrong ?? hint.dataset.hint);
      if (wrong) hint.dataset.level = "bad";
      else delete hint.dataset.level;
      byId(name).setAttribute("aria-invalid", String(Boolean(wrong)));
    }
    return placed === Object.keys(fields).length;
  }

  #put(name, value) {
    const field = byId(name);
    const twin = this.#form.querySelector(`[data-twin="${name}"]`);
    if (field.type === "checkbox") field.checked = value === true;
    else if (field !== document.activeElement) field.value = readable(field, value);
    if (twin && twin !== document.activeElement) twin.value = String(value);
  }

  #without() {
    return Object.fromEntries([...FIELDS, "run"].map((name) => [name, ""]));
  }

  #input(field) {
    if (field.dataset.twin !== undefined) {
      const twin = byId(field.dataset.twin);
      twin.value = field.value;
      field = twin;
    }
    if (!field.name) return;
    const changes = { ...(field.name === "profile" ? this.#without() : {}), [field.name]: written(field), run: "" };
    if (field.name === "num_bets") {
      const sizes = byId("bet_sizes").value.replaceAll(/\s+/g, "");
      if (sizes.includes(",")) changes.bet_sizes = resized(sizes, Number(changes.num_bets));
    }
    this.changed(changes, { choice: field.tagName === "SELECT" });
  }
}
