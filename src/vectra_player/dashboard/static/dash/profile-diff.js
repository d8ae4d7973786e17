// Two profiles, and the fields in which they differ. Both are in the address.

import { get } from "/static/ui/api.js";
import { byId, el, emptyState } from "/static/ui/dom.js";
import { load } from "/static/dash/load.js";
import { urlOf } from "/static/dash/profile-words.js";
import { table } from "/static/dash/table.js";

const shown = (value) => (value === null || value === undefined ? el("span", { class: "muted" }, "—") : el("code", { class: "wrapped" }, typeof value === "string" ? value : JSON.stringify(value)));

export class ProfileDiff {
  constructor(go) {
    for (const side of ["left", "right"]) {
      byId(side).addEventListener("change", () => {
        const [left, right] = [byId("left").value, byId("right").value];
        go(`/profiles?left=${encodeURIComponent(left)}&right=${encodeURIComponent(right)}`);
      });
    }
  }

  show(asked) {
    document.title = "Compare profiles · VECTRA";
    const box = byId("differences");
    load(box, () => this.#ask(asked), (told) => this.#draw(told), { again: () => this.show(asked) });
  }

  async #ask({ left = "", right = "" }) {
    const lines = (await get("/api/profiles")).filter((line) => line.valid);
    const names = lines.map((line) => line.name);
    const first = left || names.find((name) => name !== right);
    const sides = { left: first, right: right || names.find((name) => name !== first) };
    return { ...(await get(`/api/profile-differences?${new URLSearchParams(sides)}`)), names };
  }

  #draw({ left, right, differences, names }) {
    for (const [side, chosen] of [["left", left], ["right", right]]) {
      byId(side).replaceChildren(...names.map((name) => el("option", { value: name, selected: name === chosen }, name)));
      byId(side).value = chosen;
    }
    const head = (name) => ({ label: name, name: "wrap-cell" });
    const columns = [
      { label: "field", cell: ([field]) => el("code", {}, field) },
      { ...head(left), cell: ([, value]) => shown(value) },
      { ...head(right), cell: ([, , value]) => shown(value) },
    ];
    if (differences.length) {
      byId("differences").replaceChildren(table(columns, differences, { caption: `Fields in which ${left} and ${right} differ` }));
    } else {
      const back = el("a", { class: "button", href: urlOf(left) }, `Open ${left}`);
      byId("differences").replaceChildren(emptyState("They are the same", "Names and dates aside, every field agrees.", back));
    }
  }
}
