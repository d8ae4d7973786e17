// Recorder, feed, gaps and log, as `/api/state` tells them; and the button that records.

import { formatBytes, formatCount, formatGameId, formatLatency, formatRate, formatTime, formatUtc, put } from "/static/sdk/format.js";
import { post } from "/static/ui/api.js";
import { byId, el, setText } from "/static/ui/dom.js";

const LOG_LINES = 60;

/** Key figures that are made once and filled again and again. */
class Figures {
  #cells = new Map();

  constructor(box, names) {
    for (const name of names) {
      const cell = el("dd", { data: { figure: name } }, "—");
      this.#cells.set(name, cell);
      box.append(el("div", { class: "figure" }, el("dt", {}, name), cell));
    }
  }

  set(name, text, { title = "", bad = false } = {}) {
    const cell = this.#cells.get(name);
    put(cell, text, title);
    cell.classList.toggle("rug", bad);
  }
}

function sourceText({ source, recording, session_id: session }) {
  if (!recording) return `Source ${source}. The feed runs; nothing is being stored.`;
  return `Source ${source}, session ${formatGameId(session)}.`;
}

export class HealthPanel {
  #health = new Figures(byId("health"), ["rate", "lag", "durable", "events", "games", "gaps", "disk free"]);
  #feed = new Figures(byId("feed"), ["clients", "sockets", "last seq", "turned away"]);
  #button = byId("record");
  #note = byId("record-note");
  #busy = false;
  #said = "";
  #keys = { gaps: "", log: "" };

  constructor({ shell, asked }) {
    this.shell = shell;
    this.asked = asked;
    this.#button.addEventListener("click", () => this.toggle());
  }

  /** Start or stop recording. */
  async toggle() {
    if (this.#busy || this.#button.disabled) return;
    this.#busy = true;
    this.#button.disabled = true;
    const stop = this.#button.dataset.recording === "true";
    this.#say(stop ? "Stopping: everything heard is being filed…" : "Starting…");
    try {
      const told = await post("/api/recording", { action: stop ? "stop" : "start" });
      this.#say(stop ? `Recording stopped. ${formatCount(told.events)} events in ${formatCount(told.games)} games are on disk.` : "");
    } catch (error) {
      this.#say(`${error.message} ${error.advice ?? ""}`.trim());
    }
    this.#busy = false;
    this.asked();
  }

  /** Show an answer of `/api/state`. */
  draw(told, feedState) {
    this.#drawRecorder(told);
    this.#drawFeed(told.feed, feedState);
    this.#drawGaps(told.gaps, feedState.gaps);
    this.#drawLog(told.log);
  }

  /** Say that nothing is known now. */
  lost() {
    this.#button.disabled = true;
  }

  #say(text) {
    this.#said = text;
    setText(this.#note, text);
  }

  #drawRecorder({ recording, recorder }) {
    const on = recording.recording === true;
    if (!this.#busy) {
      setText(this.#button, on ? "Stop recording" : "Start recording");
      this.#button.className = on ? "button" : "button primary";
      this.#button.dataset.recording = String(on);
      this.#button.disabled = recording.source === "" || Boolean(told(recording.halted));
      if (on && this.#said.startsWith("Recording stopped")) this.#said = "";
      setText(this.#note, this.#said || sourceText(recording));
    }
    const { events_per_s: rate, lag_ms: lag, disk_free_bytes: disk } = recorder;
    this.#health.set("rate", formatRate(rate));
    this.#health.set("lag", formatLatency(lag));
    this.#health.set("durable", on || recording.durable_seq ? `#${formatCount(recording.durable_seq)}` : "—", { title: "highest event that is safely on disk" });
    this.#health.set("events", formatCount(recording.events));
    this.#health.set("games", formatCount(recording.games));
    this.#health.set("gaps", formatCount(recording.gaps), { bad: recording.gaps > 0 });
    this.#health.set("disk free", formatBytes(disk));
    const halted = told(recording.halted);
    this.shell.setNote("halted", halted ? `Recording is halted: ${halted}` : null, "bad");
    this.shell.setStatus("durable", on ? `durable #${formatCount(recording.durable_seq)}` : null);
    this.shell.setStatus("disk", `disk ${formatBytes(disk)}`);
  }

  #drawFeed(feed, feedState) {
    const refused = Object.entries(feed.refused ?? {});
    setText(byId("feed-address"), feed.address ?? "");
    const total = refused.reduce((sum, [, number]) => sum + number, 0);
    this.#feed.set("clients", formatCount(feed.clients));
    this.#feed.set("sockets", formatCount(feed.sockets));
    this.#feed.set("last seq", formatCount(feedState.seq), { title: `feed ${feedState.feedId ?? ""}` });
    const reasons = refused.map(([reason, number]) => `${reason}: ${number}`).join("\n");
    this.#feed.set("turned away", formatCount(total), { title: reasons });
  }

  #drawGaps(captured, heard) {
    const gaps = [
      ...captured.map((gap) => ({ ts: gap.ts, scope: "capture", ...gap.data })),
      ...heard.filter((gap) => gap.scope !== "capture"),
    ].sort((a, b) => b.ts - a.ts);
    const key = JSON.stringify(gaps.map((gap) => [gap.ts, gap.scope]));
    if (key === this.#keys.gaps) return;
    this.#keys.gaps = key;
    setText(byId("gaps-count"), gaps.length ? String(gaps.length) : "");
    const box = byId("gaps");
    if (!gaps.length) {
      box.replaceChildren(el("p", { class: "muted body-text" }, "None. Whatever is missed is named here."));
      return;
    }
    box.replaceChildren(el("ul", { class: "list" }, ...gaps.map(gapLine)));
  }

  #drawLog(lines) {
    const last = lines.slice(-LOG_LINES).reverse();
    const key = last.length ? `${last[0].ts}${last[0].event}${lines.length}` : "none";
    if (key === this.#keys.log) return;
    this.#keys.log = key;
    const box = byId("log");
    if (last.length) box.replaceChildren(el("ul", { class: "list" }, ...last.map(logLine)));
    else box.replaceChildren(el("p", { class: "muted body-text" }, "Nothing was logged since the start."));
  }
}

function told(value) {
  return typeof value === "string" && value !== "" ? value : null;
}

function gapLine(gap) {
  const { ts, scope, reason, from, to, missing } = gap;
  const range = from === undefined || to === undefined ? "" : ` ${from} to ${to}`;
  const what = told(missing) ? `, ${missing}` : "";
  const text = `${scope}${range}: ${reason ?? "not recorded"}${what}`;
  return el("li", {}, el("span", { class: "muted num", title: formatUtc(ts) }, formatTime(ts)), el("span", {}, text));
}

function logLine({ ts, level, event, fields }) {
  const details = Object.entries(fields ?? {}).map(([name, value]) => `${name}=${value}`);
  return el(
    "li",
    {},
    el("span", { class: "muted num", title: formatUtc(ts) }, formatTime(ts)),
    el("span", { data: { level } }, [event, ...details].join("  ")),
  );
}
