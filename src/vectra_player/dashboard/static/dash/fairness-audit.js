// The audit: the one that is chosen, else the latest, in plain words and test by test; and new ones.

import { formatCount, formatDateTime, formatUtc } from "/static/sdk/format.js";
import { get, post } from "/static/ui/api.js";
import { byId, el, emptyState } from "/static/ui/dom.js";
import { JobList } from "/static/dash/jobs.js";
import { manifest, section } from "/static/dash/laid-out.js";
import { faultOf, load } from "/static/dash/load.js";
import { table } from "/static/dash/table.js";

const SITES = { real: "the real site", demo: "the demo server", all: "all servers" };

const TESTS = [
  { label: "test", name: "question", cell: (row) => el("div", {}, el("strong", {}, row.title), el("p", { class: "muted size-12" }, row.asks)) },
  { label: "rests on", name: "num", cell: (row) => row.rests_on },
  { label: "p", name: "num", cell: (row) => el("span", { data: { small: String(row.small) } }, row.p ?? "—") },
  { label: "corrected", name: "num", cell: (row) => row.p_holm ?? "—" },
  { label: "result", cell: (row) => (row.p === null ? el("span", { class: "muted size-12 wrapped" }, row.result) : el("span", { class: "chip", data: { result: row.result } }, row.result)), name: "wrap-cell result-cell" },
  { label: "what it can and cannot show", name: "reach size-12", cell: (row) => el("div", {}, el("p", {}, `Would notice ${row.shows}.`), el("p", { class: "muted" }, `Is blind to ${row.cannot}.`)) },
];

export class AuditPanel {
  #go;
  #asked;
  #jobs = null;
  #shown = null;

  /** `go(changes)` changes the address, `asked()` reads it. */
  constructor(go, asked) {
    this.#go = go;
    this.#asked = asked;
    byId("audit-form").addEventListener("submit", (event) => {
      event.preventDefault();
      this.#begin();
    });
  }

  show() {
    this.#jobs ??= new JobList(byId("audit-jobs"), "audit", {
      result: ({ result }) => el("p", {}, el("button", { class: "button", type: "button", on: { click: () => this.#go({ audit: result.id }) } }, "Show"), ` ${result.headline}`),
      ended: (job) => this.#go({ audit: job.result.id }),
    });
    const { audit = "", origin } = this.#asked();
    if (this.#shown === `${origin} ${audit}`) return;
    this.#shown = `${origin} ${audit}`;
    this.#load();
  }

  #load() {
    const box = byId("audit");
    load(box, () => this.#ask(), (told) => this.#draw(box, told), { rows: 8, again: () => this.#load() });
  }

  async #ask() {
    const { audit = "", origin } = this.#asked();
    const [heads, { state }] = await Promise.all([get("/api/fairness/audits"), get("/api/fairness?size=1")]);
    const chosen = audit || heads.find((head) => head.origin === origin)?.id;
    return { heads, state, audit: chosen ? await get(`/api/fairness/audits/${encodeURIComponent(chosen)}`) : null };
  }

  async #begin() {
    const told = byId("audit-seed").value.trim();
    byId("audit-wrong").replaceChildren();
    try {
      await post("/api/fairness/audits", { origin: this.#asked().origin, seed: told === "" ? Number.NaN : Number(told) });
    } catch (error) {
      byId("audit-wrong").replaceChildren(faultOf(error));
    }
    this.#jobs.ask();
  }

  #draw(box, { heads, state, audit }) {
    if (audit === null) {
      box.replaceChildren(emptyState(`No audit of ${SITES[this.#asked().origin]} yet`, "Run one: it takes from some seconds to a minute, and its result is kept."));
      return;
    }
    const { head } = audit;
    const verdict = { alarmed: String(head.alarmed), verdict: head.verdict };
    const words = el("div", { class: "stack tight conclusions audit-head", data: verdict }, ...audit.conclusions.map((text) => el("p", {}, text)));
    const report = el("a", { class: "button", href: `/fairness/audits/${encodeURIComponent(head.id)}/report`, download: "" }, "Download the report");
    box.replaceChildren(
      el("div", { class: "stack" },
        el("div", { class: "row wrap between" }, this.#choice(heads, head), report),
        head.state === state ? null : el("p", { class: "muted", id: "audit-old" }, "Games were filed or removed since this audit; a new one takes them in."),
        words,
        el("h3", {}, "Test by test"),
        el("div", { class: "table-box tests", tabindex: "0", role: "region", "aria-label": "Tests" }, table(TESTS, audit.tests, { caption: "Tests of the audit" })),
        el("p", { class: "muted size-12 prose" }, audit.how_to_read_p),
        el("h3", {}, "What no test here can show"),
        el("ul", { class: "limits" }, ...audit.cannot_show.map((text) => el("li", {}, text))),
        el("details", { class: "figures-box" }, el("summary", {}, "Figures and numbers"), el("div", { class: "laid-out" }, ...audit.report.sections.map(section))),
        manifest(audit.report.manifest)),
    );
  }

  #choice(heads, shown) {
    const option = (head) => {
      const text = `${formatDateTime(head.made_at)}, ${formatCount(head.games)} games of ${SITES[head.origin]}, seed ${head.seed}`;
      return el("option", { value: head.id, selected: head.id === shown.id, title: formatUtc(head.made_at) }, text);
    };
    const select = el("select", { class: "input kept-audits", "aria-label": "Kept audits" }, ...heads.map(option));
    select.addEventListener("change", () => this.#go({ audit: select.value }));
    return select;
  }
}
