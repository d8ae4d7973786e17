// Own play: whose, what it came to, by day, and the games; everything is in the address.

import { formatCount, formatDateTime, formatPrice, formatShare, formatSol, formatSolExact, formatUtc, put } from "/static/sdk/format.js";
import { mountShell } from "/static/shell.js";
import { get } from "/static/ui/api.js";
import { byId, el, emptyState, setText } from "/static/ui/dom.js";
import { nameOf } from "/static/ui/names.js";
import { drawCalendar } from "/static/dash/calendar.js";
import { LiveShell } from "/static/dash/live-shell.js";
import { load } from "/static/dash/load.js";
import { drawPager, table } from "/static/dash/table.js";
import { drawTrouble, gain, number, sideOf } from "/static/dash/play-words.js";
import { counted } from "/static/dash/words.js";

const DEFAULTS = { sort: "time", order: "desc", page: "1", account: "" };
const LEVELS = 4;

const shell = mountShell({ page: "play" });
new LiveShell(shell);
const holder = el("div");

/** The parameters of the address, without those that say nothing. */
function wanted() {
  const asked = new URLSearchParams(location.search);
  for (const [name, value] of [...asked]) if (value === "" || DEFAULTS[name] === value) asked.delete(name);
  return asked;
}

function go(changes) {
  const asked = wanted();
  for (const [name, value] of Object.entries(changes)) {
    if (value === "" || value === null || DEFAULTS[name] === String(value)) asked.delete(name);
    else asked.set(name, String(value));
  }
  history.pushState(null, "", asked.size ? `/play?${asked}` : "/play");
  show();
}

const gameUrl = (game, account) => `/play/${encodeURIComponent(game.game_id)}?account=${encodeURIComponent(account)}`;

function columns({ play, notes }) {
  return [
    { label: "game", cell: (game) => el("a", { class: "num", href: gameUrl(game, play.account) }, game.game_id) },
    { label: "played", name: "num", sort: "time", cell: (game) => formatDateTime(game.started_at / 1000), title: (game) => formatUtc(game.started_at / 1000) },
    { label: "result SOL", name: "num", sort: "profit", cell: (game) => gain(game.profit), title: (game) => (game.profit === null ? "the server did not tell the money before and after this game" : formatSolExact(number(game.profit))) },
    { label: "bought SOL", name: "num", sort: "bought", cell: (game) => formatSol(number(game.bought)), title: (game) => formatSolExact(number(game.bought)) },
    { label: "buys", name: "num", cell: (game) => formatCount(game.buys) },
    { label: "sells", name: "num", cell: (game) => formatCount(game.sells) },
    { label: "sidebets", name: "num", sort: "bets", cell: (game) => (game.bets ? `${game.bets_won} of ${game.bets} won` : "—") },
    { label: "staked SOL", name: "num", sort: "staked", cell: (game) => formatSol(number(game.staked)), title: (game) => formatSolExact(number(game.staked)) },
    { label: "ticks", name: "num", sort: "ticks", cell: (game) => formatCount(game.rug_tick), hint: "ticks until the rug" },
    { label: "peak", name: "num", sort: "peak", cell: (game) => formatPrice(game.peak) },
    { label: "note", name: "truncate note-cell", cell: (game) => notes[game.game_id] ?? "", title: (game) => notes[game.game_id] ?? "" },
    { label: "", cell: (game) => el("a", { class: "button quiet", href: `/replay/${encodeURIComponent(game.game_id)}`, "aria-label": `Replay ${game.game_id}` }, "▶") },
  ];
}

function drawAccounts({ accounts, account }) {
  const chosen = byId("account");
  chosen.hidden = accounts.length < 2;
  const named = (each) => `${nameOf({ username: each.username, id: each.id })}${each.real ? "" : " (demo)"}`;
  chosen.replaceChildren(...accounts.map((each) => el("option", { value: each.id, selected: each.id === account }, named(each))));
  const mine = accounts.find((each) => each.id === account);
  byId("origin").hidden = !mine;
  if (!mine) return;
  setText(byId("origin"), mine.real ? mine.origin || "real site" : "demo");
  byId("origin").title = accounts.length < 2 ? named(mine) : mine.id;
}

function figure(name, text, title = "", side = "") {
  const value = el("dd", { class: side });
  put(value, text, title);
  return el("div", { class: "figure" }, el("dt", {}, name), value);
}

function drawTotals({ totals }) {
  const profit = number(totals.profit);
  const known = totals.games - totals.unknown;
  const baseline = `fair ${formatShare(totals.fair_win_chance)}`;
  const chance = el("span", { class: "muted size-12 chance" }, totals.bets ? baseline : "\u00a0");
  const share = el("dd", { id: "bet-share" }, totals.bets ? `${totals.bets_won} of ${totals.bets}` : "—", chance);
  byId("totals").replaceChildren(
    figure("result SOL", formatSol(known ? profit : null, { sign: true }), formatSolExact(known ? profit : null), sideOf(known ? profit : null)),
    figure("games", formatCount(totals.games), totals.unknown ? `of ${counted(totals.unknown, "game")} the result is not known` : ""),
    figure("bought SOL", formatSol(number(totals.bought)), formatSolExact(number(totals.bought))),
    figure("buys / sells", `${formatCount(totals.buys)} / ${formatCount(totals.sells)}`),
    figure("staked SOL", formatSol(number(totals.staked)), formatSolExact(number(totals.staked))),
    el("div", { class: "figure" }, el("dt", {}, "sidebets won"), share),
    figure("fair mean SOL", formatSol(totals.bets ? number(totals.bets_mean) : null, { sign: true }), "what sidebets of these stakes bring on average in a fair game"),
  );
  if (totals.bets) askChance(totals, chance, baseline);
}

