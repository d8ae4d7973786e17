// The editor of a profile: a form and the text of its file, two views of one draft. While somebody
// types the server says of each field what is wrong; the rules are nowhere else.

import { post } from "/static/ui/api.js";
import { byId, el } from "/static/ui/dom.js";
import { faultOf } from "/static/dash/load.js";

const TYPING_MS = 180;
const MOST_SIZES = 1_000;

const inputs = () => [...byId("form").querySelectorAll("[data-path]")];
const pretty = (tree) => `${JSON.stringify(tree, null, 2)}\n`;

function at(tree, path) {
  return path.split(".").reduce((place, key) => (place === null || place === undefined ? undefined : place[key]), tree);
}

function put(tree, path, value) {
  const keys = path.split(".");
  const last = keys.pop();
  let place = tree;
  for (const key of keys) {
    if (typeof place[key] !== "object" || place[key] === null) place[key] = {};
    place = place[key];
  }
  place[last] = value;
}

/** A number where it is one, else the text as it was typed: the server says what is wrong with it. */
function numberOf(text) {
  const told = text.trim();
  if (told === "") return null;
  return Number.isFinite(Number(told)) ? Number(told) : told;
}

const READ = {
  text: (input) => input.value.trim(),
  number: (input) => numberOf(input.value),
  check: (input) => input.checked,
  list: (input, draft) => {
    const sizes = input.value.split(",").map(numberOf);
    const bets = draft.execution?.num_bets;
    const all = sizes.length === 1 && Number.isInteger(bets) && bets > 0 && bets <= MOST_SIZES;
    return all ? Array(bets).fill(sizes[0]) : sizes;
  },
  json: (input) => {
    try {
      return JSON.parse(input.value || "{}");
    } catch {
      return input.value;
    }
  },
};

const WRITE = {
  text: (input, value) => (input.value = value ?? ""),
  number: (input, value) => (input.value = value ?? ""),
  check: (input, value) => (input.checked = value === true),
  list: (input, value) => {
    const sizes = Array.isArray(value) ? value : [value ?? ""];
    input.value = sizes.every((size) => size === sizes[0]) ? (sizes[0] ?? "") : sizes.join(", ");
  },
  json: (input, value) => (input.value = value && Object.keys(value).length ? JSON.stringify(value, null, 2) : ""),
};

export class ProfileEditor {
  #draft = null;
  #text = "";
  #saved = "";
  #savedAs = null;
  #editing = null;
  #version = null;
  #locked = false;
  #turn = 0;
  #timer = null;
  #checked = null;
  #begun = false;
  #key = "";
  #drafts = new Map();
  #kept;

