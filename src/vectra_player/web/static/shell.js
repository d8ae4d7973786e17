// What every page of the monitor and of the dashboard has around it: tabs, the two badges and the
// coloured bar, the recording mark, a note when something is wrong, the status line, the theme, and
// the keyboard. Tabs of the other server are shown as soon as it is known to run.
//
//   const shell = mountShell({ page: "monitor" });
//   shell.follow(client);                      // badges, notes and feed figures from the feed
//   shell.key("k", "Kill switch", () => …);

import { Alerts } from "./alerts.js";

export const TABS = [
  { id: "home", label: "Home", server: "dashboard", href: "/", key: "h" },
  { id: "recording", label: "Recording", server: "dashboard", href: "/recording", key: "r" },
  { id: "games", label: "Games", server: "dashboard", href: "/games", key: "g" },
  { id: "play", label: "Play", server: "dashboard", href: "/play", key: "y" },
  { id: "explorer", label: "Explorer", server: "dashboard", href: "/explorer", key: "e" },
  { id: "backtest", label: "Backtest", server: "dashboard", href: "/backtest", key: "b" },
  { id: "profiles", label: "Profiles", server: "dashboard", href: "/profiles", key: "p" },
  { id: "protocol", label: "Protocol", server: "dashboard", href: "/protocol", key: "o" },
  { id: "fairness", label: "Fairness", server: "dashboard", href: "/fairness", key: "f" },
  { id: "actions", label: "Actions", server: "dashboard", href: "/actions", key: "a" },
  { id: "alerts", label: "Alerts", server: "dashboard", href: "/alerts", key: "n" },
  { id: "monitor", label: "Monitor", server: "monitor", href: "/", key: "m" },
  { id: "tools", label: "Tools", server: "monitor", href: "/artifacts/orchestrator/", key: "t" },
  { id: "replay", label: "Replay", server: "monitor", href: "/?replay=", key: "l" },
];

const NEIGHBOUR_MS = 5_000;
const THEMES = ["auto", "dark", "light"];
const GO_MS = 1_500;
const NOTES = {
  waiting: "Not connected to the feed; trying again. What is shown is the last that was heard.",
  refused: "This browser is not logged in: run vectra-player open for a new link.",
  ended: "The feed ended: ",
};

function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name in element && name !== "list") element[name] = value;
    else element.setAttribute(name, value);
  }
  element.append(...children);
  return element;
}

const isTyping = (target) =>
  target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName));

const takesLetters = (target) =>
  isTyping(target) && (target.tagName !== "INPUT" || /^(text|search|email|url|tel|password)$/.test(target.type));

/** Tell whether a key event is the kill: K, and Alt+K where a K would be typed. */
const isKill = ({ key, code, altKey, ctrlKey, metaKey, target }) =>
  !ctrlKey && !metaKey && (altKey ? code === "KeyK" : key === "K" && !takesLetters(target));

const tabLink = (tab) => make("a", { className: "tab", href: tab.href, textContent: tab.label });

/** Address of a page of the other server: same name of this machine, so that the login holds. */
export function neighbourUrl(port, path) {
  return `${location.protocol}//${location.hostname}:${port}${path}`;
}

class Shell {
  #keys = new Map();
  #go = new Map();
  #goUntil = 0;
  #items = new Map();
  #notes = new Map();
  #others = [];
  #neighbours = "";

