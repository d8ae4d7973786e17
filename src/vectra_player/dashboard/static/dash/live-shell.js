// Keeps the shell of a page current from the feed, and from foundation's state through the dashboard.
// While foundation is down the page says so and goes on asking.

import { FoundationWSClient } from "/static/sdk/foundation-ws-client.js";
import { formatBytes, formatCount, formatGameId } from "/static/sdk/format.js";
import { get, poll } from "/static/ui/api.js";

const ASK_MS = 2_000;
const DOWN = "Foundation does not run: what is stored can be looked at, nothing new arrives. Start it with vectra-player up.";

export class LiveShell {
  #calls = new Set();
  #ends = null;

  /** `client`: the page's own client of the feed, if it has one; `askMs`: how often to ask. */
  constructor(shell, { client = new FoundationWSClient({ types: ["game.tick", "connection", "recording", "alert"] }), askMs = ASK_MS } = {}) {
    this.shell = shell;
    this.client = client;
    this.told = null;
    this.running = null;
    poll(() => this.ask(), askMs);
  }

  /** Call back with each answer of `/api/foundation`. */
  on(call) {
    this.#calls.add(call);
    if (this.told) call(this.told);
  }

  /** Ask foundation's state now. */
  async ask() {
    let told;
    try {
      told = await get("/api/foundation");
    } catch (error) {
      this.shell.setNote("dashboard", `${error.message} ${error.advice ?? ""}`.trim(), "bad");
      this.#down();
      return;
    }
    this.shell.setNote("dashboard", null);
    this.told = told;
    if (told.running) this.#up(told.state);
    else this.#down();
    for (const call of this.#calls) call(told);
  }

  #up({ recording, recorder, state }) {
    if (this.running !== true) {
      this.running = true;
      this.shell.setNote("foundation", null);
      this.shell.setStatus("foundation", null);
      this.#ends = this.shell.follow(this.client);
      this.client.connect();
    }
    const { halted } = recording;
    this.shell.setNote("halted", halted ? `Recording is halted: ${halted}` : null, "bad");
    this.shell.setStatus("durable", recording.recording ? `durable #${formatCount(recording.durable_seq)}` : null);
    this.shell.setStatus("disk", recorder.disk_free_bytes ? `disk ${formatBytes(recorder.disk_free_bytes)}` : null);
    this.shell.setStatus("game", state.gameId ? `game ${formatGameId(state.gameId)}` : null);
  }

  #down() {
    if (this.running === false) return;
    this.running = false;
    this.#ends?.();
    this.#ends = null;
    this.client.close();
    for (const name of ["feed", "lag", "gaps", "durable", "disk", "game"]) this.shell.setStatus(name, null);
    this.shell.setStatus("foundation", "foundation does not run", "warn");
    this.shell.setMode(null);
    this.shell.setTrading(null);
    this.shell.setRecording(null);
    this.shell.setNote("feed", null);
    this.shell.setNote("halted", null);
    this.shell.setNote("foundation", DOWN);
  }
}