/** Say how sure the share of won sidebets is; the fair chance stands beside it. */
async function askChance({ bets, bets_won: won }, box, baseline) {
  try {
    const told = await get(`/api/play/bets?won=${won}&bets=${bets}`);
    const interval = `${formatShare(told.low).replace(" %", "")}–${formatShare(told.high)}`;
    setText(box, `${interval}, ${baseline}`);
    box.title = `95 % interval of the chance of winning, from ${counted(bets, "sidebet")}`;
  } catch {
    box.title = "the interval could not be computed now";
  }
}

function drawDays({ days, account }) {
  const size = (day) => Math.abs(number(day.profit));
  const most = Math.max(0, ...days.map(size));
  const level = (day) => (size(day) === 0 ? 0 : Math.max(1, Math.ceil(LEVELS * Math.sqrt(size(day) / most))));
  const look = (day) => {
    const known = day.games > day.unknown;
    const side = !known || size(day) === 0 ? null : number(day.profit) > 0 ? "plus" : "minus";
    const result = known ? `${formatSol(number(day.profit), { sign: true })} SOL` : "result not known";
    const short = day.unknown && known ? `, ${counted(day.unknown, "game")} not known` : "";
    return {
      name: side ? `${side}-${level(day)}` : "even", sign: side,
      words: `${day.date} UTC: ${counted(day.games, "game")}, ${result}${short}`,
      href: `/play?account=${encodeURIComponent(account)}&since=${day.date}&until=${day.date}`,
    };
  };
  drawCalendar({
    box: "days", years: "years", days, look, chosen: Number(wanted().get("since")?.slice(0, 4)) || null,
    label: (year) => `Days of ${year} on which you played`,
    words: (count, year) => `${counted(count, "day")} of ${year}; + won, − lost, stronger where it was more. A day shows its games.`,
    empty: "No game was played yet.",
  });
}

function nothing({ accounts }) {
  const code = (text) => el("code", {}, text);
  const step = (title, text, action) => el("li", { class: "step" }, el("h3", {}, title), el("p", { class: "muted" }, text), action);
  const known = accounts.length
    ? `${accounts.map((each) => nameOf({ username: each.username, id: each.id })).join(", ")} was logged in while ${counted(accounts.reduce((sum, each) => sum + each.games_seen, 0), "game")} were recorded, and did not play.`
    : "Only a browser that is logged in hears of its own account; the public feed tells nothing of it.";
  byId("nothing").className = "card next";
  byId("nothing").replaceChildren(
    el("header", {}, el("h2", {}, "No own play is recorded yet")),
    el("p", { class: "muted body-text" }, known),
    el("ol", { class: "steps body" },
      step("Record your own browser", "A Chrome of its own opens the game. You log in and play there; everything it exchanges is recorded.", code("vectra-player up --source chrome")),
      step("Bring recordings in", "Captures of a browser that was logged in hold your play.", el("a", { class: "button primary", href: "/recording#import" }, "Import files")),
      step("Practise without money", "Trade inside the replay of any recorded game; a score card tells what it came to.", el("a", { class: "button", href: "/games" }, "Choose a game"))),
  );
}

function draw(told) {
  const { play } = told;
  const played = play.days.length > 0;
  holder.remove();
  drawTrouble(told.trouble);
  byId("nothing").hidden = played;
  byId("play").hidden = !played;
  drawAccounts(play);
  setText(byId("count"), played ? counted(play.total, "game") : "");
  if (!played) {
    nothing(play);
    return;
  }
  drawTotals(play);
  drawDays(play);
  drawRows(told);
}

function drawRows(told) {
  const { play } = told;
  const asked = wanted();
  for (const name of ["since", "until"]) byId(name).value = asked.get(name) ?? "";
  const sorting = {
    by: asked.get("sort") ?? DEFAULTS.sort,
    order: asked.get("order") ?? DEFAULTS.order,
    choose: (by) => go({ sort: by, order: sorting.by === by && sorting.order === "desc" ? "asc" : "desc", page: 1 }),
  };
  if (play.games.length) {
    const open = (game, event) => (event.metaKey || event.ctrlKey ? window.open(gameUrl(game, play.account)) : location.assign(gameUrl(game, play.account)));
    byId("rows").replaceChildren(table(columns(told), play.games, { sorting, caption: "Own games", open }));
  } else {
    const all = el("button", { class: "button", type: "button", on: { click: () => go({ since: null, until: null, page: 1 }) } }, "Show all days");
    byId("rows").replaceChildren(emptyState("No game on these days", "Choose other days.", all));
  }
  drawPager(byId("pager"), play, (page) => go({ page }));
}

function show() {
  if (byId("play").hidden) byId("nothing").before(holder);
  const box = byId("play").hidden ? holder : byId("rows");
  const asked = wanted();
  const ask = async () => ({ ...(await get(`/api/play${asked.size ? `?${asked}` : ""}`)), asked: String(asked) });
  load(box, ask, draw, { rows: 8 });
}

byId("account").addEventListener("change", (event) => go({ account: event.target.value, since: null, until: null, page: 1 }));
byId("range").addEventListener("change", (event) => go({ [event.target.name]: event.target.value, page: 1 }));
byId("range").addEventListener("submit", (event) => event.preventDefault());
byId("clear").addEventListener("click", (event) => {
  event.preventDefault();
  go({ since: null, until: null, page: 1 });
});
addEventListener("popstate", show);
shell.key("ArrowRight", "Next page", () => byId("pager").querySelector("[aria-label='Next page']:not(:disabled)")?.click());
shell.key("ArrowLeft", "Previous page", () => byId("pager").querySelector("[aria-label='Previous page']:not(:disabled)")?.click());
show();
