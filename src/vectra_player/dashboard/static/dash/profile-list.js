// The list of profiles and presets with what is known of each, simulations of several, and the import.

import { formatCount, formatSol } from "/static/sdk/format.js";
import { get } from "/static/ui/api.js";
import { byId, el, emptyState, setText } from "/static/ui/dom.js";
import { load } from "/static/dash/load.js";
import { ProfileImport } from "/static/dash/profile-import.js";
import { basisOf, runLink, urlOf } from "/static/dash/profile-words.js";
import { table } from "/static/dash/table.js";
import { counted } from "/static/dash/words.js";

const dash = () => el("span", { class: "unknown", title: "not simulated with the parameters it has now" }, "—");

function figure(key) {
  return (line) => {
    const text = line.metrics?.cells[key];
    return text === undefined ? dash() : el("span", text === "unknown" ? { class: "unknown" } : {}, text === "unknown" ? "—" : text);
  };
}

const hint = (line) => (line.metrics ? basisOf(line.metrics) : null);

function sizingOf(line) {
  if (!line.valid) return "";
  return line.strategy === "sidebet" ? line.mode.replaceAll("_", " ") : `plays ${line.strategy}`;
}

function nameCell(line) {
  const mark = line.kind === "preset" ? el("span", { class: "chip" }, "preset") : line.valid ? null : el("span", { class: "chip", data: { job: "failed" } }, "cannot be used");
  const name = el("span", { class: "row" }, el("a", { class: "num", href: urlOf(line.name) }, line.name), mark);
  return el("span", { class: "profile-name" }, name, el("span", { class: "muted size-12" }, sizingOf(line)));
}

const known = (value, text) => (value === null ? "—" : text);

const COLUMNS = [
  { key: "name", label: "profile", sort: "name", cell: nameCell },
  { key: "entry_tick", label: "entry", name: "num", sort: "entry_tick", cell: (line) => known(line.entry_tick, formatCount(line.entry_tick)), hint: "tick of the first bet" },
  { key: "num_bets", label: "bets", name: "num", sort: "num_bets", cell: (line) => known(line.num_bets, formatCount(line.num_bets)), hint: "most bets a game" },
  { key: "balance", label: "SOL", name: "num", sort: "balance", cell: (line) => formatSol(line.balance), hint: "what a run begins with" },
  ...[["profit", "profit"], ["doubled", "doubled"], ["ruined", "ruined"], ["of stakes", "of stakes"], ["drawdown", "drawdown"], ["VaR 95 %", "VaR 95 %"]].map(([key, label]) => (
    { key, label, name: "num", sort: key, cell: figure(key), title: hint }
  )),
  { key: "risk", label: "risk", sort: "risk", cell: figure("risk"), title: hint },
  { key: "backtest", label: "last backtest", name: "wrap-cell size-12", cell: (line) => (line.backtest ? runLink(line.backtest) : "—"), title: (line) => line.backtest?.made_at ?? null },
];

const RISKS = ["low", "medium", "high", "extreme"];

/** What a column sorts by; null for what is not known. */
function keyOf(line, by) {
  if (by in line) return line[by];
  const text = line.metrics?.cells[by];
  if (text === undefined || text === "unknown") return null;
  const number = Number.parseFloat(text.replaceAll(",", "").replace("−", "-"));
  if (!Number.isNaN(number)) return number;
  return by === "risk" && RISKS.includes(text.toLowerCase()) ? RISKS.indexOf(text.toLowerCase()) : text;
}

function compare(one, other, by) {
  const [a, b] = [keyOf(one, by), keyOf(other, by)];
  if (a === null || b === null) return (a === null) - (b === null) || 0;
  return typeof a === "string" ? a.localeCompare(String(b)) : a - b;
}

export class ProfileList {
  #go;
  #lines = [];
  #chosen = new Set();
  #simulations;

  constructor(go, simulations) {
    this.#go = go;
    this.#simulations = simulations;
    new ProfileImport(() => this.#ask());
    byId("simulate").addEventListener("click", () => this.#simulate());
    byId("compare").addEventListener("click", () => {
      const [left, right] = [...this.#chosen];
      go(`/profiles?left=${encodeURIComponent(left)}&right=${encodeURIComponent(right)}`);
    });
  }

  show() {
    document.title = "Profiles · VECTRA";
    this.#simulations.stand(byId("simulation-home"), () => this.#ask());
    this.#ask();
  }

  #ask() {
    load(byId("rows"), () => get("/api/profiles"), (lines) => this.#take(lines), { rows: 10, again: () => this.#ask() });
  }

  #take(lines) {
    this.#lines = lines;
    const names = new Set(lines.map((line) => line.name));
    for (const name of this.#chosen) if (!names.has(name)) this.#chosen.delete(name);
    const own = lines.filter((line) => line.kind === "profile").length;
    setText(byId("count"), `${counted(own, "profile")} of yours, ${counted(lines.length - own, "preset")}`);
    this.#draw();
  }

  #sorting() {
    const asked = new URLSearchParams(location.search);
    const [by, order] = [asked.get("sort") ?? "", asked.get("order") ?? "asc"];
    return {
      by,
      order,
      choose: (next) => {
        const wanted = new URLSearchParams({ sort: next, order: by === next && order === "asc" ? "desc" : "asc" });
        history.replaceState(null, "", `/profiles?${wanted}`);
        this.#draw();
      },
    };
  }

  #draw() {
    const sorting = this.#sorting();
    const lines = [...this.#lines];
    const way = sorting.order === "asc" ? 1 : -1;
    if (sorting.by) {
      const known = (line) => keyOf(line, sorting.by) !== null;
      lines.sort((one, other) => known(other) - known(one) || way * compare(one, other, sorting.by));
    }
    if (lines.length) {
      const open = (line) => this.#go(urlOf(line.name));
      byId("rows").replaceChildren(table([this.#choice(), ...COLUMNS], lines, { sorting, caption: "Profiles and presets", open }));
    } else {
      byId("rows").replaceChildren(emptyState("There is no profile", "Make one, or import one."));
    }
    this.#drawButtons();
  }

  #choice() {
    const cell = (line) => {
      const box = el("input", { type: "checkbox", "aria-label": `Choose ${line.name}`, checked: this.#chosen.has(line.name), disabled: !line.valid });
      box.addEventListener("change", () => {
        if (box.checked) this.#chosen.add(line.name);
        else this.#chosen.delete(line.name);
        this.#drawButtons();
      });
      return el("label", { class: "choice", on: { click: (event) => event.stopPropagation() } }, box);
    };
    return { label: el("span", { class: "visually-hidden" }, "chosen"), name: "choice-cell", cell };
  }

  #drawButtons() {
    const chosen = this.#chosen.size;
    byId("compare").disabled = chosen !== 2;
    setText(byId("simulate"), chosen ? `Simulate ${chosen}` : "Simulate all");
  }

  async #simulate() {
    const wanted = this.#lines.filter((line) => line.valid && line.strategy === "sidebet" && (!this.#chosen.size || this.#chosen.has(line.name)));
    await this.#simulations.order(wanted.map((line) => line.name));
    byId("simulation-home").scrollIntoView({ block: "nearest" });
  }
}
