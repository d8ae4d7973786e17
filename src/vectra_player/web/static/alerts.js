// Alerts on every page: toasts, a short sound, a desktop notification where the user asked for one,
// and the last alerts behind the bell. Text of alerts is text: nothing in it ever becomes markup.
//
//   const alerts = new Alerts(shell);     // shell.js does this
//   alerts.follow(client);                // shows what the client's feed tells

const MOST_SHOWN = 4;
const MOST_LISTED = 50;
const SHORTEST_MS = 3_000;
const LATE_MS = 60_000;
const SOUND = "vectra-alert-sound";
const DESKTOP = "vectra-alert-desktop";
const LAST_SOUND = "vectra-alert-sounded";
const SEVERITIES = new Set(["info", "success", "warning", "danger"]);
const NAMES = { info: "Note", success: "Good", warning: "Warning", danger: "Danger" };
/** Tones of a severity: frequencies in Hz, one after another. */
const TONES = { info: [660], success: [660, 880], warning: [520, 520], danger: [440, 330, 440] };
const TONE_S = 0.11;

function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  Object.assign(element, attributes);
  element.append(...children);
  return element;
}

function remembered(key, usual) {
  try {
    return localStorage.getItem(key) ?? usual;
  } catch {
    return usual; // storage may be forbidden
  }
}

function remember(key, value) {
  try {
    localStorage.setItem(key, value);
  } catch {
    // The choice then holds for this page.
  }
}

/** A bell as a drawing: few fonts have one. */
function drawnBell() {
  const drawing = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  drawing.setAttribute("viewBox", "0 0 16 16");
  drawing.setAttribute("aria-hidden", "true");
  const line = document.createElementNS("http://www.w3.org/2000/svg", "path");
  line.setAttribute("d", "M8 1.8v1M3 12h10l-1.4-2V7a3.6 3.6 0 0 0-7.2 0v3zM6.6 13.8a1.5 1.5 0 0 0 2.8 0");
  drawing.append(line);
  return drawing;
}

const text = (value, usual = "") => (typeof value === "string" ? value : usual);
const severityOf = (alert) => (SEVERITIES.has(alert.severity) ? alert.severity : "info");
const clock = (ms) => new Date(ms).toLocaleTimeString([], { hour12: false });

export class Alerts {
  #audio = null;
  #shown = [];
  #client = null;
  #sound = remembered(SOUND, "on") === "on";
  #desktop = remembered(DESKTOP, "off") === "on";

  constructor(shell) {
    this.server = shell.server;
    this.bell = make("button", { className: "button quiet icon bell", type: "button" }, drawnBell());
    this.bell.addEventListener("click", () => this.open());
    this.region = make("section", { className: "toasts" });
    this.region.setAttribute("aria-label", "Alerts");
    this.region.setAttribute("aria-live", "polite");
    this.list = make("ol", { className: "alert-list", tabIndex: 0 });
    this.list.setAttribute("aria-label", "Last alerts");
    this.dialog = make("dialog", {});
    this.dialog.setAttribute("aria-label", "Alerts");
    this.#makeDialog();
    document.body.append(this.region, this.dialog);
    this.#label();
    // A browser lets a page sound only after its user has touched it.
    for (const type of ["pointerdown", "keydown"]) addEventListener(type, () => this.#wake(), { once: true });
  }

  /** Show the alerts of a client's feed; returns what ends it. */
  follow(client) {
    this.#client = client;
    return client.on("alert", (message) => this.tell(message));
  }

  /** Say where rules and log of the alerts are; null: the dashboard does not run. */
  setPage(href) {
    if (this.server === "dashboard") return;
    this.page.hidden = href === null;
    if (href) this.page.href = href;
  }

  /** Show one alert message of the feed. */
  tell(message) {
    const alert = message?.data;
    if (alert === null || typeof alert !== "object" || !text(alert.title)) return;
    const replayed = this.#client?.state.mode === "REPLAY";
    const age = replayed ? 0 : Math.max(0, Date.now() - message.ts);
    const lasts = Number.isFinite(alert.expires_at) ? alert.expires_at - message.ts : 0;
    if (age > Math.max(lasts, LATE_MS)) return; // told again after a cut: it is in the list
    this.#toast(alert, message.ts, Math.max(lasts - age, SHORTEST_MS));
    if (replayed) return;
    if (alert.sound === true) this.#ring(alert);
    if (alert.desktop === true) this.#notify(alert);
  }

  /** Show the last alerts, and whether they sound. */
  open() {
    if (this.dialog.open) return;
    this.#list(this.#client?.state.alerts ?? []);
    this.dialog.showModal();
    if (this.server === "monitor" && this.#client?.state.mode !== "REPLAY") this.#ask();
  }

  /** Choose whether alerts sound, on all pages of this server. */
  setSound(on) {
    this.#sound = on;
    remember(SOUND, on ? "on" : "off");
    this.#label();
    if (on) this.#wake();
  }

  async #ask() {
    try {
      const answer = await fetch(`/api/alerts?limit=${MOST_LISTED}`, { headers: { Accept: "application/json" } });
      if (answer.ok) this.#list((await answer.json()).alerts);
    } catch {
      // What this page heard itself stays shown.
    }
  }

  /** Choose desktop notifications; the browser asks its user only now. */
  async #setDesktop(box, hint) {
    let on = box.checked;
    if (on && Notification.permission !== "granted") on = (await Notification.requestPermission()) === "granted";
    hint.textContent = box.checked && !on ? "The browser does not allow this page to notify. Allow it in its settings of this site." : "";
    box.checked = on;
    this.#desktop = on;
    remember(DESKTOP, on ? "on" : "off");
  }

