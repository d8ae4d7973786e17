// The search of the Protocol Explorer: a question in words, answered with passages and where they are from.

import { post } from "/static/ui/api.js";
import { el, emptyState } from "/static/ui/dom.js";
import { JobList } from "/static/dash/jobs.js";
import { tell } from "/static/dash/load.js";
import { blocksOf } from "/static/dash/passage.js";

const EXAMPLES = ["What fields are in playerUpdate?", "When is the seed revealed?", "How long is a sidebet window?"];

function place(passage) {
  if (passage.game_id) return el("a", { href: `/games/${encodeURIComponent(passage.game_id)}` }, `game ${passage.game_id}`);
  if (passage.event_name) return el("a", { href: `/protocol?event=${encodeURIComponent(passage.event_name)}` }, `event ${passage.event_name}`);
  return el("span", {}, passage.source);
}

function answer(passage) {
  return el(
    "li", { class: "answer" },
    el("h3", {}, passage.title),
    el("div", { class: "answer-text" }, ...blocksOf(passage.text, passage.title)),
    el("p", { class: "muted size-12" }, "from ", place(passage)),
  );
}

function note(told) {
  if (told.by === "words") return `Found by words alone, in the knowledge base: ${told.why} ${told.advice}`;
  if (!told.answers) return "Nothing here seems to answer that; these are the nearest passages.";
  return told.why ? `The index is behind: ${told.why}.` : "";
}

/** Build the index as a job, shown with its progress; `go` asks again when it is done. */
function builder(told, go) {
  const jobs = el("div", { class: "jobs" });
  const build = el("button", { class: "button", type: "button" }, told?.by === "meaning" ? "Bring the index up to date" : "Build the index");
  let list = null;
  build.addEventListener("click", async () => {
    build.disabled = true;
    try {
      await post("/api/protocol/index", {});
    } catch (error) {
      tell(error);
    }
    build.disabled = false;
    list ??= new JobList(jobs, "index", { result: () => null, ended: () => go({}) });
    list.ask();
  });
  return el("div", {}, build, jobs);
}

export function drawAnswers(box, told, { asked, go }) {
  const field = el("input", { class: "input", id: "question", value: asked.ask ?? "", placeholder: "a question, or a name", "aria-label": "Ask the protocol and the recordings", maxlength: "500" });
  const form = el("form", { class: "row body-text", role: "search" }, field, el("button", { class: "button primary", type: "submit" }, "Ask"));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    go({ ask: field.value.trim() });
  });
  const parts = [form];
  if (told === null) {
    const examples = EXAMPLES.map((text) => el("button", { class: "chip", type: "button", on: { click: () => go({ ask: text }) } }, text));
    parts.push(emptyState("Ask in words", "The protocol, the rules, fairness, and what is recorded.", el("div", { class: "row wrap" }, ...examples)));
  } else {
    const text = note(told);
    if (text) parts.push(el("p", { class: "muted body-text", role: "status" }, text));
    parts.push(told.passages.length ? el("ol", { class: "answers" }, ...told.passages.map(answer)) : emptyState("Nothing was found", "Try other words, or an exact name of an event or field."));
    if (told.by === "words" || told.why) parts.push(el("div", { class: "body-text" }, builder(told, go)));
  }
  box.replaceChildren(...parts);
}
