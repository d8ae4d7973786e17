// The rules of alerts by group, each opened into its form. The opened rule is in the address.

import { formatTime, formatUtc } from "/static/sdk/format.js";
import { mountShell } from "/static/shell.js";
import { get } from "/static/ui/api.js";
import { byId, el, errorState, setText } from "/static/ui/dom.js";
import { RuleForm } from "/static/dash/alert-form.js";
import { addressed } from "/static/dash/alert-trial.js";
import { load } from "/static/dash/load.js";
import { LiveShell } from "/static/dash/live-shell.js";

const FORCE_MS = 1_500;
const IDLE_MS = 10_000;

const shell = mountShell({ page: "alerts" });
new LiveShell(shell);
const box = byId("rules");
let book = null;
let form = null;
let asking = null;
let waited = false;

const opened = () => new URLSearchParams(location.search).get("rule");

function short(value) {
  if (Array.isArray(value)) return value.join(" ") || "none";
  return value === "" ? "none" : String(value);
}

const thresholds = (rule) => rule.params.map(({ name }) => `${name} ${short(rule.values[name])}`).join(", ");

function line(rule) {
  const words = { on: "on", off: "off", faulty: "faulty" };
  return el(
    "summary", {},
    el("span", { class: "rule-name" }, el("strong", { class: "num" }, rule.type), el("span", { class: "muted" }, rule.text)),
    el("span", { class: "muted size-12 rule-values truncate", title: thresholds(rule) }, thresholds(rule)),
    el("span", { class: "muted size-12 rule-cool" }, rule.values.cooldown === "none" ? "each time" : rule.values.cooldown),
    el("span", { class: "chip", data: { severity: rule.values.severity } }, rule.values.severity),
    el("span", { class: "chip", data: { state: rule.state } }, words[rule.state]),
    el("span", { class: "muted size-12 rule-origin" }, rule.origin === "user" ? "your file" : "built in"),
  );
}

function item(rule) {
  const body = el("div", { class: "rule-body" });
  const details = el("details", { class: "rule", id: `rule-${rule.type}`, data: { state: rule.state } }, line(rule), body);
  details.addEventListener("toggle", () => (details.open ? open(details, rule, body) : close(rule)));
  return details;
}

function open(details, rule, body) {
  if (form?.type === rule.type && body.contains(form.node)) return;
  for (const other of box.querySelectorAll("details[open]")) if (other !== details) other.open = false;
  form?.close();
  form = new RuleForm(rule, book, took);
  body.replaceChildren(form.node);
  if (opened() !== rule.type) addressed({ rule: rule.type });
}

function close(rule) {
  if (opened() === rule.type) addressed({ rule: null });
}

/** Show the rules; the opened one stays as it is where `keep` says so. */
function draw(told, keep = false) {
  book = told;
  const on = told.rules.filter((rule) => rule.values.enabled).length;
  setText(byId("count"), `${on} of ${told.rules.length} on`);
  byId("file-note").replaceChildren(
    ...(told.lossy
      ? [el("span", { class: "rug" }, "You wrote the file by hand. "), `Saving here writes it anew: comments and what is faulty are lost. The file as it is now is kept as ${told.backup}. `]
      : []),
    "Your rules: ", el("code", {}, told.file), ". A running service reads it again by itself within seconds.",
  );
  byId("book-faults").replaceChildren(...told.faults.map((text) => errorState("Your file has something that is not used.", text)));
  if (keep) return redrawLines();
  box.replaceChildren(...[...grouped(told.rules)].map(([name, rules]) => el("section", { class: "card" }, el("header", {}, el("h2", {}, name)), ...rules.map(item))));
  const wanted = opened() && document.getElementById(`rule-${opened()}`);
  if (wanted) {
    wanted.open = true;
    wanted.scrollIntoView({ block: "start" });
  }
}

function grouped(rules) {
  const groups = new Map();
  for (const rule of rules) groups.set(rule.group, [...(groups.get(rule.group) ?? []), rule]);
  return groups;
}

function redrawLines() {
  for (const rule of book.rules) {
    const details = byId(`rule-${rule.type}`);
    details.dataset.state = rule.state;
    details.querySelector("summary").replaceWith(line(rule));
  }
}

/** Take what the server keeps now; a form that saved it knows already. */
function took(told) {
  draw(told, true);
  waited = true;
  askForce();
}

async function askForce() {
  clearTimeout(asking);
  let every = IDLE_MS;
  try {
    const { in_force: used, waiting } = await get("/api/alert-rules/in-force");
    const note = byId("in-force");
    note.dataset.used = String(used);
    if (used === null) setText(note, "No service runs: it takes these rules when it starts.");
    else if (used) {
      const now = Date.now();
      if (waited) setText(note, `The running service took them in at ${formatTime(now)}.`);
      else if (!note.textContent.includes("took")) setText(note, "The running service uses these rules.");
      if (waited) note.title = formatUtc(now);
      waited = false;
    } else {
      waited = true;
      every = FORCE_MS;
      setText(note, `The running service has not read them yet: ${waiting.join(", ")}.`);
    }
  } catch {
    // The shell says that the dashboard does not answer.
  }
  asking = setTimeout(askForce, every);
}

load(box, () => get("/api/alert-rules"), draw, { rows: 12 });
askForce();
addEventListener("beforeunload", (event) => form?.dirty && event.preventDefault());
