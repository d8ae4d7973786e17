// Every tool in tabs. This page holds the one socket; the clients of the framed tools find it.

import { SharedFeeds, shareFeeds } from "/artifacts/shared/shared-feed.js";
import { mountShell } from "/static/shell.js";
import { get, poll } from "/static/ui/api.js";
import { byId, el, emptyState, errorState } from "/static/ui/dom.js";

const LIST_MS = 5_000;
const SELF = "orchestrator";

const address = new URLSearchParams(location.search);
const replay = address.get("replay") || null;
const feeds = shareFeeds(new SharedFeeds());
const shell = mountShell({ page: "tools", title: "Tools" });
const frames = new Map();
let tools = [];
let shown = "";
let listed = "";

function frameOf(tool) {
  const query = replay === null ? "" : `?replay=${encodeURIComponent(replay)}`;
  return el("iframe", {
    src: `${tool.url}${query}`,
    title: tool.title,
    name: tool.name,
    allow: "clipboard-write",
  });
}

function brokenCard(tool) {
  const advice = `Mend its folder in the artifacts directory (${tool.name}); this page notices.`;
  return el("section", { class: "card", data: { tool: tool.name } }, errorState(`${tool.title} cannot be opened. ${tool.broken}`, advice));
}

/** Show a tool. A frame once made stays alive behind the others. */
function choose(name) {
  const tool = tools.find((each) => each.name === name) ?? tools[0];
  if (!tool) return;
  shown = tool.name;
  if (!frames.has(tool.name)) {
    const made = tool.broken ? brokenCard(tool) : frameOf(tool);
    frames.set(tool.name, made);
    byId("stage").append(made);
  }
  for (const [each, frame] of frames) frame.hidden = each !== tool.name;
  for (const tab of byId("tabs").children) {
    const here = tab.dataset.tool === tool.name;
    tab.setAttribute("aria-selected", String(here));
    tab.tabIndex = here ? 0 : -1;
  }
  address.set("tab", tool.name);
  history.replaceState(null, "", `?${address}`);
}

function tabOf(tool) {
  const call = () => choose(tool.name);
  return el(
    "button",
    { class: tool.broken ? "tab broken" : "tab", type: "button", role: "tab", title: tool.broken ?? tool.description, data: { tool: tool.name }, on: { click: call } },
    tool.title,
  );
}

function turn(step) {
  const at = tools.findIndex((tool) => tool.name === shown);
  choose(tools[(at + step + tools.length) % tools.length]?.name);
  byId("tabs").querySelector("[aria-selected='true']")?.focus();
}

function draw(found) {
  tools = found.filter((tool) => tool.name !== SELF);
  const key = JSON.stringify(tools);
  if (key === listed) return;
  listed = key;
  for (const [name, frame] of frames) {
    const tool = tools.find((each) => each.name === name);
    const mended = tool && !tool.broken && frame.tagName !== "IFRAME";
    if (tool && !tool.broken && !mended) continue;
    frame.remove();
    frames.delete(name);
  }
  byId("tabs").replaceChildren(...tools.map(tabOf));
  if (!tools.length) byId("stage").replaceChildren(emptyState("No tools", "Make one: vectra-player artifacts new NAME"));
  else choose(shown || address.get("tab"));
}

async function list() {
  try {
    draw(await get("/api/artifacts"));
    byId("fault").replaceChildren();
  } catch (error) {
    byId("fault").replaceChildren(errorState(error.message, error.advice));
  }
}

byId("tabs").addEventListener("keydown", (event) => {
  const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
  if (!step) return;
  event.preventDefault();
  turn(step);
});
shell.key("]", "Next tool", () => turn(1));
shell.key("[", "Tool before", () => turn(-1));
const client = feeds.client(replay);
client.connect();
shell.follow(client);
poll(list, LIST_MS);
