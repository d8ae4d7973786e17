// The form of one rule. While somebody types, the server says of each field what is wrong: the rules
// of rules are nowhere else.

import { post } from "/static/ui/api.js";
import { el } from "/static/ui/dom.js";
import { ConditionEditor } from "/static/dash/alert-condition.js";
import { TrialBox } from "/static/dash/alert-trial.js";
import { faultOf } from "/static/dash/load.js";

const TYPING_MS = 180;
const SEVERITIES = ["info", "success", "warning", "danger"];
const COOLDOWNS = { none: "each time", game: "once a game", s: "seconds", ticks: "ticks" };
const SEEN = { real: "", demo: "Its traffic was seen from the demo server.", constructed: "Traffic of it was never captured: it is built from documents alone." };
const LABELS = { enabled: "On", cooldown: "Tell again after", severity: "Severity", expires_s: "Shown for, s", priority: "Priority", title: "Title", message: "Message", dedupe: "Told once only for", sound: "Sound", desktop: "Desktop notification" };

const capital = (text) => text.slice(0, 1).toUpperCase() + text.slice(1);
const labelOf = (name) => LABELS[name] ?? capital(name.replaceAll("_", " "));
const sorted = (values) => JSON.stringify(values, Object.keys(values).sort());

/** The name of a threshold with its unit, said once. */
function titleOf({ name, unit }) {
  if (!unit) return labelOf(name);
  const bare = name.endsWith(`_${unit}`) ? name.slice(0, -unit.length - 1) : name;
  return `${labelOf(bare)}, ${unit === "percent" ? "%" : unit}`;
}

/** A number where it is one, else the text as it was typed: the server says what is wrong with it. */
function numberOf(text) {
  const told = text.trim();
  return told !== "" && Number.isFinite(Number(told)) ? Number(told) : told;
}

export class RuleForm {
  #book;
  #kept;
  #saved;
  #fields = new Map();
  #timer = null;
  #turn = 0;
  #wrong = {};
  #undo = null;
  #status = el("div", { class: "grow", role: "status" });
  #save = el("button", { class: "button primary", type: "submit", disabled: true }, "Save");
  #revert = el("button", { class: "button", type: "button", disabled: true }, "Revert");
  #usual = el("button", { class: "button", type: "button" }, "Back to built-in");

  /** `kept(book)` is called with what the server keeps after a rule was saved. */
  constructor(rule, book, kept) {
    this.rule = rule;
    this.type = rule.type;
    this.#book = book;
    this.#kept = kept;
    this.#saved = rule.values;
    this.trial = new TrialBox(rule, () => this.values);
    const form = this.#build();
    this.node = el("div", { class: "stack" }, this.#notes(), form, this.trial.node);
    form.addEventListener("input", () => this.#typed());
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#keep(this.values);
    });
    this.#revert.addEventListener("click", () => this.#fill(this.#saved));
    this.#usual.addEventListener("click", () => this.#keep(null));
    this.#fill(rule.values, rule.terms);
    if (Object.keys(rule.faults).length) this.#mark(rule.faults);
  }

