// What the explorer shows of an answer: the line, the windows, the simulation, the comparison.

import { formatCount, formatSol, formatSolExact, UNKNOWN } from "/static/sdk/format.js";
import { byId, el, emptyState, setText } from "/static/ui/dom.js";
import { table } from "/static/dash/table.js";
import { counted } from "/static/dash/words.js";
import { estimated, fine, gain, interval, keyFigure, plainFigure, share, signedTimes, times } from "/static/dash/explorer-words.js";

const WORDS = { generated: "generated fair games", recorded: "recorded games", "win-rate": "a coin with the assumed win rate" };

/** The answer in one line, its key figures, and what it rests on. */
export function drawValue(told) {
  const { value, row, ground } = told;
  const fair = `A fair game takes ${share(-value.fair)} of what is staked`;
  const said = value.value === null
    ? `${fair}. No recorded game says yet what these windows bring.`
    : `${fair}; ${counted(value.n, "complete recorded game")} ${value.n === 1 ? "says" : "say"} ${gain(value.value)} for these windows, ${interval(value, gain)}.`;
  setText(byId("line"), said);
  setText(byId("verdict"), told.verdict);
  setText(byId("ground"), ground ? `${counted(ground.games, "game")}, ${formatCount(ground.complete)} complete, ${told.words}` : told.words);
  byId("key").replaceChildren(
    keyFigure("profit a stake", value, gain),
    keyFigure(row.bets === 1 ? "it wins" : `one of ${row.bets} wins`, row.any_win, share),
    keyFigure("profit a game, in stakes", row.value, signedTimes),
    plainFigure("bets a game", times(row.staked), `fair ${times(row.fair_staked)}`, "mean number of bets until one wins or the row ends"),
    plainFigure("to break even", share(told.break_even_chance), `fair win rate ${share(told.fair_chance)}`, "how often a sidebet would have to win"),
    keyFigure("hazard a tick", told.hazard, fine),
  );
  const remarks = told.remarks.map(remark);
  const start = ground ? [] : [el("p", { class: "remark" }, `There are no ${told.words} here. `, el("a", { href: "/recording" }, "Record or import"), " some; until then only the fair game speaks.")];
  byId("remarks").replaceChildren(...start, ...remarks);
}

const remark = (text) => el("p", { class: "remark" }, text);

/** One row a window, and what it costs if none wins. */
export function drawWindows(told) {
  const fair = `fair ${share(told.fair_chance)}`;
  const columns = [
    { label: "bet", name: "num", cell: (one) => (one.bet ? String(one.bet) : "none") },
    { label: "ticks", name: "num", cell: (one) => (one.bet ? `${one.start}–${one.end}` : "") },
    { label: "stake", name: "num", cell: (one) => (one.bet ? formatSol(one.stake) : ""), title: (one) => (one.bet ? formatSolExact(one.stake) : null) },
    { label: "games there", hint: "recorded games that got so far", name: "num", cell: (one) => (one.bet ? formatCount(one.odds.at_risk) : "") },
    { label: `win rate (${fair})`, name: "num", cell: (one) => (one.bet ? estimated(one.odds.chance, share) : "") },
    { label: `profit a stake (fair ${gain(told.fair_value)})`, name: "num", cell: (one) => (one.bet ? estimated(one.odds.value, gain) : "") },
    { label: "the row ends here", name: "num", cell: (one) => estimated(one.ends, share) },
    { label: "fair", name: "num muted", cell: (one) => share(one.ends.fair) },
    { label: "then in all, SOL", name: "num", hint: "won or lost by the whole row", cell: (one) => el("span", { class: `${one.profit > 0 ? "up" : "down"} no-shape` }, formatSol(one.profit, { sign: true })), title: (one) => formatSolExact(one.profit) },
  ];
  const none = { bet: null, ends: told.all_lost, profit: told.loss };
  byId("windows").replaceChildren(table(columns, [...told.windows, none], { caption: "The windows of the bets" }));
}

/** What the runs came to, or why there are none. `kept`: a run that was kept. */
export function drawSimulation(told, kept, { run, quick, generated }) {
  const found = kept ? kept.simulation : told.simulation;
  const note = byId("run-note");
  byId("simulation-plots").hidden = !found;
  note.replaceChildren();
  if (!found) {
    const action = told.is_long
      ? el("button", { class: "button primary", type: "button", on: { click: run } }, "Run as a job")
      : el("button", { class: "button", type: "button", on: { click: generated } }, "Use generated games");
    note.replaceChildren(emptyState(told.reason, told.is_long ? told.advice : "Record or import some, or let generated games decide.", action));
    setText(byId("simulation-line"), "\u00a0");
    setText(byId("simulated"), "");
    byId("risk").replaceChildren();
    return;
  }
  if (kept) {
    const back = el("button", { class: "button", type: "button", on: { click: quick } }, "Back to quick runs");
    note.replaceChildren(el("p", { class: "row wrap kept" }, el("span", { class: "grow" }, `A kept run: ${kept.run}, made ${kept.manifest.made_at.replace("T", " ")} UTC.`), back));
  }
  const { plan } = found;
  setText(byId("simulated"), `${formatCount(plan.runs)} runs of ${formatCount(plan.games)} games, ${WORDS[found.pool]}, seed ${plan.seed}`);
  note.append(...found.remarks.filter((text) => !told.remarks.includes(text)).map(remark));
  setText(byId("simulation-line"), lineOf(found, told.fair));
  byId("risk").replaceChildren(...figuresOf(found, told.fair));
}

