// What trading through the page's buttons may do: its state, limits and halts; arming, disarming, going on.

import { formatCount, formatSol, formatTime, formatUtc } from "/static/sdk/format.js";
import { el } from "/static/ui/dom.js";
import { gate } from "/static/monitor/trade-api.js";

const MINUTES = 30;

export class GateStrip {
  state = null;
  #box;
  #changed;
  #fault = "";
  #turn = 0;

  /** `changed` is called when another state is known. */
  constructor(box, changed) {
    this.#box = box;
    this.#changed = changed;
  }

  /** Learn how it stands. */
  async ask() {
    await this.#exchange(gate.state);
  }

  /** Only the last question counts: an answer from before a kill must not say ACTIVE after it. */
  async #exchange(call) {
    const turn = ++this.#turn;
    try {
      const state = await call();
      if (turn !== this.#turn) return;
      this.state = state;
      this.#fault = "";
    } catch (error) {
      this.#fault = `${error.message} ${error.advice ?? ""}`.trim();
    }
    this.#draw();
    this.#changed();
  }

  #draw() {
    const { state } = this;
    if (state === null) {
      this.#box.replaceChildren(el("p", { class: "size-12 down no-shape", role: "status" }, this.#fault));
      return;
    }
    const halts = [...state.halts, state.unrecorded].filter(Boolean).map((why) => el("p", { class: "size-12 gate-halt" }, why));
    this.#box.replaceChildren(
      el("div", { class: "row between" }, el("span", { class: "chip", data: { gate: state.state } }, state.state), el("span", { class: "row" }, ...this.#buttons(state))),
      ...halts,
      el("p", { class: "muted size-12 num" }, limits(state)),
      ...(state.mode === "live" ? [el("p", { class: "size-12", role: "status" }, armed(state))] : []),
      el("p", { class: "size-12 down no-shape", role: "status" }, this.#fault),
    );
  }

  #buttons(state) {
    const button = (text, call, look = "") => el("button", { class: `button ${look}`, type: "button", on: { click: call } }, text);
    const found = [];
    if (state.halts.length) found.push(button("I looked, go on", () => this.#exchange(gate.acknowledge)));
    if (state.mode === "live" && state.armed_until !== null) found.push(button("Disarm", () => this.#exchange(gate.disarm)));
    if (state.mode === "live" && state.armed_until === null) found.push(button("Arm…", () => this.#arm(state), "danger"));
    return found;
  }

  #arm(state) {
    const phrase = el("input", { id: "arm-phrase", class: "input", autocomplete: "off", spellcheck: false });
    const minutes = el("input", { id: "arm-minutes", class: "input num", type: "number", min: "1", max: "480", value: String(MINUTES) });
    const lacks = state.missing.filter((what) => !what.startsWith("Arming"));
    const form = el(
      "form",
      { method: "dialog", class: "stack" },
      el("h2", {}, "Arm live trading"),
      el("p", {}, "Real money: orders press the buttons of the game page. A sidebet loses 9.2 % of its stake on average, a holding 0.06 % a tick."),
      lacks.length ? el("ul", { class: "gate-lacks" }, ...lacks.map((what) => el("li", {}, `Missing: ${what}`))) : el("p", { class: "num" }, limits(state)),
      el("div", { class: "field" }, el("label", { for: "arm-phrase" }, "Type: ", el("b", {}, state.phrase)), phrase),
      el("div", { class: "field" }, el("label", { for: "arm-minutes" }, "for so many minutes"), minutes),
      el("div", { class: "row" }, el("button", { class: "button danger", value: "arm", disabled: lacks.length > 0 }, "Arm"), el("button", { class: "button", value: "" }, "Leave it off")),
    );
    const dialog = el("dialog", { "aria-label": "Arm live trading" }, form);
    dialog.addEventListener("close", () => {
      dialog.remove();
      if (dialog.returnValue === "arm") this.#exchange(() => gate.arm(phrase.value, Number(minutes.value)));
    });
    document.body.append(dialog);
    dialog.showModal();
    phrase.focus();
  }
}

function limits({ limits: most, loss_session_sol: session, loss_day_sol: day, orders_last_minute: orders }) {
  const lost = (sol) => formatSol(Math.max(0, sol));
  return [
    `stake up to ${formatSol(most.max_stake_sol)}`,
    `at risk up to ${formatSol(most.max_exposure_sol)}`,
    `lost ${lost(session)} of ${formatSol(most.max_loss_session_sol)}, today ${lost(day)} of ${formatSol(most.max_loss_day_sol)} SOL`,
    `${formatCount(orders)} of ${formatCount(most.orders_per_minute)} orders a minute`,
  ].join(" · ");
}

function armed({ armed_until: until, missing }) {
  if (until !== null) return `Armed until ${formatTime(until)} (${formatUtc(until)}).`;
  return `Not armed. Missing: ${missing.join(" ")}`;
}
