// The recording page: the switch, what arrives, sessions and tables, import and export.

import { FoundationWSClient } from "/static/sdk/foundation-ws-client.js";
import { formatBytes, formatCount, formatGameId, formatLatency, formatRate } from "/static/sdk/format.js";
import { mountShell } from "/static/shell.js";
import { get, poll, post } from "/static/ui/api.js";
import { byId, el, setText } from "/static/ui/dom.js";
import { EventList } from "/static/dash/event-list.js";
import { Exports } from "/static/dash/exports.js";
import { Imports } from "/static/dash/imports.js";
import { LiveShell } from "/static/dash/live-shell.js";
import { load, refresh } from "/static/dash/load.js";
import { drawSessionTimeline } from "/static/dash/session-timeline.js";
import { SESSION_COLUMNS, noSession } from "/static/dash/sessions-table.js";
import { drawPager, table } from "/static/dash/table.js";

const STORE_MS = 10_000;

const shell = mountShell({ page: "recording" });
const client = new FoundationWSClient();
const live = new LiveShell(shell, { client, askMs: 1_000 });
const events = new EventList(client);

const FIGURES = [
  ["rate", ({ recorder }) => formatRate(recorder.events_per_s)],
  ["lag", ({ recorder }) => formatLatency(recorder.lag_ms)],
  ["durable", ({ recording }) => (recording.durable_seq ? `#${formatCount(recording.durable_seq)}` : "—")],
  ["events", ({ recording }) => formatCount(recording.events)],
  ["games", ({ recording }) => formatCount(recording.games)],
  ["gaps", ({ recording }) => formatCount(recording.gaps)],
  ["sessions", ({ recording }) => formatCount(recording.sessions)],
  ["disk free", ({ recorder }) => formatBytes(recorder.disk_free_bytes)],
];
const cells = FIGURES.map(([name]) => el("dd", { data: { figure: name } }, "—"));
byId("health").append(...FIGURES.map(([name], at) => el("div", { class: "figure" }, el("dt", {}, name), cells[at])));

class Switch {
  #button = byId("record");
  #note = byId("record-note");
  #busy = false;
  #said = "";

  constructor() {
    this.#button.addEventListener("click", () => this.toggle());
  }

  draw({ running, state }) {
    if (!running) {
      this.#button.disabled = true;
      cells.forEach((cell) => setText(cell, "—"));
      setText(byId("source"), "not running");
      setText(this.#note, "Foundation does not run: nothing can be recorded. Start it with vectra-player up; this page notices by itself.");
      return;
    }
    const { recording } = state;
    FIGURES.forEach(([, write], at) => setText(cells[at], write(state)));
    cells[5].classList.toggle("rug", recording.gaps > 0);
    setText(byId("source"), recording.source);
    if (this.#busy) return;
    const on = recording.recording === true;
    setText(this.#button, on ? "Stop recording" : "Start recording");
    this.#button.className = on ? "button danger large" : "button primary large";
    this.#button.dataset.recording = String(on);
    this.#button.disabled = recording.source === "" || Boolean(recording.halted);
    if (on && this.#said.startsWith("Recording stopped")) this.#said = "";
    const idle = "The feed runs; nothing is being stored.";
    setText(this.#note, this.#said || (on ? `Session ${formatGameId(recording.session_id)}.` : idle));
  }

  async toggle() {
    if (this.#busy || this.#button.disabled) return;
    this.#busy = true;
    this.#button.disabled = true;
    const stop = this.#button.dataset.recording === "true";
    setText(this.#note, stop ? "Stopping: everything heard is being filed…" : "Starting…");
    try {
      const told = await post("/api/recording", { action: stop ? "stop" : "start" });
      this.#said = stop ? `Recording stopped. ${formatCount(told.events)} events in ${formatCount(told.games)} games are on disk.` : "";
    } catch (error) {
      this.#said = `${error.message} ${error.advice ?? ""}`.trim();
    }
    this.#busy = false;
    await live.ask();
    askStore();
  }
}

const TABLE_COLUMNS = [
  { label: "table", cell: (row) => row.name },
  { label: "rows", name: "num", cell: (row) => formatCount(row.rows) },
  { label: "last day", name: "num", cell: (row) => (row.last_day ? formatCount(row.last_day_rows) : "—"), title: (row) => (row.last_day ? `${row.last_day} UTC` : "no row yet") },
  { label: "size", name: "num", cell: (row) => formatBytes(row.bytes), title: (row) => `${formatCount(row.files)} files` },
];

const asked = () => Math.max(1, Number(new URLSearchParams(location.search).get("page")) || 1);
let newest = null;

/** Keep what is shown in the address. */
function remember(name, value) {
  const wanted = new URLSearchParams(location.search);
  if (value === null) wanted.delete(name);
  else wanted.set(name, value);
  history.replaceState(null, "", wanted.size ? `?${wanted}` : "/recording");
}

/** The session shown over time: the one in the address, else the newest. */
function drawTimeline(ask = refresh) {
  const session = new URLSearchParams(location.search).get("session") ?? newest;
  const box = byId("timeline");
  if (session === null) box.replaceChildren(noSession());
  else ask(box, () => get(`/api/sessions/${encodeURIComponent(session)}/timeline`), drawSessionTimeline, { rows: 4, again: () => drawTimeline() });
}

function drawSessions(told) {
  setText(byId("sessions-count"), formatCount(told.total));
  if (!told.total) byId("sessions").replaceChildren(noSession());
  else byId("sessions").replaceChildren(table(SESSION_COLUMNS, told.sessions, { caption: "Sessions", open: showSession }));
  if (told.page === 1) newest = told.sessions[0]?.session_id ?? null;
  drawPager(byId("pager"), told, (page) => {
    remember("page", page === 1 ? null : String(page));
    askStore(load);
  });
  drawTimeline();
}

function showSession({ session_id: session }) {
  remember("session", session);
  drawTimeline(load);
  byId("timeline-title").scrollIntoView({ block: "nearest" });
}

byId("sessions").addEventListener("click", (event) => {
  const link = event.target.closest("a[href^='/recording?session=']");
  if (!link || event.metaKey || event.ctrlKey) return;
  event.preventDefault(); // the list of events goes on
  showSession({ session_id: new URL(link.href).searchParams.get("session") });
});

function drawTables(told) {
  byId("tables").replaceChildren(table(TABLE_COLUMNS, told, { caption: "Tables" }));
}

function askStore(ask = refresh) {
  ask(byId("sessions"), () => get(`/api/sessions?page=${asked()}`), drawSessions, { rows: 8, again: () => askStore() });
  ask(byId("tables"), () => get("/api/tables"), drawTables, { rows: 8, again: () => askStore() });
}

const control = new Switch();
new Imports(() => askStore());
live.on((told) => {
  control.draw(told);
  events.running(told.running);
});
new Exports();
shell.key("r", "Start or stop recording", () => control.toggle());
shell.key(" ", "Pause the list of events", () => events.toggle());
poll(async () => askStore(), STORE_MS);