  constructor({ page, tabs, title, server }) {
    this.server = server ?? tabs.find((tab) => tab.id === page)?.server ?? "monitor";
    this.#others = tabs.filter((tab) => tab.server !== this.server);
    tabs = tabs.filter((tab) => tab.server === this.server);
    this.rec = make("span", { className: "rec", role: "status", textContent: "REC", hidden: true });
    this.mode = this.#badge("Where the data comes from");
    this.trading = this.#badge("What trading may do");
    this.alerts = document.documentElement.dataset.framed === undefined ? new Alerts(this) : null;
    this.bar = this.#makeBar(page, tabs);
    this.note = make("div", { className: "shell-note", role: "status", hidden: true });
    this.#makeStatusLine();
    this.dialog = make("dialog", {}, "");
    this.dialog.setAttribute("aria-label", "Keyboard");
    document.body.prepend(make("a", { className: "skip-link", href: "#main", textContent: "Skip to content" }), this.bar, this.note);
    document.body.append(this.statusLine, this.dialog);
    this.tabBar.querySelector("[aria-current]")?.scrollIntoView({ block: "nearest", inline: "center" });
    if (title) document.title = `${title} · VECTRA`;
    this.setMode(null);
    this.setTrading(null);
    this.key("?", "Show these keys", () => this.help());
    this.key("K", "Kill: stop every press at once; Alt+K while you type", () => this.kill());
    this.key("/", "Search", () => document.querySelector("[data-search]")?.focus());
    for (const tab of tabs) if (tab.key) this.#go.set(tab.key, tab);
    // Before any dialog or field sees the key: what stops the presses works everywhere.
    document.addEventListener("keydown", (event) => this.#killed(event), { capture: true });
    document.addEventListener("keydown", (event) => this.#pressed(event));
    this.#keepKillInReach();
    document.body.classList.remove("with-shell");
    this.#meet();
  }

  /** Show the tabs of the other server; `port` null: it does not run, its tabs go. */
  setNeighbour(port) {
    const tabs = port === null ? [] : this.#others.map((tab) => ({ ...tab, href: neighbourUrl(port, tab.href) }));
    const key = tabs.map((tab) => tab.href).join();
    if (key === this.#neighbours) return;
    this.#neighbours = key;
    this.alerts?.setPage(tabs.find((tab) => tab.id === "alerts")?.href ?? null);
    for (const tab of this.#others) this.#go.delete(tab.key);
    for (const tab of tabs) this.#go.set(tab.key, tab);
    for (const link of this.tabBar.querySelectorAll("[data-neighbour]")) link.remove();
    const links = tabs.map(tabLink);
    for (const link of links) link.dataset.neighbour = "";
    this.tabBar.append(...links);
  }

  /** Ask again and again where the other server is: it may come, go, or move to another port. */
  async #meet() {
    if (document.documentElement.dataset.framed !== undefined) return;
    const name = this.server === "dashboard" ? "monitor" : "dashboard";
    try {
      const answer = await fetch("/health", { headers: { Accept: "application/json" }, signal: AbortSignal.timeout(NEIGHBOUR_MS) });
      const port = answer.ok ? (await answer.json())[name] : undefined;
      if (answer.ok) this.setNeighbour(Number.isInteger(port) ? port : null);
    } catch {
      // This server is down itself: what was known of the other stays.
    }
    setTimeout(() => this.#meet(), document.hidden ? 5 * NEIGHBOUR_MS : NEIGHBOUR_MS);
  }

  /** Say where the data comes from: LIVE, DEMO, REPLAY, or null when it is not known. */
  setMode(mode) {
    this.#setBadge(this.mode, mode, "mode");
  }

  /** Say what trading may do: OFF, PAPER, PRACTICE, ARMED, or null when it is not known. */
  setTrading(trading) {
    this.#setBadge(this.trading, trading, "trading");
  }

  /** Say whether it is being recorded; null: not known, the mark is hidden. */
  setRecording(recording) {
    this.rec.hidden = recording === null;
    this.rec.dataset.on = String(recording === true);
    this.rec.title = recording ? "Recording" : "Not recording";
    this.rec.textContent = recording ? "REC" : "not recording";
  }

  /** Put a figure into the status line; null removes it. `level`: good, warn or bad. */
  setStatus(name, text, level = "good") {
    let item = this.#items.get(name);
    if (text === null) {
      item?.remove();
      this.#items.delete(name);
    } else {
      if (item === undefined) {
        item = make("span");
        this.#items.set(name, item);
        this.statusItems.append(item);
      }
      if (item.textContent !== text) item.textContent = text;
      item.dataset.level = level;
    }
    const levels = [...this.#items.values()].map((each) => each.dataset.level);
    this.dot.dataset.level = ["bad", "warn"].find((worst) => levels.includes(worst)) ?? "good";
  }

  /** Show one line under the bar, by name; null takes it away. The last one set is shown. */
  setNote(name, text, level = "warn") {
    this.#notes.delete(name);
    if (text !== null) this.#notes.set(name, { text, level });
    const shown = [...this.#notes.values()].pop();
    this.note.hidden = shown === undefined;
    if (shown === undefined) return;
    if (this.note.textContent !== shown.text) this.note.textContent = shown.text;
    this.note.dataset.level = shown.level;
  }

  /**
   * Answer a key; `key` as in KeyboardEvent.key, `label` for the help. `held` false: a key that is
   * held down counts once. Returns what ends it.
   */
  key(key, label, call, { held = true } = {}) {
    this.#keys.set(key, { label, call, held });
    return () => this.#keys.delete(key);
  }

  /** Show every key. */
  help() {
    if (this.dialog.open) return;
    const map = make("dl", { className: "key-map" });
    const line = (keys, label) =>
      map.append(make("dt", {}, ...keys.map((key) => make("kbd", { textContent: key }))), make("dd", { textContent: label }));
    for (const [key, { label }] of this.#keys) line([key === " " ? "space" : key], label);
    for (const [key, tab] of this.#go) line(["g", key], `Go to ${tab.label}`);
    const close = make("button", { className: "button", textContent: "Close", type: "button" });
    close.addEventListener("click", () => this.dialog.close());
    this.dialog.replaceChildren(make("h2", { textContent: "Keyboard" }), map, close);
    this.dialog.showModal();
  }

  /** Keep badges, notes and feed figures as a FoundationWSClient says; returns what ends it. */
  follow(client) {
    const draw = (state) => {
      this.setMode(state.mode);
      this.setTrading(state.trading);
      this.#setGate(state.gate);
      this.setRecording(state.mode === "REPLAY" ? null : state.recording);
      const open = state.connection.state === "open";
      this.setStatus("feed", open ? `feed ${client.store.rate().toFixed(0)}/s` : `feed ${state.connection.state}`, open ? "good" : "bad");
      const { delayMs, gaps } = state.source;
      this.setStatus("lag", delayMs === null ? null : `lag ${Math.round(delayMs)} ms`);
      this.setStatus("gaps", gaps === null ? null : `${gaps} ${gaps === 1 ? "gap" : "gaps"}`, gaps ? "warn" : "good");
      const { state: how, reason } = state.connection;
      this.setNote("feed", how in NOTES ? (how === "ended" ? NOTES.ended + reason : NOTES[how]) : null, how === "waiting" ? "warn" : "bad");
    };
    const beat = setInterval(() => draw(client.state), 1_000);
    const ends = [client.store.render(draw), this.alerts?.follow(client)];
    return () => {
      clearInterval(beat);
      for (const end of ends) end?.();
    };
  }

  /** Say that nothing is pressed, on a page whose game can be pressed. */
  #setGate(gate) {
    const halted = gate?.state === "HALTED" && gate.mode !== null;
    const before = this.killButton.dataset.fallen === "true";
    this.killButton.dataset.fallen = String(halted);
    this.setNote("gate", halted ? ["Trading is halted.", ...gate.halts, ...gate.notUndone, "Go on in the trade panel."].join(" ") : null, "bad");
    if (before && !halted) this.setNote("kill", null);
  }

  #badge(title) {
    return make("span", { className: "badge", title });
  }

  #setBadge(badge, value, name) {
    const text = value ?? "…";
    if (badge.textContent !== text) badge.textContent = text;
    badge.dataset.value = value ?? "";
    if (value === null) delete document.documentElement.dataset[name];
    else document.documentElement.dataset[name] = value;
  }

  #makeBar(page, tabs) {
    const links = tabs.map(tabLink);
    links.forEach((link, at) => tabs[at].id === page && link.setAttribute("aria-current", "page"));
    const theme = make("button", { className: "button quiet icon", type: "button" });
    const label = () => {
      theme.textContent = { auto: "◐", dark: "●", light: "○" }[chosenTheme()];
      theme.title = `Theme: ${chosenTheme()}`;
      theme.setAttribute("aria-label", theme.title);
    };
    theme.addEventListener("click", () => {
      setTheme(THEMES[(THEMES.indexOf(chosenTheme()) + 1) % THEMES.length]);
      label();
    });
    label();
    const help = make("button", { className: "button quiet icon wide-only", type: "button", textContent: "?", title: "Keyboard (?)" });
    help.addEventListener("click", () => this.help());
    this.tabBar = make("nav", { className: "tabs" }, ...links);
    this.tabBar.setAttribute("aria-label", "Pages");
    return make(
      "header", { className: "shell-bar" },
      make("a", { className: "brand", href: "/", textContent: "VECTRA" }),
      this.tabBar,
      make("div", { className: "badges" }, this.rec, this.mode, this.trading, ...(this.alerts ? [this.alerts.bell] : []), theme, help),
    );
  }

  #makeStatusLine() {
    this.dot = make("span", { className: "dot" });
    this.dot.dataset.level = "good";
    const toggle = make("button", { className: "status-dot", type: "button", title: "Status" }, this.dot);
    toggle.setAttribute("aria-label", "Status");
    toggle.setAttribute("aria-expanded", "false");
    toggle.addEventListener("click", () => {
      const open = this.statusLine.toggleAttribute("data-open");
      toggle.setAttribute("aria-expanded", String(open));
    });
    this.statusItems = make("div", { className: "status-items" });
    this.killButton = make("button", { className: "button kill", type: "button", textContent: "Kill", title: "Stop every press of the page's buttons at once (K; Alt+K while you type)" });
    this.killButton.addEventListener("click", () => this.kill());
    this.statusLine = make("footer", { className: "status-line" }, toggle, this.statusItems, this.killButton);
  }

  /** Let the kill switch fall: nothing is pressed any more until a person goes on. */
  async kill() {
    this.setNote("kill", "Stopping every press…", "bad");
    try {
      const headers = { "Content-Type": "application/json", "X-Vectra-Request": "1" };
      const answer = await fetch("/api/kill", { method: "POST", credentials: "same-origin", headers, body: "{}" });
      const told = await answer.json();
      if (!answer.ok) throw new Error(told.error?.message ?? `The service answered ${answer.status}.`);
      this.setNote("kill", ["Nothing is pressed any more.", ...told.not_undone, "Go on in the trade panel."].join(" "), "bad");
    } catch (error) {
      this.setNote("kill", `The kill switch did not answer: ${error.message} Run vectra-player trade kill.`, "bad");
    }
  }

  /** Have the kill button within an open dialog: all that lies outside cannot be pressed. */
  #keepKillInReach() {
    const place = () => {
      const box = [...document.querySelectorAll("dialog:modal")].pop() ?? this.statusLine;
      if (this.killButton.parentElement !== box) box.append(this.killButton);
    };
    new MutationObserver(place).observe(document.body, { attributeFilter: ["open"], subtree: true });
  }

  #killed(event) {
    if (!isKill(event) || event.repeat) return;
    event.preventDefault();
    event.stopPropagation();
    this.kill();
  }

  #pressed(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
    if (isTyping(event.target) || this.dialog.open) return;
    const going = event.timeStamp < this.#goUntil;
    this.#goUntil = 0;
    const tab = going ? this.#go.get(event.key) : undefined;
    if (tab !== undefined) {
      event.preventDefault();
      location.assign(tab.href);
    } else if (event.key === "g") {
      this.#goUntil = event.timeStamp + GO_MS;
    } else if (this.#keys.has(event.key) && !(event.key === " " && event.target.closest?.("button, a"))) {
      event.preventDefault();
      const { call, held } = this.#keys.get(event.key);
      if (held || !event.repeat) call();
    }
  }
}

/**
 * Build the shell around the page's `<main id="main">`. `page`: id of the tab that is shown;
 * `server`: monitor or dashboard, for a page that is no tab.
 */
export function mountShell({ page = "", tabs = TABS, title = "", server = null } = {}) {
  return new Shell({ page, tabs, title, server });
}

/** The chosen theme: auto, dark or light. */
export function chosenTheme() {
  return document.documentElement.dataset.theme ?? "auto";
}

/** Choose a theme for all pages; auto follows the system. */
export function setTheme(theme) {
  if (theme === "auto") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
  try {
    if (theme === "auto") localStorage.removeItem("vectra-theme");
    else localStorage.setItem("vectra-theme", theme);
  } catch {
    // Storage may be forbidden; the choice then holds for this page.
  }
}