function lineOf(found, fair) {
  if (!found.bets) return "It placed no bet: who does not bet keeps what they have.";
  const games = found.ev_of_games;
  const open = games && games.low !== null ? `; ${counted(games.n, "game")} leave ${interval(games, gain)} open` : "";
  const profit = fair ? `, ${share(fair.probability_profit.value)} over fair games` : "";
  return `${share(found.probability_profit.value)} of the runs ended with a profit${profit}; the median run ended with ${formatSol(Number(found.median_final))} of ${formatSol(Number(found.initial_balance))} SOL. A SOL staked brought ${gain(found.ev_per_stake.value)}, fair ${gain(found.ev_per_stake.fair)}${open}.`;
}

/** `fair`: the same strategy over fair games, where the runs drew from others. */
function figuresOf(found, fair) {
  const { risk, plan } = found;
  const halts = Object.entries(found.halts).filter(([, runs]) => runs >= plan.runs / 1000).map(([name, runs]) => `${name} ${share(runs / plan.runs)}`);
  const beside = (value, form) => (fair ? `fair ${form(value(fair))}` : "");
  const joined = (...texts) => texts.filter(Boolean).join(", ");
  const ends = (one) => formatSol(Number(one.median_final));
  return [
    keyFigure("ends with a profit", found.probability_profit, share, beside((one) => one.probability_profit.value, share)),
    keyFigure("doubles", found.probability_2x, share, beside((one) => one.probability_2x.value, share)),
    keyFigure("ruined", found.probability_ruin, share, beside((one) => one.probability_ruin.value, share)),
    keyFigure("profit a SOL staked", found.ev_per_stake, gain),
    found.ev_of_games && keyFigure("the games themselves", found.ev_of_games, gain),
    plainFigure("median end, SOL", ends(found), joined(`of ${formatSol(Number(found.initial_balance))}`, fair && `fair ${ends(fair)}`), `${found.median_final} SOL`),
    plainFigure("mean largest drawdown", share(risk.mean_max_drawdown), joined(`worst ${share(risk.worst_drawdown)}`, beside((one) => one.mean_max_drawdown, share))),
    plainFigure("VaR 95 %", share(risk.var_95), joined(`beyond it ${share(risk.cvar_95)}`, beside((one) => one.var_95, share)), "what a run loses at most in 19 of 20, and the mean of the rest"),
    plainFigure("risk", risk.risk_level ?? UNKNOWN, joined(...halts)),
  ].filter(Boolean);
}

const named = (one, link) => el(
  "span", { class: "estimate left" },
  one.preset ? el("a", { href: link(one.profile) }, one.profile) : el("strong", { class: "own" }, one.profile),
  el("span", { class: "muted size-12" }, one.mode.replaceAll("_", " ")),
);

const COLUMNS = (link, fair) => [
  { label: "strategy, sizing", sort: "profile", cell: (one) => named(one, link) },
  { label: "profit", name: "num", sort: "profit", by: (one) => one.probability_profit.value, cell: (one) => estimated(one.probability_profit, share), hint: "share of the runs that ended with a profit" },
  { label: "doubled", name: "num", sort: "doubled", by: (one) => one.probability_2x.value, cell: (one) => share(one.probability_2x.value) },
  { label: "ruined", name: "num", sort: "ruined", by: (one) => one.probability_ruin.value, cell: (one) => share(one.probability_ruin.value) },
  { label: "median SOL", name: "num", sort: "median", by: (one) => Number(one.median_final), cell: (one) => formatSol(Number(one.median_final)), title: (one) => `${one.median_final} SOL` },
  { label: `of stakes (fair ${fair})`, name: "num", sort: "value", by: (one) => one.ev_per_stake.value, cell: (one) => (one.bets ? estimated(one.ev_per_stake, gain) : el("span", { class: "muted" }, "no bet")), hint: "what all runs brought over what they staked" },
  { label: "drawdown", name: "num", sort: "drawdown", by: (one) => one.mean_max_drawdown, cell: (one) => share(one.mean_max_drawdown), hint: "mean of the largest drawdown of each run" },
  { label: "VaR 95 %", name: "num", sort: "var", by: (one) => one.var_95, cell: (one) => share(one.var_95) },
  { label: "risk", sort: "risk", by: (one) => one.mean_max_drawdown, cell: (one) => el("span", { class: "chip", data: { risk: one.risk_level ?? "" } }, one.risk_level ?? UNKNOWN) },
];

/** The strategy and the presets; `sorting`: {by, order, choose}, `link(name)` shows a preset. */
export function drawComparison(rows, sorting, link) {
  const columns = COLUMNS(link, gain(rows[0].ev_per_stake.fair));
  const column = columns.find((each) => each.sort === sorting.by);
  const value = column?.by ?? ((one) => one.profile);
  const way = sorting.order === "asc" ? 1 : -1;
  const sorted = [...rows].sort((one, other) => way * order(value(one), value(other)) || order(one.mean_max_drawdown, other.mean_max_drawdown));
  const shown = table(columns, sorted, { sorting, caption: "The strategy beside the presets" });
  for (const [at, line] of [...shown.tBodies[0].rows].entries()) line.classList.toggle("is-own", !sorted[at].preset);
  byId("compared").replaceChildren(shown);
}

function order(one, other) {
  if (one === other) return 0;
  if (one === null || other === null) return one === null ? -1 : 1;
  return one < other ? -1 : 1;
}
