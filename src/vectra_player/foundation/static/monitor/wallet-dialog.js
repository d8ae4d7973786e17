// Begins a new wallet: how much it holds, how long orders take, what it may risk.

import { el } from "/static/ui/dom.js";

const LIMITS = [
  ["max_stake_sol", "most for one action"],
  ["max_exposure_sol", "most at risk together"],
  ["max_loss_game_sol", "most lost in a game"],
  ["max_loss_run_sol", "most lost in all"],
];

function field(name, label, attributes = {}) {
  const input = el("input", { class: "input", id: `wallet-${name}`, name, type: "number", min: "0", step: "any", ...attributes });
  return el("div", { class: "field" }, el("label", { for: `wallet-${name}` }, label), input);
}

export class WalletDialog {
  #dialog;
  #practice = false;

  /** `begin(values)` is called with the body of a reset. */
  constructor(dialog, begin) {
    this.#dialog = dialog;
    const form = el(
      "form",
      { class: "stack", method: "dialog" },
      el("h2", { id: "wallet-title" }, "A new wallet"),
      el("p", { class: "muted" }, "What is open now is gone, and the score card begins anew."),
      el("div", { class: "wallet-fields" }, field("cash", "SOL", { required: true, value: "10" }), field("latency_ms", "ms an order takes", { value: "219" })),
      el("div", { class: "wallet-fields limits" }, ...LIMITS.map(([name, label]) => field(name, `${label}, SOL`))),
      el(
        "div",
        { class: "row" },
        el("button", { class: "button primary", id: "wallet-begin" }, "Begin"),
        el("button", { class: "button", type: "button", on: { click: () => dialog.close() } }, "Cancel"),
      ),
    );
    form.addEventListener("submit", () => begin(this.#values(new FormData(form))));
    dialog.replaceChildren(form);
  }

  /** Fill in what the wallet has now. */
  knows({ mode, account, latency_ms: latency, limits }) {
    if (this.#dialog.open) return;
    this.#practice = mode === "PRACTICE";
    for (const node of this.#dialog.querySelectorAll(".limits, .field:has(#wallet-latency_ms)")) node.hidden = this.#practice;
    this.#dialog.querySelector("#wallet-cash").value = String(account.start_cash);
    this.#dialog.querySelector("#wallet-latency_ms").value = String(latency);
    for (const [name] of LIMITS) this.#dialog.querySelector(`#wallet-${name}`).value = String(limits[name] ?? "");
  }

  open() {
    this.#dialog.showModal();
  }

  #values(form) {
    const cash = Number(form.get("cash"));
    if (this.#practice) return { cash };
    const limits = LIMITS.map(([name]) => [name, Number(form.get(name))]).filter(([, value]) => value > 0);
    return { cash, latency_ms: Number(form.get("latency_ms")), limits: Object.fromEntries(limits) };
  }
}
