// Fairness: which games agree with their seeds, audits of all of them, and a seed of one's own.

import { formatCount, formatDateTime, formatUtc } from "/static/sdk/format.js";
import { mountShell } from "/static/shell.js";
import { get, post } from "/static/ui/api.js";
import { byId, el, emptyState, setText } from "/static/ui/dom.js";
import { AuditPanel } from "/static/dash/fairness-audit.js";
import { SeedBox } from "/static/dash/fairness-seed.js";
import { progress } from "/static/dash/jobs.js";
import { LiveShell } from "/static/dash/live-shell.js";
import { load, tell } from "/static/dash/load.js";
import { drawPager, table } from "/static/dash/table.js";

const STEP_MS = 500;
const AGAIN_MS = 60_000;
const SITES = { real: "the real site", demo: "the demo server", all: "any server" };
const DEFAULTS = { origin: "real", status: "", page: "1" };

const shell = mountShell({ page: "fairness" });
new LiveShell(shell);

const asked = () => ({ ...DEFAULTS, ...Object.fromEntries(new URLSearchParams(location.search)) });

function go(changes) {
  const wanted = new URLSearchParams(location.search);
  for (const [name, value] of Object.entries(changes)) {
    if (value === null || value === "" || DEFAULTS[name] === String(value)) wanted.delete(name);
    else wanted.set(name, String(value));
  }
  history.pushState(null, "", wanted.size ? `/fairness?${wanted}` : "/fairness");
  show();
}

const MEANINGS = {
  verified: ["✓", "Everything recorded of them follows from the revealed seed, to the last bit. A proof, not an estimate."],
  failed: ["✗", "Something recorded is not what the seed gives. The list below names the first difference of each."],
  incomplete: ["–", "The seed is known, but something needed to decide is not: a hash, prices and peak, or the rules of its version."],
};

function number(status, count) {
  const [mark, meaning] = MEANINGS[status];
  return el(
    "section", { class: "card number stack tight", data: { status, ...(count ? { some: "" } : {}) } },
    el("h2", {}, el("span", { class: "chip", data: { status } }, mark), status),
    el("p", { class: "value", data: { count: status } }, formatCount(count)),
    el("p", { class: "muted size-12" }, meaning),
  );
}

function beside({ commitment, unrevealed, rebuilt, compared }) {
  const { seen = 0, late = 0 } = commitment;
  const parts = [
    `${formatCount(compared)} recorded prices compared to the last bit`,
    `hash recorded before the outcome in ${formatCount(seen)} games, after it in ${formatCount(late)}, never in ${formatCount(commitment["not seen"] ?? 0)}`,
    `${formatCount(rebuilt)} without published prices: hash, peak and what was heard live are the evidence`,
    `${formatCount(unrevealed)} finished games without a revealed seed`,
  ];
  return el("p", { class: "muted size-12 beside" }, `${parts.join(" · ")}.`);
}

function drawNumbers(told) {
  const { counts, others, origin } = told;
  const shown = counts !== null && counts.verified + counts.failed + counts.incomplete + counts.unrevealed > 0;
  byId("doubtful-card").hidden = !shown;
  if (shown) {
    byId("numbers").replaceChildren(el("div", { class: "numbers" }, ...Object.keys(MEANINGS).map((status) => number(status, counts[status]))), beside(counts));
  } else if (counts === null) {
    const when = told.cancelled ? "the numbers stand here once that is done." : "the numbers stand here in a moment.";
    byId("numbers").replaceChildren(el("div", { class: "card" }, emptyState("Not verified yet", `Every revealed game is computed again from its seed; ${when}`)));
  } else {
    const other = origin === "real" ? "demo" : "real";
    const action = others
      ? el("button", { class: "button primary", type: "button", on: { click: () => go({ origin: other, page: 1 }) } }, `Show the ${formatCount(others)} of ${SITES[other]}`)
      : el("a", { class: "button primary", href: "/recording" }, "Record or import");
    byId("numbers").replaceChildren(el("div", { class: "card" }, emptyState(`No finished game of ${SITES[origin]} is recorded here`, "A game counts once it is filed, at most a minute after its end.", action)));
  }
  const at = told.made_at;
  setText(byId("checked"), at === null ? "" : `verified ${formatDateTime(at)}${told.current ? "" : ", games have come since"}`);
  byId("checked").title = formatUtc(at);
}