  /** What the form says, as the table of the file has it. */
  get values() {
    return Object.fromEntries([...this.#fields].map(([name, field]) => [name, field.read()]));
  }

  /** Tell whether something was typed that is not saved. */
  get dirty() {
    return sorted(this.values) !== sorted(this.#saved);
  }

  close() {
    clearTimeout(this.#timer);
    this.#turn = -1;
    this.trial.close();
  }

  #notes() {
    const { rule } = this;
    const told = [
      rule.advice ? "It sounds like advice: its odds are told with it, beside those of a fair game. No rule over prices beats a hazard that is the same at every tick." : "",
      SEEN[rule.seen],
      Object.keys(rule.faults).length ? "Your file has this rule in a form that cannot be used; the built-in one is at work. Saving replaces it." : "",
    ].filter(Boolean);
    return el("div", { class: "stack rule-notes" }, ...told.map((text) => el("p", { class: "muted size-12" }, text)));
  }

  #build() {
    const { rule } = this;
    const params = rule.params.map((param) => this.#param(param));
    const when = this.#when();
    const loud = [this.#choice("severity", SEVERITIES), this.#text("expires_s", { small: true }), this.#check("sound"), this.#check("desktop")];
    const hint = `It may name ${rule.placeholders.map((name) => `{${name}}`).join(", ")}.`;
    const words = [this.#text("title", { wide: true }), this.#text("message", { wide: true, long: true, hint })];
    const more = el("details", { class: "fold wide" }, el("summary", {}, "More"), el("div", { class: "rule-fields" }, this.#text("priority", { small: true, hint: "Of several toasts the least goes first." }), this.#text("dedupe", { hint: "A text such as {game}; empty: nothing." })));
    return el(
      "form", { class: "rule-form", novalidate: true, autocomplete: "off", "aria-label": rule.type },
      el("div", { class: "rule-fields" }, this.#check("enabled"), ...params, when, ...loud, ...words, more),
      el("div", { class: "rule-bar" }, this.#status, el("div", { class: "row wrap" }, this.#save, this.#revert, this.#usual)),
    );
  }

  #param(param) {
    const hint = capital(param.text);
    if (param.kind === "flag") return this.#check(param.name, hint);
    if (param.kind === "condition") return this.#condition(param);
    const field = { label: titleOf(param), hint: `${hint}: ${param.takes}.` };
    if (param.kind === "whole" || param.kind === "number") return this.#text(param.name, { ...field, number: true });
    if (param.kind === "words") return this.#text(param.name, { ...field, list: "\n", long: true, wide: true, hint: `${hint}; one a line.` });
    return this.#text(param.name, { ...field, list: ",", number: true });
  }

  #text(name, { label = labelOf(name), hint = "", wide = false, long = false, small = false, number = small, list = null } = {}) {
    const id = `${this.type}-${name}`;
    const input = el(long ? "textarea" : "input", { class: `input ${number ? "num" : ""}`, id, "aria-describedby": `${id}-hint`, inputmode: number && !list ? "decimal" : null, rows: long ? "2" : null });
    const one = number ? numberOf : (text) => (list ? text.trim() : text);
    const read = list ? () => input.value.split(list).filter((part) => part.trim() !== "").map(one) : () => one(input.value);
    const write = (value) => (input.value = Array.isArray(value) ? value.join(list === "," ? ", " : "\n") : String(value));
    return this.#field(name, { label, hint, input, read, write, wide });
  }

  #choice(name, options) {
    const input = el("select", { class: "input", id: `${this.type}-${name}`, "aria-describedby": `${this.type}-${name}-hint` }, ...options.map((each) => el("option", {}, each)));
    return this.#field(name, { label: labelOf(name), hint: "", input, read: () => input.value, write: (value) => (input.value = value) });
  }

  #check(name, label = labelOf(name)) {
    const input = el("input", { type: "checkbox", id: `${this.type}-${name}`, "aria-describedby": `${this.type}-${name}-hint` });
    this.#fields.set(name, { read: () => input.checked, write: (value) => (input.checked = value === true) });
    return el("div", { class: "field check", data: { field: name } }, el("label", { class: "row" }, input, label), el("p", { class: "hint", id: `${this.type}-${name}-hint`, data: { words: "" } }));
  }

  #when() {
    const id = `${this.type}-cooldown`;
    const kind = el("select", { class: "input", id, "aria-describedby": `${id}-hint` }, ...Object.entries(COOLDOWNS).map(([value, text]) => el("option", { value }, text)));
    const amount = el("input", { class: "input num", inputmode: "decimal", "aria-label": "How many" });
    const timed = () => kind.value === "s" || kind.value === "ticks";
    const dress = () => (amount.hidden = !timed());
    kind.addEventListener("input", dress);
    const read = () => (timed() ? `${amount.value.trim()} ${kind.value}` : { none: "none", game: "once a game" }[kind.value]);
    const write = (text) => {
      const [number, unit] = text.split(" ");
      kind.value = { none: "none", "once a game": "game" }[text] ?? (unit === "s" ? "s" : "ticks");
      amount.value = timed() ? number : "30";
      dress();
    };
    const input = el("div", { class: "row cool-down" }, kind, amount);
    return this.#field("cooldown", { label: labelOf("cooldown"), hint: "", input, read, write });
  }

  #condition(param) {
    const editor = new ConditionEditor(this.type, this.#book, () => this.#typed());
    this.editor = editor;
    return this.#field(param.name, { label: "Told when", hint: `${capital(param.text)}. "and" binds closer than "or".`, input: editor.node, read: () => editor.text, write: (text) => (editor.text = text), wide: true, id: editor.id });
  }

  #field(name, { label, hint, input, read, write, wide = false, id = input.id || `${this.type}-${name}` }) {
    this.#fields.set(name, { read, write });
    return el("div", { class: `field ${wide ? "wide" : ""}`, data: { field: name } }, el("label", { for: id }, label), input, el("p", { class: "hint", id: `${id}-hint`, data: { words: hint } }, hint));
  }

  #fill(values, terms) {
    for (const [name, field] of this.#fields) field.write(values[name]);
    this.editor?.show(terms ?? null);
    this.#wrong = {};
    this.#mark({});
    this.#dress();
    if (this.editor && terms === undefined) this.#ask();
  }

  #typed() {
    this.#undo = null;
    this.#dress();
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#ask(), TYPING_MS);
  }

  /** Ask the server what is wrong; only the last answer counts. */
  async #ask() {
    const turn = (this.#turn += 1);
    try {
      const { fields, terms } = await post("/api/alert-check", { type: this.type, values: this.values });
      if (turn !== this.#turn) return;
      this.#wrong = fields;
      this.editor?.show(terms);
      this.#mark(fields);
      this.#dress();
    } catch (error) {
      if (turn === this.#turn) this.#status.replaceChildren(faultOf(error));
    }
  }

  async #keep(values) {
    clearTimeout(this.#timer);
    const before = this.rule.changed.length ? this.#saved : null;
    this.#save.disabled = true;
    try {
      const book = await post("/api/alert-rules", { type: this.type, values, version: this.#book.version });
      this.#turn += 1;
      this.#book = book;
      this.rule = book.rules.find((each) => each.type === this.type);
      this.#saved = this.rule.values;
      this.#fill(this.rule.values, this.rule.terms);
      this.#undo = () => this.#keep(before);
      this.#dress();
      this.#kept(book);
    } catch (error) {
      this.#mark(error.fields ?? {});
      this.#status.replaceChildren(faultOf(error));
      this.#save.disabled = false;
    }
  }

  #dress() {
    const { dirty } = this;
    const wrong = Object.keys(this.#wrong).length;
    this.#save.disabled = !dirty || wrong > 0;
    this.#revert.disabled = !dirty;
    this.#usual.disabled = dirty || this.rule.changed.length + Object.keys(this.rule.faults).length === 0;
    this.trial.enable(wrong === 0);
    const state = wrong ? `${wrong} ${wrong === 1 ? "field needs" : "fields need"} mending` : dirty ? "Valid, not saved yet" : this.#undo ? "Saved." : this.rule.changed.length ? `Yours: ${this.rule.changed.join(", ")}` : "As built in";
    const undo = this.#undo && el("button", { class: "button quiet", type: "button", on: { click: this.#undo } }, "Undo");
    this.#status.replaceChildren(el("span", { class: wrong ? "down no-shape" : "muted" }, state), ...(undo ? [undo] : []), ...(wrong && this.#wrong.rule ? [el("p", {}, this.#wrong.rule)] : []));
  }

  /** Show at each field what is wrong with it. */
  #mark(fields) {
    for (const field of this.node?.querySelectorAll("[data-field]") ?? []) {
      const words = fields[field.dataset.field];
      const hint = field.querySelector(".hint");
      hint.textContent = words ?? hint.dataset.words;
      hint.dataset.level = words ? "bad" : "";
      for (const input of field.querySelectorAll(":scope > .input, :scope > .row > .input, [data-text]")) input.setAttribute("aria-invalid", String(Boolean(words)));
      if (words) field.closest("details.fold")?.setAttribute("open", "");
    }
  }
}