  /** `kept(name)` is called when a profile was saved. */
  constructor(kept) {
    this.#kept = kept;
    byId("form").addEventListener("input", (event) => event.target.dataset.path && this.#typed());
    byId("form").addEventListener("submit", (event) => {
      event.preventDefault();
      this.save();
    });
    byId("file-text").addEventListener("input", () => this.#typedText());
    byId("save").addEventListener("click", () => this.save());
    byId("revert").addEventListener("click", () => this.#take(this.#saved));
    addEventListener("beforeunload", (event) => (this.dirty || this.#drafts.size) && event.preventDefault());
  }

  /** Tell whether something was typed that is not saved. */
  get dirty() {
    return !this.#locked && this.#text !== this.#saved;
  }

  /**
   * Show a profile; what was typed into the last one is kept until it is shown again, by `key`.
   * What was typed while a profile was being saved belongs to the saved one.
   * `editing`: the profile that is changed, null for a new one; `version`: of its file.
   */
  open({ key, text, editing = null, version = null, locked = false }) {
    if (this.dirty) this.#drafts.set(key === this.#savedAs ? key : this.#key, this.#text);
    this.#key = key;
    this.#savedAs = null;
    this.#locked = locked;
    this.#editing = editing;
    this.#version = version;
    this.#saved = text;
    byId("fields").disabled = locked;
    byId("file-text").readOnly = locked;
    byId("save-bar").hidden = locked;
    const draft = this.#drafts.get(key);
    this.#drafts.delete(key);
    this.#take(locked ? text : (draft ?? text));
  }

  /** Forget what was typed: the profile is gone. */
  forget() {
    this.#drafts.delete(this.#key);
    this.#saved = this.#text;
  }

  async save() {
    clearTimeout(this.#timer);
    this.#begun = true;
    await this.#check();
    if (!this.#checked?.valid) {
      byId("form").querySelector("[aria-invalid='true']")?.focus();
      return;
    }
    byId("save").disabled = true;
    const text = this.#text;
    try {
      const told = await post("/api/profiles", { text, editing: this.#editing, version: this.#version });
      this.#drafts.delete(this.#key);
      this.#saved = text;
      this.#savedAs = told.line.name;
      this.#kept(told.line.name);
    } catch (error) {
      byId("problems").replaceChildren(faultOf(error));
      byId("save").disabled = false;
    }
  }

  #take(text) {
    this.#text = text;
    this.#begun = this.#editing !== null || this.dirty;
    this.#draft = treeOf(text);
    byId("file-text").value = text;
    this.#fill();
    this.#checked = null;
    this.#check();
  }

  #typed() {
    this.#draft ??= {};
    for (const input of inputs()) {
      if (!input.closest("[hidden]")) put(this.#draft, input.dataset.path, READ[input.dataset.kind](input, this.#draft));
    }
    this.#text = pretty(this.#draft);
    byId("file-text").value = this.#text;
    this.#dress();
    this.#later();
  }

  #typedText() {
    this.#text = byId("file-text").value;
    this.#draft = treeOf(this.#text);
    this.#fill();
    this.#later();
  }

  #later() {
    this.#begun = true;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#check(), TYPING_MS);
    this.#drawBar();
  }

  /** Ask the server what is wrong; only the last answer counts. */
  async #check() {
    const turn = ++this.#turn;
    let checked;
    try {
      checked = await post("/api/profile-check", { text: this.#text, editing: this.#editing });
    } catch (error) {
      if (turn === this.#turn) byId("problems").replaceChildren(faultOf(error));
      return;
    }
    if (turn !== this.#turn) return;
    this.#checked = checked;
    this.#drawBar(mark(this.#begun && !this.#locked ? checked.fields : {}));
  }

  #fill() {
    if (this.#draft === null) return;
    for (const input of inputs()) WRITE[input.dataset.kind](input, at(this.#draft, input.dataset.path));
    this.#dress();
  }

  /** Hide what another strategy does not read, and mark what the chosen mode does not. */
  #dress() {
    const sidebets = (at(this.#draft, "strategy") ?? "sidebet") === "sidebet";
    const mode = at(this.#draft, "scaling.mode");
    for (const part of byId("form").querySelectorAll("[data-part]")) part.hidden = !sidebets;
    byId("params-field").hidden = sidebets && !Object.keys(at(this.#draft, "params") ?? {}).length;
    for (const field of byId("form").querySelectorAll("[data-modes]")) field.classList.toggle("unread", !field.dataset.modes.split(" ").includes(mode));
  }

  #drawBar(unplaced = []) {
    const { dirty } = this;
    const name = this.#draft?.name || "";
    const renamed = this.#editing !== null && name && name !== this.#editing;
    byId("save").textContent = renamed ? `Save as ${name}` : "Save";
    byId("save").disabled = !dirty && this.#editing !== null;
    byId("revert").disabled = !dirty;
    const wrong = this.#begun ? Object.keys(this.#checked?.fields ?? {}).length : 0;
    const parts = unplaced.map(([path, words]) => el("li", {}, path === "profile" ? words : `${path}: ${words}`));
    if (!wrong) parts.push(...(this.#checked?.remarks ?? []).map((text) => el("li", { class: "muted" }, text)));
    const state = wrong ? `${wrong} ${wrong === 1 ? "field needs" : "fields need"} mending` : dirty ? "Valid, not saved yet" : this.#editing === null ? "Not saved yet" : "Saved";
    byId("problems").replaceChildren(el("span", { class: wrong ? "down no-shape" : "muted" }, state), ...(parts.length ? [el("ul", { class: "size-12 wrapped" }, ...parts)] : []));
    byId("problems").dataset.state = wrong ? "wrong" : dirty ? "unsaved" : "saved";
  }
}

function treeOf(text) {
  try {
    const tree = JSON.parse(text);
    return typeof tree === "object" && tree !== null && !Array.isArray(tree) ? tree : null;
  } catch {
    return null;
  }
}

/** Name a part of a field: lists are counted from 1, as people do. */
function partOf(path) {
  const last = path.slice(path.lastIndexOf(".") + 1);
  return /^\d+$/.test(last) ? `number ${Number(last) + 1}` : last;
}

/** Show at each field what is wrong with it; return what belongs to none. */
function mark(fields) {
  const left = new Map(Object.entries(fields));
  for (const field of byId("form").querySelectorAll("[data-field]")) {
    const own = [...left].filter(([path]) => path === field.dataset.field || path.startsWith(`${field.dataset.field}.`));
    for (const [path] of own) left.delete(path);
    const hint = field.querySelector(".hint");
    const words = own.map(([path, text]) => (path === field.dataset.field ? text : `${partOf(path)}: ${text}`)).join("; ");
    hint.textContent = words || hint.dataset.words;
    hint.dataset.level = words ? "bad" : "";
    field.querySelector("[data-path]").setAttribute("aria-invalid", String(Boolean(words)));
  }
  return [...left];
}
