// What a backtest or sweep came to: key figures with their doubt, then a tab for each part.

import { formatCount, formatNumber, formatShare, formatSol, put, UNKNOWN } from "/static/sdk/format.js";
import { mountShell } from "/static/shell.js";
import { get } from "/static/ui/api.js";
import { byId, el, setText } from "/static/ui/dom.js";
import { LiveShell } from "/static/dash/live-shell.js";
import { load } from "/static/dash/load.js";
import { PANELS } from "/static/dash/run-panels.js";
import { meanSol } from "/static/dash/runs-table.js";
import { arrowTabs, markTab } from "/static/dash/tabs.js";

const run = byId("run").dataset.run;
const path = `/api/backtest/runs/${encodeURIComponent(run)}`;
const shell = mountShell({ page: "backtest" });
new LiveShell(shell);

const share = (value) => formatShare(value, { sign: true });
const sol = (text) => formatSol(Number(text), { sign: true });

function figure([name, text, beside = "", title = ""]) {
  const value = el("dd");
  put(value, text, title);
  return el("div", { class: "figure" }, el("dt", {}, name), value, el("dd", { class: "beside" }, beside));
}

/** What the games brought, each figure with its interval or what is fair beside it. */
function figuresOf({ whole, coin_flip: coin }, rate) {
  const { evidence } = whole;
  const putIn = Number(whole.put_in);
  const fair = putIn ? whole.expected / putIn : null;
  return [
    ["profit SOL", whole.result === null ? UNKNOWN : sol(whole.profit), `fair mean ${sol(whole.expected)}`, `${whole.profit} SOL`],
    ["of what was put in", share(whole.result), fair === null ? "nothing was put in" : `fair ${share(fair)}, coin flip ${share(coin.result)}`, `${whole.put_in} SOL put in`],
    ["mean SOL a game", whole.games ? meanSol(evidence.mean) : UNKNOWN, `95 %: ${meanSol(evidence.low)} to ${meanSol(evidence.high)}`],
    ["games", formatCount(whole.games), `${formatCount(whole.games_played)} with money, ${formatCount(whole.games_won)} won`],
    ["sidebets won", whole.bets ? `${formatCount(whole.bets_won)} of ${formatCount(whole.bets)}` : "none", whole.bets ? rateWords(rate) : `${formatCount(whole.buys)} buys`],
    ["largest drawdown", formatShare(whole.max_drawdown_share), `${formatSol(Number(whole.max_drawdown))} SOL`, `${whole.max_drawdown} SOL`],
    ["deflated score", formatNumber(evidence.deflated, { digits: 3 }), `${formatCount(evidence.variants)} tried; 0.95 would be remarkable`, "the chance that the true mean is above zero, once the variants tried are allowed for"],
  ];
}

function rateWords(rate) {
  if (rate === undefined) return "\u00a0";
  if (rate === null || rate.value === null) return "too few to say";
  const [value, low, high, fair] = [rate.value, rate.low, rate.high, rate.fair].map((each) => formatShare(each));
  return `${value} (${low} to ${high}), fair ${fair}`;
}

function figuresOfSweep(record) {
  const best = record.best[0];
  const none = ["the best on train games", UNKNOWN, "no variant was played to its end"];
  return [
    ["variants tried", formatCount(record.tried), `of ${formatCount(record.grid_size)}, ${formatCount(record.earlier)} before`],
    best ? ["the best on train games", `${sol(best.train.profit)} SOL`, `${share(best.train.result)} of what was put in`, `${best.train.profit} SOL`] : none,
    ...(best ? [
      ["the same on later games", `${sol(best.validation.profit)} SOL`, `${share(best.validation.result)} of what was put in`, `${best.validation.profit} SOL`],
      ["its mean on later games", meanSol(best.validation.evidence.mean), `95 %: ${meanSol(best.validation.evidence.low)} to ${meanSol(best.validation.evidence.high)}`],
    ] : []),
    ["train games", formatCount(record.train_games), `of ${formatCount(record.games.used)}`],
    ["could not be played", formatCount(record.impossible + record.failed), `${formatCount(record.failed)} failed on their way`],
  ];
}

