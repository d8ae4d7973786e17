// One profile: its settings, its file, what its simulation and its backtests came to, and what to do with it.

import { get, post } from "/static/ui/api.js";
import { byId, el, emptyState, setText } from "/static/ui/dom.js";
import { load, tell } from "/static/dash/load.js";
import { ProfileEditor } from "/static/dash/profile-form.js";
import { drawSimulation } from "/static/dash/profile-simulation.js";
import { basisOf, runLink, urlOf } from "/static/dash/profile-words.js";
import { arrowTabs, markTab } from "/static/dash/tabs.js";
import { table } from "/static/dash/table.js";

const TABS = ["settings", "file", "simulation", "backtests"];
const DEFAULT = "settings";

const RUNS = [
  { label: "made, UTC", name: "num", cell: (run) => run.made_at.slice(0, 19).replace("T", " ") },
  { label: "what it came to", name: "wrap-cell", cell: runLink },
];

export class ProfileView {
  #go;
  #simulations;
  #editor;
  #asked = {};
  #told = null;
  #holder = el("div"); // one for all: only the last profile that was asked for is shown

  constructor(go, simulations) {
    this.#go = go;
    this.#simulations = simulations;
    this.#editor = new ProfileEditor((name) => this.#kept(name));
    byId("tabs").addEventListener("click", (event) => event.target.dataset.tab && this.#choose(event.target.dataset.tab));
    arrowTabs(byId("tabs"));
  }

  show(asked) {
    const same = "new" in asked === "new" in this.#asked && asked.name === this.#asked.name && asked.from === this.#asked.from;
    this.#asked = asked;
    if (same && this.#told) this.#drawTab();
    else if ("new" in asked) this.#begin(asked.from ?? "");
    else this.#ask();
  }

  #kept(name) {
    const { tab } = this.#asked;
    if (name === this.#asked.name) this.#ask();
    else this.#go(urlOf(name, tab ? `&tab=${tab}` : ""));
  }

  /** Another view is shown: what is known may be old when this one comes back. */
  hide() {
    this.#told = null;
  }

  #ask() {
    const { name } = this.#asked;
    document.title = `${name} · VECTRA`;
    setText(byId("profile-name"), name);
    this.#holder.replaceChildren();
    byId("gone").replaceChildren(this.#holder);
    const draw = (told) => {
      if (name !== this.#asked.name) return; // a new one was begun meanwhile
      byId("gone").replaceChildren();
      this.#draw(told);
    };
    load(this.#holder, () => get(`/api/profiles/${encodeURIComponent(name)}`), draw, { again: () => this.#ask() });
  }

  async #begin(from) {
    const asked = this.#asked;
    byId("gone").replaceChildren();
    document.title = "New profile · VECTRA";
    setText(byId("profile-name"), "New profile");
    try {
      const [lines, base] = await Promise.all([get("/api/profiles"), from ? get(`/api/profiles/${encodeURIComponent(from)}`) : get("/api/profile-defaults")]);
      if (asked !== this.#asked) return;
      const profile = { ...(from ? base.profile : base), name: "", source: "manual", created: null, monte_carlo_metrics: null };
      this.#told = { line: { name: "", kind: "new", valid: true }, backtests: [] };
      setText(byId("profile-kind"), "not saved");
      byId("figures").hidden = true;
      byId("actions").replaceChildren(this.#bases(lines, from));
      this.#editor.open({ key: `new ${from}`, text: `${JSON.stringify(profile, null, 2)}\n` });
      this.#drawTab();
      byId("f-name").focus();
    } catch (error) {
      if (asked === this.#asked) tell(error);
    }
  }

  #bases(lines, from) {
    const option = (value, text) => el("option", { value, selected: value === from }, text);
    const names = lines.filter((line) => line.valid).map((line) => option(line.name, line.name));
    const select = el("select", { class: "input", id: "base" }, option("", "the defaults"), ...names);
    select.addEventListener("change", () => this.#go(`/profiles?new=${select.value ? `&from=${encodeURIComponent(select.value)}` : ""}`, { replace: true }));
    return el("label", { class: "row muted" }, "Begin with", select);
  }

  #draw(told) {
    this.#told = told;
    const { line } = told;
    setText(byId("profile-kind"), line.kind === "preset" ? "preset" : line.valid ? line.source : "cannot be used");
    this.#drawFigures(line);
    byId("actions").replaceChildren(...this.#actions(told));
    const text = told.profile ? `${JSON.stringify(told.profile, null, 2)}\n` : told.text;
    this.#editor.open({ key: line.name, text, editing: line.kind === "preset" ? null : line.name, version: told.version, locked: line.kind === "preset" });
    this.#drawTab();
  }

  #drawFigures({ metrics }) {
    const box = byId("figures");
    box.hidden = !metrics;
    if (!metrics) return;
    const items = Object.entries(metrics.cells).map(([name, text]) => {
      const value = text === "unknown" ? el("span", { class: "unknown" }, "—") : text;
      const fair = name === "of stakes" ? el("span", { class: "muted size-12 fair" }, `fair ${box.dataset.fair}`) : null;
      return el("div", { class: "figure" }, el("dt", {}, name), el("dd", {}, value, fair));
    });
    box.replaceChildren(...items, el("div", { class: "figure basis" }, el("dt", {}, metrics.origin === "file" ? "from its file" : "last simulation"), el("dd", { class: "muted size-12" }, basisOf(metrics))));
  }

  #actions({ line }) {
    const { name, kind, valid } = line;
    const asked = encodeURIComponent(name);
    const button = (text, click, more = "") => el("button", { class: `button ${more}`, type: "button", on: { click } }, text);
    const link = (text, href, more = {}) => el("a", { class: "button", href, ...more }, text);
    const plays = line.strategy === "sidebet";
    return [
      valid && kind === "preset" ? el("a", { class: "button primary", href: `/profiles?new=&from=${asked}` }, "Change a copy") : null,
      valid ? link("Backtest", `/backtest?profile=${asked}`) : null,
      valid && plays ? link("Explore", `/explorer?profile=${asked}`) : null,
      valid && plays ? button("Simulate", () => this.#simulate()) : null,
      valid ? link("Compare", `/profiles?left=${asked}&right=`) : null,
      valid ? button("Duplicate", () => this.#duplicate()) : null,
      link("Download", `/profiles/${asked}/download`, { download: `${name}.json` }),
      kind === "profile" ? button("Delete", () => this.#delete(), "quiet-danger") : null,
    ].filter(Boolean);
  }

  #choose(tab) {
    const { name, from } = this.#asked;
    const more = tab === DEFAULT ? "" : `&tab=${tab}`;
    const address = "new" in this.#asked ? `/profiles?new=${from ? `&from=${encodeURIComponent(from)}` : ""}${more}` : urlOf(name, more);
    this.#go(address, { replace: true });
  }

  #drawTab() {
    const { line } = this.#told;
    const asked = TABS.includes(this.#asked.tab) ? this.#asked.tab : DEFAULT;
    const tab = line.valid ? asked : asked === "backtests" ? asked : "file";
    for (const each of TABS) {
      byId(`panel-${each}`).hidden = each !== tab;
      byId(`tab-${each}`).hidden = (each === "settings" && !line.valid) || (line.kind === "new" && !["settings", "file"].includes(each)) || (each === "simulation" && (!line.valid || line.strategy !== "sidebet"));
    }
    markTab(byId("tabs"), tab);
    setText(byId("tab-backtests"), `Backtests ${this.#told.backtests.length}`);
    if (tab === "simulation") this.#drawSimulation();
    if (tab === "backtests") this.#drawBacktests();
  }

  #drawSimulation() {
    const { line } = this.#told;
    this.#simulations.stand(byId("simulation-here"), () => this.#ask());
    const box = byId("simulation-report");
    if (line.metrics?.origin === "simulation") {
      load(box, () => get(`/api/profiles/${encodeURIComponent(line.name)}/simulation`), (kept) => drawSimulation(box, kept), { again: () => this.#drawSimulation() });
    } else {
      const run = el("button", { class: "button primary", type: "button", on: { click: () => this.#simulate() } }, "Simulate");
      box.replaceChildren(emptyState("Not simulated with these parameters", "A simulation plays the profile over many drawn games: how far results scatter, and how often it ends in ruin.", run));
    }
  }

  #drawBacktests() {
    const { line, backtests } = this.#told;
    const box = byId("panel-backtests");
    const run = el("a", { class: "button primary", href: `/backtest?profile=${encodeURIComponent(line.name)}` }, "Backtest it");
    if (backtests.length) box.replaceChildren(el("div", { class: "table-box" }, table(RUNS, backtests, { caption: "Backtests" })), el("div", { class: "row body-text" }, run));
    else box.replaceChildren(emptyState("No backtest is kept", "A backtest plays it over recorded games in order of time.", run));
  }

  #simulate() {
    if (this.#asked.tab !== "simulation") this.#choose("simulation");
    this.#simulations.order([this.#told.line.name]);
  }

  async #duplicate() {
    const { name } = this.#told.line;
    const made = await ask({ title: `Duplicate ${name}`, text: "What its simulation found stays with the old one.", yes: "Duplicate", name: `${name}-2`.slice(0, 64), send: (other) => post(`/api/profiles/${encodeURIComponent(name)}/copy`, { name: other }) });
    if (made) this.#go(urlOf(made.line.name));
  }

  async #delete() {
    const { name } = this.#told.line;
    const gone = await ask({ title: `Delete ${name}?`, text: "Its file is removed. Simulations and backtests of it stay.", yes: "Delete", send: () => post(`/api/profiles/${encodeURIComponent(name)}/delete`, {}) });
    if (!gone) return;
    this.#editor.forget();
    this.#told = null;
    this.#asked = {};
    this.#go("/profiles");
    const undo = el("button", { class: "button", type: "button" }, "Undo");
    const line = el("div", { class: "row note-line" }, el("span", {}, `${name} is removed.`), undo);
    undo.addEventListener("click", async () => {
      const told = await post("/api/profile-imports", { file: `${name}.json`, text: gone.text }).catch((error) => tell(error));
      if (told?.outcome === "imported") {
        line.remove();
        this.#go(urlOf(name));
      } else if (told) tell({ message: `${name} could not be brought back.`, advice: told.notes.join(" ") });
    });
    byId("note").replaceChildren(line);
  }
}

/** Ask in a dialog, for a name where `name` is given; `send(name)` is done before it closes. */
function ask({ title, text, yes, name = null, send }) {
  const [dialog, input, hint] = [byId("ask"), byId("ask-input"), byId("ask-hint")];
  setText(byId("ask-title"), title);
  setText(byId("ask-text"), text);
  setText(byId("ask-yes"), yes);
  byId("ask-field").hidden = name === null;
  byId("ask-yes").className = `button ${name === null ? "danger" : "primary"}`;
  input.value = name ?? "";
  hint.textContent = "";
  return new Promise((done) => {
    const form = dialog.querySelector("form");
    const ended = new AbortController();
    const close = (value) => {
      ended.abort();
      dialog.close();
      done(value);
    };
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      try {
        close(await send(input.value.trim()));
      } catch (error) {
        const words = Object.values(error.fields ?? {}).join(" ") || `${error.message} ${error.advice}`.trim();
        if (name === null) setText(byId("ask-text"), words);
        else Object.assign(hint, { textContent: words }).dataset.level = "bad";
      }
    }, { signal: ended.signal });
    byId("ask-no").addEventListener("click", () => close(null), { signal: ended.signal });
    dialog.addEventListener("cancel", () => close(null), { signal: ended.signal });
    dialog.showModal();
    if (name === null) byId("ask-no").focus();
    else input.select();
  });
}
