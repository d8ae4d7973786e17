// The condition of a custom signal: a list of comparisons, and the text they make. The text is what is
// kept; what the list cannot show, because of its brackets, is edited as text.

import { el } from "/static/ui/dom.js";

const FIRST = { join: "", field: "price", sign: ">", value: 2 };

const textOf = (terms) => terms.map(({ join, field, sign, value }) => `${join ? `${join} ` : ""}${field} ${sign} ${field === "phase" ? `"${value}"` : value}`).join(" ");

export class ConditionEditor {
  #book;
  #changed;
  #terms = [];
  #rows = el("ul", { class: "terms" });
  #text;

  /** `changed` is called when rows or text were edited. */
  constructor(type, book, changed) {
    this.#book = book;
    this.#changed = changed;
    this.id = `${type}-when`;
    this.#text = el("input", { class: "input num", id: this.id, "aria-describedby": `${this.id}-hint`, spellcheck: "false", placeholder: "empty: never", data: { text: "" } });
    this.add = el("button", { class: "button", type: "button" }, "Add a comparison");
    this.add.addEventListener("click", () => this.#take([...this.#terms, this.#terms.length ? { ...FIRST, join: "and" } : FIRST], true));
    this.node = el("div", { class: "stack tight" }, this.#text, this.#rows, el("div", {}, this.add));
  }

  get text() {
    return this.#text.value.trim();
  }

  set text(text) {
    this.#text.value = text;
  }

  /** Show a condition as rows; null: it is none, or has brackets, and is edited as text. */
  show(terms) {
    this.add.hidden = terms === null && this.text !== "";
    if (terms === null && this.text === "") terms = [];
    if (terms === null) {
      this.#terms = [];
      this.#rows.replaceChildren();
      return;
    }
    if (JSON.stringify(terms) === JSON.stringify(this.#terms) && this.#rows.childElementCount === terms.length) return;
    this.#terms = terms;
    this.#draw();
  }

  #take(terms, redraw) {
    this.#terms = terms.map((term, at) => ({ ...term, join: at ? term.join || "and" : "" }));
    this.#text.value = textOf(this.#terms);
    if (redraw) this.#draw();
    this.#changed();
  }

  #draw() {
    this.#rows.replaceChildren(...this.#terms.map((term, at) => this.#row(term, at)));
  }

  #row(term, at) {
    const change = (changes, redraw = false) => this.#take(this.#terms.map((each, place) => (place === at ? { ...each, ...changes } : each)), redraw);
    const phase = term.field === "phase";
    const choice = (label, values, value, call, titles = {}) =>
      el("select", { class: "input", "aria-label": `${label} of comparison ${at + 1}`, on: { input: (event) => (event.stopPropagation(), call(event.target.value)) } }, ...values.map((each) => el("option", { value: each, selected: each === value, title: titles[each] }, each)));
    const value = phase
      ? choice("Phase", this.#book.phases, String(term.value), (told) => change({ value: told }))
      : el("input", { class: "input num", value: String(term.value), inputmode: "decimal", "aria-label": `Value of comparison ${at + 1}`, on: { input: (event) => (event.stopPropagation(), change({ value: event.target.value.trim() })) } });
    const other = (field) => ((field === "phase") === phase ? { field } : field === "phase" ? { field, sign: "==", value: "LIVE" } : { field, sign: ">", value: 1 });
    const remove = el("button", { class: "button quiet icon", type: "button", "aria-label": `Remove comparison ${at + 1}`, on: { click: () => this.#take(this.#terms.filter((_, place) => place !== at), true) } }, "×");
    return el(
      "li", { class: "term", title: this.#book.fields[term.field] },
      at ? choice("Joined", ["and", "or"], term.join, (join) => change({ join })) : el("span", { class: "muted size-12" }, "when"),
      choice("Field", Object.keys(this.#book.fields), term.field, (field) => change(other(field), true), this.#book.fields),
      choice("Comparison", phase ? ["=="] : this.#book.signs, term.sign, (sign) => change({ sign })),
      value,
      remove,
    );
  }
}
