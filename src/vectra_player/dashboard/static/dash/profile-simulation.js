// Simulations: the plan, the jobs, and the report of one. The box stands in the list or in a profile.

import { formatDateTime, formatUtc } from "/static/sdk/format.js";
import { post } from "/static/ui/api.js";
import { byId, el } from "/static/ui/dom.js";
import { JobList } from "/static/dash/jobs.js";
import { manifest, section } from "/static/dash/laid-out.js";
import { faultOf } from "/static/dash/load.js";
import { urlOf } from "/static/dash/profile-words.js";

export class SimulationBox {
  #jobs = null;
  #ended = () => undefined;

  constructor() {
    byId("plan").addEventListener("submit", (event) => event.preventDefault());
  }

  /** Show the box in `home`; `ended` is called when a simulation has ended. */
  stand(home, ended) {
    home.append(byId("simulation-box"));
    this.#ended = ended;
    this.#jobs ??= new JobList(byId("simulations"), "profile-simulation", { result: cameTo, ended: () => this.#ended() });
  }

  /** Order a simulation of profiles by the plan; what is wrong with that is said in the box. */
  async order(names) {
    const told = Object.fromEntries(new FormData(byId("plan")));
    const order = { names, games: told.games };
    for (const name of ["runs", "games_per_run", "seed"]) order[name] = Number(told[name].trim() || Number.NaN);
    byId("wrong-plan").replaceChildren();
    try {
      await post("/api/profile-simulations", order);
    } catch (error) {
      byId("wrong-plan").replaceChildren(faultOf(error));
    }
    this.#jobs.ask();
  }
}

function cameTo({ result, created_ms: at }) {
  const lines = result.profiles.map(({ name, summary }) => el("li", {}, el("a", { class: "num", href: urlOf(name, "&tab=simulation") }, name), el("span", {}, summary)));
  return el("div", { class: "stack tight" }, el("ul", { class: "list simulated" }, ...lines), el("p", { class: "muted size-12", title: formatUtc(at) }, formatDateTime(at)));
}

/** Show the report of a simulation, as `simulate --report` has it. */
export function drawSimulation(box, { report }) {
  const summary = report.summary.map((text) => el("p", { class: "lead" }, text));
  box.replaceChildren(...summary, el("div", { class: "laid-out" }, ...report.sections.map(section)), manifest(report.manifest));
}