function verdictOf({ kind, record }) {
  const part = kind === "sweep" ? record.best[0]?.train : record.whole;
  if (!part || part.result === null) return ["nothing was bet", "null"];
  return part.evidence.winner ? ["beyond chance", "true"] : ["not beyond chance", "false"];
}

/** The form as this run filled it in. */
function againUrl({ kind, record }) {
  const { contestant, games, manifest } = record;
  const asked = new URLSearchParams({ profile: contestant.source === "file" || contestant.source === "built-in" ? contestant.plays : contestant.name });
  if (games.asked !== "all") asked.set("games", games.asked);
  if (["demo", "all"].includes(games.origin) && games.asked === "all") asked.set("origin", games.origin);
  const { conditions } = contestant;
  const more = kind === "sweep" ? manifest.question.request : manifest.question.question;
  asked.set("cash", String(Number(conditions.cash)));
  asked.set("latency_ms", String(conditions.latency_ms));
  if (conditions.rug_payout === "nothing") asked.set("rug_payout", "nothing");
  for (const name of ["seed", "train_share", "folds", "top", "random"]) if (more[name] !== undefined && more[name] !== null) asked.set(name, String(more[name]));
  if (conditions.limits?.max_drawdown) asked.set("stop_drawdown", String(conditions.limits.max_drawdown));
  if (conditions.limits?.max_loss_day_sol) asked.set("max_loss_day", String(Number(conditions.limits.max_loss_day_sol)));
  for (const [name, values] of Object.entries(record.grid ?? {})) asked.append("grid", `${name}=${values}`);
  return `/backtest?${asked}`;
}

function drawFigures(data, rate) {
  const told = data.kind === "sweep" ? figuresOfSweep(data.record) : figuresOf(data.record, rate);
  byId("figures").replaceChildren(...told.map(figure));
}

function draw(data) {
  setText(byId("title"), data.title.replace(/^(Backtest|Sweep) of /, (_, kind) => (kind === "Sweep" ? "Sweep of " : "")));
  document.title = `${data.title} · VECTRA`;
  const [words, tone] = verdictOf(data);
  setText(byId("verdict"), words);
  byId("verdict").dataset.verdict = tone;
  byId("again").href = againUrl(data);
  drawFigures(data);
  byId("summary").replaceChildren(
    ...data.summary.map((text, at) => el("p", at ? {} : { class: "size-16" }, text)),
    el("h2", { class: "size-12 muted" }, "What to doubt"),
    el("ul", { class: "doubts" }, ...data.doubts.map((text) => el("li", {}, text))),
  );
  drawTabs(data);
}

const drawn = new Map();
arrowTabs(byId("tabs"));

function drawTabs(data) {
  const panels = PANELS[data.kind];
  const tabs = panels.map(({ id, label }) =>
    el("button", { class: "tab", type: "button", role: "tab", id: `tab-${id}`, "aria-controls": "panel", data: { tab: id }, on: { click: () => choose(id) } }, label));
  byId("tabs").replaceChildren(...tabs);

  function choose(id, { keep = true } = {}) {
    const panel = panels.find((each) => each.id === id) ?? panels[0];
    markTab(byId("tabs"), panel.id);
    byId("panel").setAttribute("aria-labelledby", `tab-${panel.id}`);
    if (keep) history.replaceState(null, "", panel.id === panels[0].id ? location.pathname : `?tab=${panel.id}`);
    const fresh = !drawn.has(panel.id);
    const box = drawn.get(panel.id) ?? el("div", { class: "run-panel" });
    drawn.set(panel.id, box);
    byId("panel").replaceChildren(box);
    if (fresh) load(box, () => panel.ask(path, data), (told) => panel.draw(box, told, { path, data }));
  }

  choose(new URLSearchParams(location.search).get("tab") ?? panels[0].id, { keep: false });
}

load(byId("summary"), () => get(path), (data) => {
  draw(data);
  if (data.kind === "backtest" && data.record.whole.bets) {
    PANELS.plots(path).then(({ win_rate: rate }) => drawFigures(data, rate)).catch(() => undefined); // the plots say why
  }
}, { rows: 4 });
