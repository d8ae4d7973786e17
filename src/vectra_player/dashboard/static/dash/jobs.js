// Long work as rows with progress: asked again while it runs, cancelled by a button.

import { formatCount } from "/static/sdk/format.js";
import { get, post } from "/static/ui/api.js";
import { el } from "/static/ui/dom.js";

const BUSY_MS = 600;
const IDLE_MS = 10_000;
const SHOWN = 8;

export class JobList {
  #timer = null;
  #states = new Map();
  #closed = false;

  /**
   * `kind` of jobs in `box`; `result(job)` is what is shown of a finished one; `ended(job)` is called
   * once; `only(job)` tells which are shown, `most` how many.
   */
  constructor(box, kind, { result, ended = () => undefined, only = () => true, most = SHOWN }) {
    Object.assign(this, { box, kind, result, ended, only, most });
    this.ask();
  }

  /** Ask no more: the box is gone. */
  close() {
    clearTimeout(this.#timer);
    this.#closed = true;
  }

  /** Ask now, and again as long as something runs. */
  async ask() {
    clearTimeout(this.#timer);
    let busy = false;
    try {
      const jobs = (await get(`/api/jobs?kind=${this.kind}`)).filter(this.only).slice(0, this.most);
      busy = jobs.some((job) => job.state === "waiting" || job.state === "running");
      this.#draw(jobs);
    } catch {
      // The shell says that the service does not answer; what was shown stays.
    }
    if (!this.#closed) this.#timer = setTimeout(() => this.ask(), busy ? BUSY_MS : IDLE_MS);
  }

  #draw(jobs) {
    const known = new Map([...this.box.children].map((row) => [row.dataset.job, row]));
    const rows = jobs.map((job) => {
      const key = JSON.stringify(job);
      const old = known.get(job.id);
      if (old && old.dataset.key === key) return old;
      const row = this.#row(job);
      row.dataset.key = key;
      if (old?.querySelector("details")?.open) row.querySelector("details")?.setAttribute("open", "");
      return row;
    });
    this.box.replaceChildren(...rows);
    for (const job of jobs) {
      const before = this.#states.get(job.id);
      this.#states.set(job.id, job.state);
      if (before !== undefined && before !== job.state && job.state === "done") this.ended(job);
    }
  }

  #row(job) {
    const over = ["done", "failed", "cancelled"].includes(job.state);
    const cancel = over ? null : el("button", { class: "button", type: "button", on: { click: () => this.#cancel(job) } }, "Cancel");
    return el(
      "div", { class: "job", data: { job: job.id, state: job.state } },
      el("div", { class: "row between" }, el("strong", { class: "truncate", title: job.title }, job.title), el("span", { class: "chip", data: { job: job.state } }, job.state), cancel),
      over ? null : progress(job.progress, job.state === "running" ? "begins" : "waiting for its turn"),
      job.error ? el("p", { class: "wrong" }, `${job.error} ${job.advice}`.trim()) : null,
      job.result ? this.result(job) : null,
    );
  }

  async #cancel(job) {
    await post(`/api/jobs/${job.id}/cancel`, {}).catch(() => undefined);
    this.ask();
  }
}

/** A bar where the whole is known, else a count; `before`: what is said while nothing is told. */
export function progress({ done, total, text }, before = "begins") {
  const words = total ? `${text} ${Math.floor((100 * done) / total)} %` : `${done ? `${formatCount(done)} ` : ""}${text}`;
  const bar = total ? el("progress", { max: String(total), value: String(done), "aria-label": "Progress" }) : null;
  return el("div", { class: "progress" }, bar, el("span", { class: "muted size-12" }, words || before));
}
