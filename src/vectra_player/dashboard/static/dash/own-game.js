// One own game: entries and exits on the candles, what was done, what else it could have been, a note.

import { formatCount, formatDateTime, formatPrice, formatShare, formatSol, formatSolExact, formatTime, formatUtc, put } from "/static/sdk/format.js";
import { mountShell } from "/static/shell.js";
import { get, post } from "/static/ui/api.js";
import { byId, el, emptyState, setText } from "/static/ui/dom.js";
import { nameOf } from "/static/ui/names.js";
import { GameView } from "/static/dash/game-view.js";
import { LiveShell } from "/static/dash/live-shell.js";
import { load } from "/static/dash/load.js";
import { drawTrouble, gain, number, sideOf } from "/static/dash/play-words.js";
import { table } from "/static/dash/table.js";
import { counted } from "/static/dash/words.js";

const LEAST = 2e-9; // two lamports: sums of amounts rounded on their way may differ by so much

const gameId = byId("game").dataset.game;
const path = `/api/play/games/${encodeURIComponent(gameId)}`;
const shell = mountShell({ page: "play" });
new LiveShell(shell);

const sol = (text) => formatSol(number(text));
const exact = (text) => (text === null ? "not known" : formatSolExact(number(text)));

function figures({ line, before, after, game, fair_win_chance: fair }) {
  const profit = number(line.profit);
  const items = [
    ["result SOL", formatSol(profit, { sign: true }), exact(line.profit), sideOf(profit)],
    ["money before", sol(before), exact(before)],
    ["money after", sol(after), exact(after)],
    ["bought SOL", sol(line.bought), exact(line.bought)],
    ["buys / sells", `${formatCount(line.buys)} / ${formatCount(line.sells)}`],
    ["sidebets won", line.bets ? `${line.bets_won} of ${line.bets}` : "—", `in a fair game ${formatShare(fair)} of sidebets win`],
    ["staked SOL", sol(line.staked), exact(line.staked)],
    ["rug tick", formatCount(line.rug_tick)],
    ["peak", formatPrice(line.peak), String(line.peak ?? "")],
    ["date", formatDateTime(line.started_at / 1000).slice(0, 10), formatUtc(line.started_at / 1000)],
    ["time", formatTime(line.started_at / 1000), formatUtc(line.started_at / 1000)],
    ["recorded", game.facts.completeness],
  ];
  byId("figures").replaceChildren(
    ...items.map(([name, text, title = "", side = ""]) => {
      const value = el("dd", { class: side });
      put(value, text, title);
      return el("div", { class: "figure" }, el("dt", {}, name), value);
    }),
  );
}

/** Trades and sidebets in the order of their ticks. */
function deedsOf({ own, sidebets }, account) {
  const trades = own.filter((deal) => deal.account === account).map((deal) => ({
    tick: Math.max(0, deal.tick ?? 0), ts: deal.ts, what: deal.action.replace("_", " ").toLowerCase(),
    amount: deal.amount, price: deal.price, result: null, why: deal.seen ? "" : "no echo of it was recorded; the account's holding changed",
    note: [deal.money ? "" : "practice coins", deal.seen ? "" : "from the account"].filter(Boolean).join(", "),
  }));
  const bets = sidebets.filter((bet) => bet.own && bet.player_id === account).map((bet) => ({
    tick: Math.max(0, bet.start_tick), ts: null, what: `sidebet to tick ${bet.end_tick}`,
    amount: bet.amount, price: null, result: bet.profit, why: "", note: bet.outcome,
  }));
  return [...trades, ...bets].sort((a, b) => a.tick - b.tick || (a.ts ?? 0) - (b.ts ?? 0));
}

const DEEDS = [
  { label: "tick", name: "num", cell: (row) => el("button", { class: "chip num", type: "button", title: "Show on the chart", on: { click: () => view.at(row.tick) } }, formatCount(row.tick)) },
  { label: "time", name: "num muted", cell: (row) => (row.ts === null ? "—" : formatTime(row.ts / 1000)), title: (row) => (row.ts === null ? "not told" : formatUtc(row.ts / 1000)) },
  { label: "what", cell: (row) => row.what },
  { label: "SOL", name: "num", cell: (row) => sol(row.amount), title: (row) => exact(row.amount) },
  { label: "price", name: "num", cell: (row) => formatPrice(row.price) },
  { label: "result", name: "num", cell: (row) => (row.result === null ? "" : gain(row.result)), title: (row) => (row.result === null ? "" : exact(row.result)) },
  { label: "", name: "muted", cell: (row) => row.note, title: (row) => row.why },
];

