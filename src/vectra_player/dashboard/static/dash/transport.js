// Plays ticks of a finished game on the page: play, pause, step, speed, by button and by key.

import { el, setText } from "/static/ui/dom.js";
import { changeSign, sign } from "/static/ui/player-signs.js";
import { SPEEDS, nextSpeed } from "/static/monitor/replay-bar.js";

const TICK_MS = 250; // protocol reference section 3.2: the pace of the game
function button(label, name, call) {
  return el("button", { class: "button icon", type: "button", title: label, "aria-label": label.replace(/ \(.*/, ""), data: { do: name }, on: { click: call } }, sign(name));
}

export class Transport {
  #last;
  #tick = 0;
  #at = 0; // where the playhead is between ticks, in ticks
  #speed = 1;
  #frame = null;
  #stamp = 0;
  #speedText = el("span", { class: "num speed-text", "aria-live": "polite" });
  #play;

  /** `last`: the last tick. `stops`: ticks to jump between. `moved(tick, settled)` is called at every move. */
  constructor(box, { last, stops, moved }) {
    Object.assign(this, { stops, moved });
    this.#last = last;
    this.#play = button("Play (space)", "play", () => this.toggle());
    box.replaceChildren(
      el("div", { class: "row" },
        button("To the start", "start", () => this.seek(0)),
        button("Decision before (D)", "before", () => this.jump(-1)),
        button("One tick back (←)", "back", () => this.step(-1)),
        this.#play,
        button("One tick on (→)", "step", () => this.step(1)),
        button("Next decision (d)", "after", () => this.jump(1)),
        button("To the rug", "end", () => this.seek(this.#last))),
      el("div", { class: "row" }, button("Slower ([)", "slower", () => this.faster(-1)), this.#speedText, button("Faster (])", "faster", () => this.faster(1))),
    );
    this.#drawSpeed();
  }

  get tick() {
    return this.#tick;
  }

  get speed() {
    return this.#speed;
  }

  get playing() {
    return this.#frame !== null;
  }

  /** Bind the keys of a player. */
  keys(shell) {
    shell.key(" ", "Play or pause", () => this.toggle());
    shell.key("ArrowRight", "One tick on", () => this.step(1));
    shell.key("ArrowLeft", "One tick back", () => this.step(-1));
    shell.key("d", "To the next decision", () => this.jump(1));
    shell.key("D", "To the decision before", () => this.jump(-1));
    shell.key("[", "Slower", () => this.faster(-1));
    shell.key("]", "Faster", () => this.faster(1));
  }

  toggle() {
    if (this.playing) {
      this.pause();
      return;
    }
    if (this.#tick >= this.#last) this.#go(0);
    this.#stamp = performance.now();
    this.#frame = requestAnimationFrame((now) => this.#run(now));
    this.#drawPlay();
  }

  pause() {
    cancelAnimationFrame(this.#frame);
    this.#frame = null;
    this.#drawPlay();
    this.moved(this.#tick, true);
  }

  step(way) {
    this.seek(this.#tick + way);
  }

  /** Go to a tick and stand there. */
  seek(tick) {
    if (this.playing) this.pause();
    this.#go(Math.max(0, Math.min(this.#last, tick)));
    this.moved(this.#tick, true);
  }

  /** Go to the next stop, or to the one before. */
  jump(way) {
    const next = way > 0 ? this.stops.find((tick) => tick > this.#tick) : this.stops.findLast((tick) => tick < this.#tick);
    if (next !== undefined) this.seek(next);
  }

  faster(way) {
    this.setSpeed(nextSpeed(this.#speed, way));
    this.moved(this.#tick, true);
  }

  /** Set the speed in times of the real game; one that is not offered is left out. */
  setSpeed(speed) {
    if (SPEEDS.includes(speed)) this.#speed = speed;
    this.#drawSpeed();
  }

  #run(now) {
    this.#at = Math.min(this.#last, this.#at + ((now - this.#stamp) / TICK_MS) * this.#speed);
    this.#stamp = now;
    const tick = Math.floor(this.#at);
    if (tick !== this.#tick) {
      this.#tick = tick;
      this.moved(tick, false);
    }
    if (tick >= this.#last) this.pause();
    else this.#frame = requestAnimationFrame((later) => this.#run(later));
  }

  #go(tick) {
    this.#tick = tick;
    this.#at = tick;
  }

  #drawPlay() {
    const name = this.playing ? "pause" : "play";
    changeSign(this.#play, name);
    this.#play.title = this.playing ? "Pause (space)" : "Play (space)";
    this.#play.setAttribute("aria-label", this.playing ? "Pause" : "Play");
  }

  #drawSpeed() {
    setText(this.#speedText, `${this.#speed}x`);
  }
}