const GAMES = [
  { label: "game", cell: (row) => el("a", { class: "num", href: `/games/${encodeURIComponent(row.game_id)}?tab=verification` }, row.game_id) },
  { label: "result", cell: (row) => el("span", { class: "chip", data: { status: row.status } }, row.status) },
  { label: "why", name: "wrap-cell", cell: (row) => row.reason, title: (row) => row.mismatches.join("\n") || null },
  { label: "hash before the outcome", cell: (row) => row.commitment },
  { label: "version", cell: (row) => row.version ?? "—" },
  { label: "origin", name: "muted", cell: (row) => row.origin },
  { label: "", cell: (row) => el("a", { href: `/fairness/proofs/${encodeURIComponent(row.game_id)}`, download: "", title: "One file with every check and every tick, to hand on" }, "Proof page") },
];

function drawGames(told) {
  const box = byId("doubtful");
  if (told.games.length) box.replaceChildren(table(GAMES, told.games, { caption: "Games that are not verified" }));
  else box.replaceChildren(emptyState(told.status ? `No game is ${told.status}` : "None", "Every revealed game agrees with its seed."));
  drawPager(byId("pager"), told, (page) => go({ page }));
}

function mark(group, name, value) {
  for (const chip of byId(group).children) chip.setAttribute("aria-pressed", String(chip.dataset[name] === value));
}

/** A pass that was cancelled is begun again by the user alone. */
function drawCancelled() {
  const again = el("button", { class: "button", type: "button", on: { click: catchUp } }, "Verify now");
  byId("verifying").replaceChildren(el("div", { class: "row verifying wrap" }, el("span", { class: "muted" }, "The verification was cancelled; games that came since the last one are not in these numbers."), again));
}

let behind = false;

function draw(told) {
  behind = !told.current && !told.cancelled;
  if (!catching) byId("verifying").replaceChildren();
  if (told.cancelled && !catching) drawCancelled();
  drawNumbers(told);
  drawGames(told);
}

const holder = el("div");

async function showNumbers() {
  const { origin, status, page } = asked();
  mark("origins", "origin", origin);
  mark("statuses", "status", status);
  const ask = async () => ({ ...(await get(`/api/fairness?${new URLSearchParams({ origin, status, page })}`)), origin, status });
  const drawn = await load(holder, ask, draw, { again: showNumbers });
  byId("fault").replaceChildren(...(drawn ? [] : [holder]));
  if (drawn && behind) catchUp();
}

let catching = false;

/** Have what was filed since the last time verified, and show the numbers as they are then. */
async function catchUp() {
  if (catching) return;
  catching = true;
  try {
    let job = await post("/api/fairness/verification", {});
    while (!["done", "failed", "cancelled"].includes(job.state)) {
      drawWork(job);
      await new Promise((done) => setTimeout(done, STEP_MS));
      job = await get(`/api/jobs/${job.id}`);
    }
    byId("verifying").replaceChildren();
    if (job.error) tell({ message: job.error, advice: job.advice });
    if (job.state === "cancelled") catching = false; // the numbers say so, and nothing begins by itself
    if (!job.error) await showNumbers();
  } catch (error) {
    byId("verifying").replaceChildren();
    if (error.status === 404) await showNumbers(); // another page began the next pass: this one is over
    else tell(error);
  } finally {
    catching = false;
  }
}

function drawWork(job) {
  const cancel = el("button", { class: "button", type: "button", on: { click: () => post(`/api/jobs/${job.id}/cancel`, {}).catch(tell) } }, "Cancel");
  byId("verifying").replaceChildren(el("div", { class: "row verifying" }, progress({ ...job.progress, text: `Verifying ${job.progress.text}` }), cancel));
}

const audits = new AuditPanel(go, asked);
const seeds = new SeedBox();

function show() {
  showNumbers();
  audits.show();
}

byId("origins").addEventListener("click", ({ target }) => target.dataset.origin && go({ origin: target.dataset.origin, page: 1, audit: null }));
byId("statuses").addEventListener("click", ({ target }) => "status" in target.dataset && go({ status: target.dataset.status, page: 1 }));
addEventListener("popstate", () => {
  show();
  seeds.show();
});
setInterval(() => document.hidden || showNumbers(), AGAIN_MS);
show();
seeds.show();
