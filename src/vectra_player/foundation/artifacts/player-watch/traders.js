// What was seen of each player's trading: counts and sums of a sample.

const MOST_PLAYERS = 2000;

function fresh(id) {
  return { id, name: id, level: null, buys: 0, sells: 0, bought: 0, sold: 0, games: new Set(), entryTicks: 0, entries: 0, last: 0 };
}

export class Traders {
  #players = new Map();

  /** Count one trade of the feed; `id` of the trade makes a repeat harmless. */
  take(trade, name, ts) {
    const id = String(trade.playerId ?? name);
    const player = this.#players.get(id) ?? fresh(id);
    const amount = typeof trade.amount === "number" ? trade.amount : 0;
    Object.assign(player, { name, level: trade.level ?? player.level, last: ts });
    player.games.add(trade.gameId);
    if (trade.type === "buy") {
      player.buys += 1;
      player.bought += amount;
      if (Number.isInteger(trade.tickIndex)) {
        player.entries += 1;
        player.entryTicks += trade.tickIndex;
      }
    } else if (trade.type === "sell") {
      player.sells += 1;
      player.sold += amount;
    }
    this.#players.delete(id);
    this.#players.set(id, player);
    if (this.#players.size > MOST_PLAYERS) this.#players.delete(this.#players.keys().next().value);
  }

  /** Forget everybody. */
  clear() {
    this.#players.clear();
  }

  /** Players whose name holds `wanted`, those seen trading most first. */
  list(wanted = "") {
    const text = wanted.trim().toLowerCase();
    return [...this.#players.values()]
      .filter((player) => player.name.toLowerCase().includes(text))
      .sort((a, b) => b.buys + b.sells - (a.buys + a.sells) || b.last - a.last);
  }
}
