// The Protocol Explorer: events left; fields, payloads, chains and drift right. All of it in the address.

import { formatBytes, formatCount, formatPercent, formatUtc } from "/static/sdk/format.js";
import { mountShell } from "/static/shell.js";
import { get, post } from "/static/ui/api.js";
import { byId, el, emptyState, setText, svg } from "/static/ui/dom.js";
import { LiveShell } from "/static/dash/live-shell.js";
import { load } from "/static/dash/load.js";
import { drawAnswers } from "/static/dash/answers.js";
import { drawChains, drawDrift, drawFields, drawPayloads } from "/static/dash/protocol-views.js";
import { arrowTabs, markTab } from "/static/dash/tabs.js";

const DEFAULT = "fields";
const STEP_MS = 1_000;

const shell = mountShell({ page: "protocol" });
new LiveShell(shell);
let told = null;
let caughtUp = false;

const asked = () => Object.fromEntries(new URLSearchParams(location.search));

function go(changes) {
  const wanted = new URLSearchParams(location.search);
  for (const [name, value] of Object.entries(changes)) {
    if (value === null || value === "" || (name === "tab" && value === DEFAULT)) wanted.delete(name);
    else wanted.set(name, value);
  }
  history.pushState(null, "", wanted.size ? `?${wanted}` : "/protocol");
  show();
}

function spark(days) {
  const most = Math.max(1, ...days);
  const bars = days.map((count, at) => {
    const height = count ? Math.max(1, (15 * Math.log1p(count)) / Math.log1p(most)) : 0;
    return svg("rect", { x: at * 4, y: (16 - height).toFixed(1), width: 3, height: height.toFixed(1) });
  });
  return svg("svg", { viewBox: `0 0 ${Math.max(1, days.length) * 4} 16`, class: "bars", "aria-hidden": "true" }, ...bars);
}

function drawTree() {
  const wanted = byId("event-filter").value.trim().toLowerCase();
  const { event, direction = "received" } = asked();
  const shown = told.events.filter(({ name }) => name.toLowerCase().includes(wanted));
  if (!told.events.length) {
    const begin = el("a", { class: "button", href: "/recording" }, "Record or import");
    if (told.events_total) byId("events").replaceChildren(emptyState("Being profiled", "What was filed is being read for the first time."));
    else byId("events").replaceChildren(emptyState("No event is filed yet", "What is recorded is filed within a minute.", begin));
    return;
  }
  const lines = shown.map((line) => {
    const here = line.name === event && line.direction === direction;
    const title = `${line.name} (${line.direction})\nfirst ${formatUtc(line.first_ts / 1000)}\nlast ${formatUtc(line.last_ts / 1000)}`;
    const mark = line.drift ? el("span", { class: "drift-dot", title: `${line.drift} drifted` }, "!") : null;
    return el(
      "button", { class: "event-line", type: "button", "aria-current": here ? "true" : null, title, data: { event: line.name }, on: { click: () => go({ event: line.name, direction: line.direction === "sent" ? "sent" : null, before: null }) } },
      el("span", { class: "name truncate" }, `${line.direction === "sent" ? "↑" : "↓"} ${line.name} `, mark),
      spark(line.days),
      el("span", { class: "num muted size-12" }, `${formatCount(line.count)} · ${line.fields} fields · ${formatBytes(line.bytes / Math.max(1, line.count))} each`),
    );
  });
  byId("events").replaceChildren(...(lines.length ? lines : [el("p", { class: "muted body-text" }, "No event of this name.")]));
}

const VIEWS = {
  fields: {
    ask: ({ event, direction = "received" }) => get(`/api/protocol/event?name=${encodeURIComponent(event)}&direction=${direction}`),
    draw: drawFields,
    needs: true,
  },
  payloads: { ask: askPayloads, draw: drawPayloads },
  chains: { ask: () => get("/api/protocol/chains"), draw: drawChains },
  drift: { ask: () => Promise.resolve(told.drift), draw: drawDrift },
  ask: { ask: ({ ask }) => (ask ? get(`/api/protocol/search?q=${encodeURIComponent(ask)}`) : Promise.resolve(null)), draw: drawAnswers },
};

const known = ({ event, direction = "received" }) => told.events.some((line) => line.name === event && line.direction === direction);

function askPayloads({ event, direction, q, game, session, before }) {
  const wanted = new URLSearchParams();
  for (const [name, value] of Object.entries({ event, direction: event ? (direction ?? "received") : direction, q, game, session, before })) if (value) wanted.set(name, value);
  return get(`/api/protocol/payloads?${wanted}`);
}

function show() {
  if (told === null) return;
  drawTree();
  const { tab = DEFAULT } = asked();
  const chosen = Object.hasOwn(VIEWS, tab) ? tab : DEFAULT;
  markTab(byId("tabs"), chosen);
  setText(byId("tabs").querySelector("[data-tab='drift']"), `Drift ${told.drift.length}`);
  const view = VIEWS[chosen];
  const panel = byId("panel");
  if (view.needs && !known(asked())) {
    const title = asked().event ? "This event is not profiled yet" : "Choose an event";
    const nothing = emptyState(title, "Fields are shown here: how often, which types and values, since when.");
    load(panel, async () => title, () => panel.replaceChildren(nothing));
    return;
  }
  load(panel, () => view.ask(asked()), (data) => view.draw(panel, data, { asked: asked(), go }), { again: show });
}

function take(answer) {
  told = answer;
  const share = answer.events_total ? formatPercent((100 * answer.profiled) / answer.events_total) : "—";
  const days = answer.days.length ? `${answer.days[0]} to ${answer.days.at(-1)}` : "no day";
  setText(byId("covered"), `${formatCount(answer.profiled)} packets profiled (${share} of those filed), ${answer.events.length} events, ${days}`);
}

function draw(answer) {
  take(answer);
  show();
  if (answer.profiled < answer.events_total && !caughtUp) catchUp();
}

/** Have what was filed since the last time profiled, once a visit, and show it as it comes. */
async function catchUp() {
  caughtUp = true;
  try {
    const { id } = await post("/api/protocol/profile", {});
    for (let over = false; !over; ) {
      await new Promise((done) => setTimeout(done, STEP_MS));
      over = ["done", "failed", "cancelled"].includes((await get(`/api/jobs/${id}`)).state);
      take(await get("/api/protocol"));
      drawTree();
    }
    show();
  } catch {
    // The profile is shown as far as it goes.
  }
}

arrowTabs(byId("tabs"));
byId("tabs").addEventListener("click", (event) => event.target.dataset.tab && go({ tab: event.target.dataset.tab, before: null }));
byId("event-filter").addEventListener("input", () => told && drawTree());
addEventListener("popstate", show);
const begin = () => load(byId("events"), () => get("/api/protocol"), draw, { rows: 10, again: begin });
begin();
