// Starts and stops recording; lists what is on disk.

import { FoundationWSClient } from "/artifacts/shared/foundation-ws-client.js";
import { formatCount, formatDateTime, formatDuration, formatGameId, formatUtc } from "/artifacts/shared/format.js";
import { mountShell } from "/static/shell.js";
import { get, poll, post } from "/static/ui/api.js";
import { byId, el, emptyState, errorState, setText, skeleton } from "/static/ui/dom.js";

const LISTED = 200;
const FIGURES = ["events", "games", "gaps", "durable", "sessions"];
const HEADS = [["session", "num"], ["source", ""], ["started", "num"], ["length", "num"], ["events", "num"], ["games", "num"], ["ended", ""], ["origin", ""]];

const client = new FoundationWSClient();
const shell = mountShell({ page: "tools", title: "Recording control" });
const figures = new Map();
let recording = null;
let said = "";

for (const name of FIGURES) {
  const value = el("dd", { data: { figure: name } }, "—");
  figures.set(name, value);
  byId("figures").append(el("div", { class: "figure" }, el("dt", {}, name), value));
}

function draw(told) {
  const changed = recording !== null && recording !== told.recording;
  recording = told.recording;
  setText(byId("source"), told.source);
  const button = byId("toggle");
  setText(button, recording ? "Stop recording" : "Start recording");
  button.className = recording ? "button big" : "button primary big";
  button.disabled = Boolean(told.halted);
  const running = recording ? `Session ${formatGameId(told.session_id)}. Every frame is on disk within a second.` : "Nothing is being stored. The feed runs on.";
  setText(byId("note"), told.halted ? `Halted: ${told.halted}` : said || running);
  for (const name of ["events", "games", "gaps", "sessions"]) setText(figures.get(name), formatCount(told[name]));
  setText(figures.get("durable"), told.durable_seq ? `#${formatCount(told.durable_seq)}` : "—");
  if (changed) sessions();
}

async function ask() {
  try {
    draw(await get("/api/recording"));
  } catch (error) {
    byId("toggle").disabled = true;
    setText(byId("note"), `${error.message} ${error.advice}`);
  }
}

async function toggle() {
  const stop = recording;
  byId("toggle").disabled = true;
  said = "";
  setText(byId("note"), stop ? "Stopping: everything heard is being filed…" : "Starting…");
  try {
    const told = await post("/api/recording", { action: stop ? "stop" : "start" });
    if (stop) said = `Recording stopped. ${formatCount(told.events)} events in ${formatCount(told.games)} games are on disk.`;
    draw(told);
  } catch (error) {
    said = `${error.message} ${error.advice}`.trim();
    ask();
  }
}

function sessionRow(session) {
  const started = session.started_at / 1000;
  return el(
    "tr",
    { data: { session: session.session_id } },
    el("td", { class: "num", title: session.session_id }, formatGameId(session.session_id)),
    el("td", {}, session.source),
    el("td", { class: "num", title: formatUtc(started) }, formatDateTime(started)),
    el("td", { class: "num" }, formatDuration((session.ended_at - session.started_at) / 1000)),
    el("td", { class: "num" }, formatCount(session.events)),
    el("td", { class: "num" }, formatCount(session.games)),
    el("td", {}, session.ended),
    el("td", { class: "muted" }, session.origin),
  );
}

async function sessions() {
  const box = byId("sessions");
  if (!box.firstChild) box.replaceChildren(skeleton());
  try {
    const rows = await get(`/api/sessions?limit=${LISTED}`);
    if (!rows.length) {
      box.replaceChildren(emptyState("No session on disk yet", "Press Start recording; a session appears here as soon as it is filed."));
      return;
    }
    const head = el("tr", {}, ...HEADS.map(([text, name]) => el("th", { class: name, scope: "col" }, text)));
    box.replaceChildren(el("table", {}, el("thead", {}, head), el("tbody", {}, ...rows.map(sessionRow))));
  } catch (error) {
    box.replaceChildren(errorState(error.message, error.advice));
  }
}

byId("toggle").addEventListener("click", toggle);
byId("reload").addEventListener("click", sessions);
shell.key("r", "Start or stop recording", toggle);
shell.follow(client);
client.on("recording", ask);
client.connect();
poll(ask, 2_000);
sessions();
