// A list whose filters, sort and page live in the address, with a form that shows them.

import { byId } from "/static/ui/dom.js";

const TYPING_MS = 250;

export class Filtered {
  #typing = null;

  /** `defaults`: values that are left out of the address. `show` is called when something changed. */
  constructor({ path, form, defaults, clear, shell, show }) {
    this.path = path;
    this.form = form;
    this.defaults = defaults;
    this.show = () => {
      this.#fill();
      show();
    };
    form.addEventListener("input", ({ target: { name, value, tagName } }) => {
      clearTimeout(this.#typing);
      this.#typing = setTimeout(() => this.go({ [name]: value.trim(), page: 1 }, { replace: true }), tagName === "SELECT" ? 0 : TYPING_MS);
    });
    form.addEventListener("submit", (event) => event.preventDefault());
    clear.addEventListener("click", (event) => {
      event.preventDefault();
      this.clear();
    });
    addEventListener("popstate", this.show);
    if (matchMedia("(max-width: 639px)").matches) byId("filter-box").open = false;
    shell.key("ArrowRight", "Next page", () => byId("pager").querySelector("[aria-label='Next page']:not(:disabled)")?.click());
    shell.key("ArrowLeft", "Previous page", () => byId("pager").querySelector("[aria-label='Previous page']:not(:disabled)")?.click());
  }

  /** The parameters of the address, without those that say nothing. */
  get wanted() {
    const asked = new URLSearchParams(location.search);
    for (const [name, value] of [...asked]) if (value === "" || this.defaults[name] === value) asked.delete(name);
    return asked;
  }

  /** The parameters as they end an address. */
  get query() {
    const asked = this.wanted;
    return asked.size ? `?${asked}` : "";
  }

  /** A parameter, or its default. */
  value(name) {
    return this.wanted.get(name) ?? this.defaults[name] ?? "";
  }

  /** Show with other parameters. */
  go(changes, { replace = false } = {}) {
    const asked = this.wanted;
    for (const [name, value] of Object.entries(changes)) {
      if (value === "" || value === null || this.defaults[name] === String(value)) asked.delete(name);
      else asked.set(name, String(value));
    }
    const address = asked.size ? `${this.path}?${asked}` : this.path;
    if (address !== location.pathname + location.search) history[replace ? "replaceState" : "pushState"](null, "", address);
    this.show();
  }

  /** Show everything. */
  clear() {
    history.pushState(null, "", this.path);
    document.activeElement?.blur?.();
    this.show();
  }

  #fill() {
    for (const field of this.form.elements) {
      if (field.name && field !== document.activeElement) field.value = this.value(field.name);
    }
  }
}
