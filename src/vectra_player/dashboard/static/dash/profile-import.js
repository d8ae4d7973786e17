// Import of profiles, by file and by paste: each text goes up by itself, and nothing is replaced unasked.

import { post } from "/static/ui/api.js";
import { byId, el } from "/static/ui/dom.js";
import { urlOf } from "/static/dash/profile-words.js";

const LARGEST = 50_000;
const OUTCOMES = { imported: "done", unchanged: "waiting", refused: "failed" };

export class ProfileImport {
  #changed;

  /** `changed` is called when a profile has come in. */
  constructor(changed) {
    this.#changed = changed;
    const [drop, input] = [byId("drop"), byId("files")];
    input.addEventListener("change", () => {
      this.#take([...input.files]);
      input.value = "";
    });
    for (const type of ["dragenter", "dragover"]) {
      drop.addEventListener(type, (event) => {
        event.preventDefault();
        drop.dataset.over = "";
      });
    }
    for (const type of ["dragleave", "drop"]) drop.addEventListener(type, () => delete drop.dataset.over);
    drop.addEventListener("drop", (event) => {
      event.preventDefault();
      this.#take([...event.dataTransfer.files]);
    });
    byId("paste-form").addEventListener("submit", (event) => {
      event.preventDefault();
      const text = byId("paste-text").value;
      if (text.trim()) this.#send({ file: "pasted.json", text });
    });
  }

  async #take(files) {
    for (const file of files) {
      if (file.size > LARGEST) this.#tell({ file: file.name }, { outcome: "refused", notes: [`It has ${file.size} bytes; a profile has a few hundred. Choose the file of a profile.`] });
      else await this.#send({ file: file.name, text: await file.text() });
    }
  }

  async #send(order, row = null) {
    let told;
    try {
      told = await post("/api/profile-imports", order);
    } catch (error) {
      const fields = Object.values(error.fields ?? {});
      told = { outcome: "refused", notes: [`${error.message} ${error.advice}`.trim(), ...fields] };
    }
    this.#tell(order, told, row);
    if (told.outcome === "imported") {
      if (order.file === "pasted.json") byId("paste-text").value = "";
      this.#changed();
    }
  }

  #tell(order, told, row = null) {
    const name = told.name ? el("a", { class: "num", href: urlOf(told.name) }, told.name) : null;
    const notes = told.notes.map((text) => el("li", {}, text));
    const card = el(
      "div", { class: "job", data: { outcome: told.outcome } },
      el("div", { class: "row between" },
        el("strong", { class: "truncate", title: order.file }, order.file), name,
        el("span", { class: "chip", data: { job: OUTCOMES[told.outcome] } }, told.taken ? "name taken" : told.outcome)),
      notes.length ? el("ul", { class: `size-12 wrapped ${told.outcome === "refused" ? "" : "muted"}` }, ...notes) : null,
    );
    if (told.taken) card.append(this.#choices(order, told.taken, card));
    if (row) row.replaceWith(card);
    else byId("imports").prepend(card);
  }

  /** A profile has the name already, and is another one: ask what to do. */
  #choices(order, taken, card) {
    const input = el("input", { class: "input", value: `${taken}-2`.slice(0, 64), maxlength: "64", "aria-label": "Another name" });
    const keep = el("button", { class: "button", type: "button", on: { click: () => this.#send({ ...order, replace: false, rename: input.value.trim() }, card) } }, "Keep both");
    const replace = el("button", { class: "button", type: "button", on: { click: () => this.#send({ ...order, replace: true }, card) } }, `Replace ${taken}`);
    return el("div", { class: "stack tight" }, el("p", {}, `There is another profile named ${taken}; nothing was written.`), el("div", { class: "row wrap" }, input, keep, replace));
  }
}