  #toast(alert, ts, lastsMs) {
    const severity = severityOf(alert);
    const close = make("button", { className: "button quiet icon", type: "button", textContent: "×" });
    close.setAttribute("aria-label", `Close: ${alert.title}`);
    const toast = make(
      "article", { className: "toast fresh" },
      make("strong", { textContent: alert.title }),
      make("p", { textContent: text(alert.message) }),
      close,
    );
    toast.dataset.severity = severity;
    if (severity === "danger") toast.setAttribute("role", "alert");
    const entry = { toast, priority: Number(alert.priority) || 0, ts };
    let timer = 0;
    const end = () => {
      clearTimeout(timer);
      toast.remove();
      this.#shown = this.#shown.filter((one) => one !== entry);
    };
    entry.end = end;
    close.addEventListener("click", end);
    this.region.append(toast);
    this.#shown.push(entry);
    timer = setTimeout(end, lastsMs);
    // The least urgent goes first, of equal ones the oldest.
    while (this.#shown.length > MOST_SHOWN) this.#shown.reduce((least, one) => (one.priority < least.priority ? one : least)).end();
  }

  #ring(alert) {
    if (!this.#sound || this.#audio === null) return;
    const id = text(alert.alert_id);
    if (id && remembered(LAST_SOUND, "") === id) return; // another tab has rung for it
    remember(LAST_SOUND, id);
    const begin = this.#audio.currentTime;
    TONES[severityOf(alert)].forEach((hertz, at) => this.#tone(hertz, begin + at * TONE_S * 1.3));
  }

  #tone(hertz, at) {
    const tone = new OscillatorNode(this.#audio, { type: "sine", frequency: hertz });
    const loudness = new GainNode(this.#audio, { gain: 0 });
    loudness.gain.setValueAtTime(0, at);
    loudness.gain.linearRampToValueAtTime(0.12, at + 0.01);
    loudness.gain.exponentialRampToValueAtTime(0.001, at + TONE_S);
    tone.connect(loudness).connect(this.#audio.destination);
    tone.start(at);
    tone.stop(at + TONE_S);
  }

  #wake() {
    if (!this.#sound) return;
    try {
      this.#audio ??= new AudioContext();
      this.#audio.resume();
    } catch {
      this.#audio = null; // a browser without sound shows toasts all the same
    }
  }

  #notify(alert) {
    const can = this.#desktop && typeof Notification !== "undefined" && Notification.permission === "granted";
    if (!can || !document.hidden) return;
    new Notification(alert.title, { body: text(alert.message), tag: text(alert.alert_id), silent: true });
  }

  #label() {
    this.bell.title = this.#sound ? "Alerts" : "Alerts, muted";
    this.bell.setAttribute("aria-label", this.bell.title);
    this.bell.dataset.muted = String(!this.#sound);
  }

  #makeDialog() {
    const sound = this.#choice("Sound", this.#sound, (box) => this.setSound(box.checked));
    const hint = make("p", { className: "muted" });
    const desktop = this.#choice("Desktop notifications while this page is hidden", this.#desktop, (box) => this.#setDesktop(box, hint));
    if (typeof Notification === "undefined") desktop.querySelector("input").disabled = true;
    const close = make("button", { className: "button", type: "button", textContent: "Close" });
    close.addEventListener("click", () => this.dialog.close());
    this.page = make("a", { href: "/alerts", textContent: "Rules and log of alerts", hidden: this.server !== "dashboard" });
    this.dialog.replaceChildren(make("h2", { textContent: "Alerts" }), make("div", { className: "stack alert-choices" }, sound, desktop, hint), this.list, make("div", { className: "row between wrap" }, close, this.page));
  }

  #choice(label, checked, call) {
    const box = make("input", { type: "checkbox", checked });
    box.addEventListener("change", () => call(box));
    return make("label", { className: "row" }, box, label);
  }

  #list(alerts) {
    const rows = alerts.slice(0, MOST_LISTED).map((alert) => {
      const severity = severityOf(alert);
      const row = make(
        "li", {},
        make("time", { className: "num muted", textContent: Number.isFinite(alert.ts) ? clock(alert.ts) : "" }),
        make("span", { className: "visually-hidden", textContent: NAMES[severity] }),
        make("strong", { textContent: text(alert.title) }),
        make("p", { className: "muted", textContent: text(alert.message) }),
      );
      row.dataset.severity = severity;
      return row;
    });
    const none = make("li", { className: "muted", textContent: "No alert yet. vectra-player alerts list shows the rules." });
    this.list.replaceChildren(...(rows.length ? rows : [none]));
  }
}
