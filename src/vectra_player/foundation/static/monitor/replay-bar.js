// Drives a replay: play, pause, step, back, seek and speed, by button and by key.

import { formatCount, formatDuration } from "/static/sdk/format.js";
import { post } from "/static/ui/api.js";
import { byId, el, setText } from "/static/ui/dom.js";
import { changeSign, sign } from "/static/ui/player-signs.js";
import { ReplayLine } from "/static/monitor/replay-line.js";

export const SPEEDS = [0.25, 0.5, 1, 2, 4, 8, 16, 32, 64, 100];
const REPLACED = new Set(["seek", "speed"]);
const MOST_WAITING = 50;

/** The next speed up (1) or down (-1) from one that may lie between. */
export function nextSpeed(speed, way) {
  const fits = SPEEDS.filter((each) => (way > 0 ? each > speed : each < speed));
  if (!fits.length) return speed;
  return way > 0 ? fits[0] : fits[fits.length - 1];
}

function button(label, name, call) {
  return el("button", { class: "button icon", type: "button", title: label, "aria-label": label, on: { click: call } }, sign(name));
}

export class ReplayBar {
  #box = byId("transport");
  #status = null;
  #scrubbing = false;
  #waiting = [];
  #speed = null;
  #asking = false;
  #line = new ReplayLine(() => this.#drawOwn());

  /** `left` is called when the replay is to be left; `failed` with an error to show. */
  constructor({ left, failed }) {
    this.left = left;
    this.failed = failed;
    this.#build();
  }

  /** Show where the replay stands (`replay.status`); null hides the bar. */
  draw(status) {
    this.#box.hidden = status === null;
    this.#status = status;
    this.#line.show(status?.id ?? null);
    if (status === null) return;
    const { state, tick, last_tick: last, speed, title, synthetic, at_ms: at, length_ms: length } = status;
    const playing = state === "playing";
    changeSign(this.play, playing ? "pause" : "play");
    this.play.setAttribute("aria-label", playing ? "Pause" : "Play");
    this.play.title = `${playing ? "Pause" : "Play"} (space)`;
    this.scrub.max = String(length);
    this.scrub.disabled = !length;
    if (!this.#scrubbing) this.scrub.value = String(at);
    this.scrub.setAttribute("aria-valuetext", `${formatDuration(at)}, tick ${tick ?? 0} of ${last ?? 0}`);
    const marks = [state, synthetic ? "from prices only" : ""].filter(Boolean).join(", ");
    setText(this.told, `tick ${formatCount(tick)} of ${formatCount(last)} · ${marks}`);
    setText(this.speed, `${speed}x`);
    setText(this.title, title || status.game_id || "replay");
    this.scrub.dataset.lastTick = String(last ?? "");
  }

  /** Bind the keys of a player. */
  keys(shell) {
    const on = (call) => () => this.#status && call();
    shell.key(" ", "Replay: play or pause", on(() => this.toggle()));
    shell.key("ArrowRight", "Replay: one step forward", on(() => this.send({ action: "step" })));
    shell.key("ArrowLeft", "Replay: one step back", on(() => this.send({ action: "back" })));
    shell.key("n", "Replay: to the next own action", on(() => this.own(1)));
    shell.key("N", "Replay: to the own action before", on(() => this.own(-1)));
    shell.key("[", "Replay: slower", on(() => this.faster(-1)));
    shell.key("]", "Replay: faster", on(() => this.faster(1)));
  }

  toggle() {
    this.send({ action: this.#status.state === "playing" ? "pause" : "play" });
  }

  /** Jump to the next own action, or to the one before (`way` -1). */
  own(way) {
    const at = this.#line.next(this.#status.at_ms, way);
    if (at !== undefined) this.send({ action: "seek", at_ms: at });
  }

  faster(way) {
    this.#speed = nextSpeed(this.#speed ?? this.#status.speed, way);
    this.send({ action: "speed", speed: this.#speed });
  }

  /** Ask for actions in order; of seeks and speeds that wait only the last one counts. */
  async send(action) {
    const last = this.#waiting[this.#waiting.length - 1];
    const replaced = last && last.action === action.action && REPLACED.has(action.action);
    if (replaced) this.#waiting.pop();
    if (this.#waiting.length < MOST_WAITING) this.#waiting.push(action);
    if (this.#asking) return;
    this.#asking = true;
    while (this.#waiting.length) await this.#exchange(this.#waiting.shift());
    this.#asking = false;
    this.#speed = null;
  }

  async #exchange(action) {
    const id = this.#status?.id;
    if (id === undefined) return;
    try {
      this.draw(await post(`/api/replay/${encodeURIComponent(id)}`, action));
    } catch (error) {
      this.failed(error);
    }
  }

  /** Close the replay, after the page has left it: what it still asks for would be gone. */
  async leave() {
    const { id } = this.#status;
    this.left();
    try {
      await post(`/api/replay/${encodeURIComponent(id)}`, { action: "close" });
    } catch {
      // closed already: by another tab, or because it was idle for long
    }
  }

  #build() {
    this.play = button("Play", "play", () => this.toggle());
    this.play.id = "play";
    this.scrub = el("input", { type: "range", min: "0", max: "0", value: "0", step: "1", id: "scrub", "aria-label": "Moment of the replay" });
    this.scrub.addEventListener("input", () => {
      this.#scrubbing = true;
      this.send({ action: "seek", at_ms: Number(this.scrub.value) });
    });
    this.scrub.addEventListener("change", () => {
      this.#scrubbing = false;
    });
    this.told = el("span", { class: "muted num size-12", id: "replay-told" });
    this.title = el("span", { class: "truncate size-12", id: "replay-title" });
    this.speed = el("span", { class: "num speed", id: "speed" });
    this.ownButtons = [button("To the own action before (N)", "before", () => this.own(-1)), button("To the next own action (n)", "after", () => this.own(1))];
    const controls = el(
      "div",
      { class: "row" },
      button("To the start", "start", () => this.send({ action: "seek", tick: 0 })),
      button("One step back (←)", "back", () => this.send({ action: "back" })),
      this.play,
      button("One step forward (→)", "step", () => this.send({ action: "step" })),
      button("To the rug", "rug", () => this.send({ action: "seek", tick: this.#status.last_tick ?? 0 })),
      ...this.ownButtons,
    );
    const pace = el(
      "div",
      { class: "row" },
      button("Slower ([)", "slower", () => this.faster(-1)),
      this.speed,
      button("Faster (])", "faster", () => this.faster(1)),
      el("button", { class: "button", type: "button", id: "leave", on: { click: () => this.leave() } }, "Back to live"),
    );
    const line = el("div", { class: "row between" }, this.title, this.told);
    this.#box.replaceChildren(el("div", { class: "bar" }, controls, el("div", { class: "scrub" }, line, this.scrub, this.#line.box), pace));
    this.#drawOwn();
  }

  /** Own actions can be gone to where there are any. */
  #drawOwn() {
    for (const each of this.ownButtons ?? []) each.hidden = !this.#line.hasOwn;
  }
}
