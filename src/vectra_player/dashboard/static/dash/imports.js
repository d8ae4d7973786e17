// Import: files go up in pieces, then a worker reads them; what it could not read is listed.

import { formatBytes, formatCount } from "/static/sdk/format.js";
import { ApiError, post } from "/static/ui/api.js";
import { byId, el, scrolling } from "/static/ui/dom.js";
import { JobList, progress } from "/static/dash/jobs.js";
import { faultOf } from "/static/dash/load.js";
import { table } from "/static/dash/table.js";

const PIECE = 2 << 20;

const BAD = [
  { label: "file", name: "who truncate", cell: (row) => row.path, title: (row) => row.path },
  { label: "line", name: "num", cell: (row) => formatCount(row.line) },
  { label: "reason", name: "wrap-cell", cell: (row) => row.reason },
  { label: "salvaged", name: "num", cell: (row) => formatCount(row.salvaged), hint: "records inside it that were imported all the same" },
];

async function send(upload, file, told) {
  for (let offset = 0; offset < file.size || offset === 0; offset += PIECE) {
    const path = `/api/uploads/${upload}/files/${encodeURIComponent(file.name)}?offset=${offset}`;
    const answer = await fetch(path, {
      method: "PUT",
      headers: { "Content-Type": "application/octet-stream", "X-Vectra-Request": "1" },
      body: file.slice(offset, offset + PIECE),
    }).catch(() => null);
    if (!answer?.ok) {
      const fault = (await answer?.json().catch(() => null))?.error ?? {};
      throw new ApiError(fault.message ?? "The service does not answer.", fault.advice ?? "Try again.", answer?.status ?? 0, fault.fields);
    }
    told(Math.min(file.size, offset + PIECE));
  }
}

export class Imports {
  #drop = byId("drop");
  #input = byId("files");
  #busy = false;

  /** `ended` is called when an import has ended. */
  constructor(ended) {
    this.sending = el("div", { hidden: "" });
    const box = el("div", { class: "stack" });
    byId("imports").append(this.sending, box);
    this.jobs = new JobList(box, "import", { result: summary, ended });
    this.#input.addEventListener("change", () => this.#take([...this.#input.files]));
    for (const type of ["dragenter", "dragover"]) {
      this.#drop.addEventListener(type, (event) => {
        event.preventDefault();
        this.#drop.dataset.over = "";
      });
    }
    for (const type of ["dragleave", "drop"]) this.#drop.addEventListener(type, () => delete this.#drop.dataset.over);
    this.#drop.addEventListener("drop", (event) => {
      event.preventDefault();
      this.#take([...event.dataTransfer.files]);
    });
  }

  async #take(files) {
    if (!files.length || this.#busy) return;
    this.#busy = true;
    this.#input.disabled = true;
    const total = files.reduce((sum, file) => sum + file.size, 0);
    let before = 0;
    const show = (done, name) => {
      this.sending.hidden = false;
      this.sending.replaceChildren(progress({ done, total: total || 1, text: `Sending ${name}, ${formatBytes(done)} of ${formatBytes(total)},` }));
    };
    try {
      const { id } = await post("/api/uploads", {});
      for (const file of files) {
        show(before, file.name);
        await send(id, file, (done) => show(before + done, file.name));
        before += file.size;
      }
      await post("/api/imports", { upload: id, tz: byId("tz").value.trim() || null });
      this.sending.hidden = true;
    } catch (error) {
      this.sending.hidden = false;
      this.sending.replaceChildren(faultOf(error));
    }
    this.#busy = false;
    this.#input.disabled = false;
    this.#input.value = "";
    this.jobs.ask();
  }
}

function summary({ result }) {
  const parts = [
    `${formatCount(result.events)} events in ${formatCount(result.games)} games from ${formatCount(result.files)} files`,
    `${formatCount(result.duplicates)} were here already`,
    `${formatCount(result.bad_lines)} bad lines`,
    `${formatCount(result.skipped)} files skipped`,
  ];
  const bad = result.quarantined ?? [];
  const skipped = (result.skipped_files ?? []).map(({ path, reason }) => el("li", {}, `${path}: ${reason}`));
  const warnings = (result.warnings ?? []).map((text) => el("li", {}, text));
  return el(
    "div", { class: "stack" },
    el("p", {}, `${parts.join(", ")}.`),
    skipped.length || warnings.length ? el("ul", { class: "muted size-12 wrapped" }, ...skipped, ...warnings) : null,
    bad.length
      ? el("details", { class: "quarantine" }, el("summary", {}, `What could not be read (${formatCount(result.bad_lines)})`),
        scrolling(el("div", { class: "table-box tall-box" }, table(BAD, bad.slice(0, 500), { caption: "Quarantined lines" })), "What could not be read"))
      : null,
  );
}
