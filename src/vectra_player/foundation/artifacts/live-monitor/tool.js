// Price, candles and trade tape of the game that is on.

import { FoundationWSClient } from "/artifacts/shared/foundation-ws-client.js";
import { formatCount, formatCountdown, formatPrice, formatSol, put } from "/artifacts/shared/format.js";
import { mountShell } from "/static/shell.js";
import { CandleChart, attribution, rugTickOf } from "/static/ui/candles.js";
import { byId, el, setText } from "/static/ui/dom.js";
import { TradeTape } from "/static/ui/tape.js";

const KEPT = 400;

const address = new URLSearchParams(location.search);
const client = new FoundationWSClient({ replay: address.get("replay") });
const shell = mountShell({ page: "tools", title: "Live monitor" });
const chart = new CandleChart(byId("chart"));
const tape = new TradeTape(byId("tape"), { rows: 60 });
const figures = new Map();
let trades = [];
let side = address.get("side") ?? "all";

for (const name of ["tick", "peak", "players", "trades", "bought", "sold"]) {
  const value = el("dd", { data: { figure: name } }, "—");
  figures.set(name, value);
  byId("figures").append(el("div", { class: "figure" }, el("dt", {}, name), value));
}
byId("chart-foot").append(attribution());

function wanted(trade) {
  const least = Number(byId("least").value) || 0;
  const fits = side === "all" || String(trade.type).startsWith(side === "buy" ? "buy" : "sell");
  return fits && (trade.amount ?? 0) >= least;
}

function volume(state, type) {
  const amounts = trades.filter((trade) => trade.type === type && trade.gameId === state.gameId).map((trade) => trade.amount ?? 0);
  return amounts.length ? amounts.reduce((sum, amount) => sum + amount, 0) : null;
}

function keep(trade) {
  trades.push(trade);
  if (trades.length > KEPT) trades = trades.slice(-KEPT);
  if (wanted(trade)) tape.add(trade);
}

function refilter() {
  for (const chip of document.querySelectorAll("[data-side]")) {
    chip.setAttribute("aria-pressed", String(chip.dataset.side === side));
  }
  if (side === "all") address.delete("side");
  else address.set("side", side);
  history.replaceState(null, "", address.size ? `?${address}` : location.pathname);
  tape.reset(trades.filter(wanted));
}

client.store.render((state) => {
  put(byId("price"), formatPrice(state.price));
  setText(byId("phase"), state.phase);
  byId("phase").dataset.phase = state.phase;
  chart.show({ gameId: state.gameId, candles: state.candles, rugTick: rugTickOf(state) });
  if (byId("fit").checked) chart.fit();
  put(figures.get("tick"), formatCount(state.tick));
  put(figures.get("peak"), formatPrice(state.series.peak));
  put(figures.get("players"), formatCount(state.players));
  put(figures.get("trades"), formatCount(state.tradeCount));
  put(figures.get("bought"), formatSol(volume(state, "buy")), "SOL, of the trades seen in this game");
  put(figures.get("sold"), formatSol(volume(state, "sell")), "SOL, of the trades seen in this game");
});
client.on("snapshot", (message) => {
  trades = [...(message.data.trades ?? [])];
  refilter();
});
client.on("player.trade", (message) => keep({ ...message.data, ts: message.ts }));

for (const chip of document.querySelectorAll("[data-side]")) {
  chip.addEventListener("click", () => {
    side = chip.dataset.side;
    refilter();
  });
}
byId("least").addEventListener("input", refilter);
setInterval(() => {
  const left = client.store.countdown();
  setText(byId("countdown"), left === null ? "" : `next game in ${formatCountdown(left)}`);
}, 100);
shell.follow(client);
client.connect();
