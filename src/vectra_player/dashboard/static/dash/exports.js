// Export: a table, a format and filters become a file; a worker writes it, then it can be fetched.

import { formatBytes, formatCount } from "/static/sdk/format.js";
import { post } from "/static/ui/api.js";
import { byId, el } from "/static/ui/dom.js";
import { JobList } from "/static/dash/jobs.js";
import { faultOf } from "/static/dash/load.js";

export class Exports {
  #form = byId("export");
  #wrong = el("div");

  constructor() {
    const box = el("div", { class: "stack" });
    byId("exports").append(this.#wrong, box);
    this.jobs = new JobList(box, "export", { result: file });
    this.#form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#begin();
    });
  }

  async #begin() {
    const told = new FormData(this.#form);
    const order = { doc_type: told.get("doc_type"), format: told.get("format"), pseudonymise: told.has("pseudonymise") };
    for (const name of ["since", "until", "game"]) if (told.get(name)) order[name] = told.get(name).trim();
    this.#wrong.replaceChildren();
    try {
      await post("/api/exports", order);
    } catch (error) {
      this.#wrong.replaceChildren(faultOf(error));
    }
    this.jobs.ask();
  }
}

function file({ result }) {
  const link = el("a", { href: `/exports/${encodeURIComponent(result.file)}`, download: result.file }, "Download");
  return el("p", { class: "row between" }, el("span", { class: "muted" }, `${formatCount(result.rows)} rows, ${formatBytes(result.bytes)}`), link);
}