const WORDS = {
  held: ["holding to the rug", "the same buys and sidebets, nothing sold"],
  no_bets: ["never betting", "the same trades, no sidebet"],
  nothing: ["not playing", ""],
};

function otherwise({ line, seen, alternatives }) {
  const rows = [
    { name: "as you played", why: "the change of your money as the server states it", profit: line.profit, own: true },
    ...alternatives.map(({ kind, profit }) => ({ name: WORDS[kind][0], why: WORDS[kind][1], profit })),
  ];
  const columns = [
    { label: "way", name: "way-cell", cell: (row) => el("span", {}, row.own ? el("strong", {}, row.name) : row.name, row.why ? el("span", { class: "muted size-12" }, row.why) : null) },
    { label: "result SOL", name: "num", cell: (row) => gain(row.profit), title: (row) => exact(row.profit) },
  ];
  const lines = [table(columns, rows, { caption: "What else would have come of it" })];
  const missing = line.profit !== null && seen !== null ? number(line.profit) - number(seen) : null;
  if (missing !== null && Math.abs(missing) > LEAST) {
    lines.push(el("p", { class: "muted size-12 body-text" }, `What was seen adds up to ${formatSol(number(seen), { sign: true })} SOL; ${formatSolExact(missing)} of the change is not explained by it.`));
  } else if (line.profit !== null && seen !== null) {
    lines.push(el("p", { class: "muted size-12 body-text" }, "The trades and sidebets that were seen add up to exactly this change."));
  }
  lines.push(el("p", { class: "muted size-12 body-text" }, "By the rules of the game; what is held at the rug is worth the rug price. One game says nothing about the next."));
  byId("otherwise").replaceChildren(...lines);
}

function drawAccounts({ accounts, account, game }) {
  const chosen = byId("account");
  const named = (each) => nameOf({ username: each.username, id: each.id });
  chosen.hidden = accounts.length < 2;
  chosen.replaceChildren(...accounts.map((each) => el("option", { value: each.id, selected: each.id === account }, named(each))));
  setText(byId("origin"), game.facts.origin || game.facts.source);
}

class NoteForm {
  #field = byId("note");
  #save = byId("note-save");
  #state = byId("note-state");
  #kept = null;

  constructor() {
    this.#field.addEventListener("input", () => this.#changed());
    byId("note-form").addEventListener("submit", (event) => {
      event.preventDefault();
      this.#write();
    });
    addEventListener("beforeunload", (event) => !this.#save.disabled && event.preventDefault());
  }

  show(note) {
    this.#kept = note;
    this.#field.value = note?.text ?? "";
    this.#changed();
  }

  #changed() {
    const same = this.#field.value.trim() === (this.#kept?.text ?? "");
    this.#save.disabled = same;
    const kept = this.#kept ? `Saved ${formatDateTime(this.#kept.at / 1000)}.` : "";
    setText(this.#state, same ? kept : "Not saved yet.");
  }

  async #write() {
    this.#save.disabled = true;
    setText(this.#state, "Saving…");
    const text = this.#field.value;
    try {
      const { note } = await post(`${path}/note`, { text, before: this.#kept?.at ?? null });
      this.#kept = note;
      this.#changed();
    } catch (error) {
      this.#save.disabled = false;
      setText(this.#state, `${error.message} ${error.advice ?? ""}`.trim());
    }
  }
}

const view = new GameView({ shown: { own: true, trades: false, sidebets: false } });
const note = new NoteForm();
const holder = el("div");

function draw({ play, note: written, trouble }) {
  const { game, account } = play;
  const mine = { ...game, own: game.own.filter((deal) => deal.account === account) };
  drawAccounts(play);
  figures(play);
  view.draw(mine);
  const deeds = deedsOf(game, account);
  setText(byId("deeds-count"), counted(deeds.length, "action"));
  const none = emptyState("No action was seen", "The account's money or holding changed, but no trade or sidebet was told.");
  byId("deeds").replaceChildren(deeds.length ? table(DEEDS, deeds, { caption: "What you did" }) : none);
  otherwise(play);
  drawTrouble(trouble);
  note.show(written);
}

const asked = new URLSearchParams(location.search).get("account");
load(holder, () => get(`${path}${asked ? `?account=${encodeURIComponent(asked)}` : ""}`), draw).then((shown) => {
  if (!shown) byId("fault").replaceChildren(holder);
});
byId("account").addEventListener("change", (event) => location.assign(`?account=${encodeURIComponent(event.target.value)}`));
shell.key("p", "Replay this game", () => byId("replay").click());
shell.key("ArrowRight", "Next own action", () => view.step(1));
shell.key("ArrowLeft", "Own action before", () => view.step(-1));
