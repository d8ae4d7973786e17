"""What the simulated players do in one round: trades, sidebets, ranking. Pure.

Called by the simulation only. Book-keeping and sidebet rules are those of `game`; here is only
who wants what. Nothing a connected client does changes a decision made here.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from vectra_player.demo import records
from vectra_player.demo.people import Person
from vectra_player.demo.values import Payload, Stamps, new_uuid
from vectra_player.game.positions import Fill, Ledger
from vectra_player.game.sidebet import PRESALE_START_TICK, Settlement, SidebetBook

TOP = 10
"""Length of the leaderboard on the wire."""

_PURSE = Decimal(1_000_000)
_MAX_PUBLIC_STAKE = Decimal(5)


@dataclass(slots=True)
class Player:
    """A person in this round."""

    person: Person
    who: records.Who
    ledger: Ledger = field(default_factory=lambda: Ledger(_PURSE))
    entered: bool = False
    exits: int = 0


class Crowd:
    """The players of one round, its trades not yet published and its sidebet records."""

    def __init__(
        self, people: Sequence[Person], rng: random.Random, game_id: str, stamps: Stamps
    ) -> None:
        chosen = rng.sample(list(people), k=rng.randint(len(people) // 2, len(people) * 5 // 6))
        self._rng = rng
        self._game_id = game_id
        self._stamps = stamps
        self._book = SidebetBook()
        self._players = {p.id: _player(p) for p in chosen}
        self.trade_count = 0
        self.pending_trades: list[Payload] = []
        self.sidebet_records: list[Payload] = []
        self.announced: list[Payload] = []

    def presale(self, at_ms: float, timer_ms: int, opened_ms: int) -> None:
        """Let players enter before the start; they spread evenly over the presale."""
        chance = 100 / max(timer_ms + 100, 100) if timer_ms < opened_ms * 0.9 else 0.02
        for player in self._players.values():
            if player.entered or self._rng.random() > chance:
                continue
            player.entered = True
            if player.person.buys and self._rng.random() < 0.55:
                self._buy(player, 1.0, 0)
            if player.person.bets and self._rng.random() < 0.5:
                self._bet(player, PRESALE_START_TICK, 1.0, at_ms)

    def tick(self, tick: int, price: float, at_ms: float) -> None:
        """Let a live tick pass: losses settle first, then everybody may move."""
        self._settle(self._book.advance(tick, rugged=False), price, at_ms)
        for player in self._players.values():
            if self._rng.random() < player.person.eagerness:
                self._move(player, tick, price)
            if player.person.bets and self._rng.random() < 0.035:
                self._bet(player, tick, price, at_ms)

    def rug(self, tick: int, price: float, at_ms: float) -> None:
        """Settle everything that is open: sidebets win, positions are sold at the rug price."""
        self._settle(self._book.advance(tick, rugged=True), price, at_ms)
        for player in self._players.values():
            player.ledger, fill = player.ledger.close_at_rug(price)
            # Forced sells are counted but hardly ever broadcast (docs/protocol.md section 7).
            self.trade_count += fill is not None

    def leaderboard(self, price: float, *, presale: bool) -> list[Payload]:
        """Return the ten best entries, best first."""
        entries = [
            records.leaderboard_entry(
                p.who, self._game_id, p.ledger, self._book.of(p.who.id), price, presale=presale
            )
            for p in self._players.values()
            if p.ledger.total_invested or self._book.of(p.who.id)
        ]
        entries.sort(key=lambda entry: (-entry["pnl"], -entry["totalInvested"]))
        return [entry | {"position": rank} for rank, entry in enumerate(entries[:TOP], 1)]

    def sample_trade(self) -> Payload | None:
        """Return one of the trades since the last sample and forget the others."""
        if not self.pending_trades:
            return None
        chosen = self._rng.choice(self.pending_trades)
        self.pending_trades.clear()
        return chosen

    def _move(self, player: Player, tick: int, price: float) -> None:
        position = player.ledger.position
        if not position.qty:
            if player.person.buys and player.exits < 4:
                self._buy(player, price, tick)
            return
        gain = price / float(position.avg_cost)
        if gain >= player.person.target or gain <= player.person.stop or self._rng.random() < 0.15:
            percentage = self._rng.choice((25, 50, 100, 100, 100))
            player.ledger, fill = player.ledger.sell(percentage, price)
            player.exits += not player.ledger.position.qty
            self._publish(player, fill, tick)

    def _buy(self, player: Player, price: float, tick: int) -> None:
        player.ledger, fill = player.ledger.buy(player.person.stake, price)
        player.entered = True
        self._publish(player, fill, tick)

    def _publish(self, player: Player, fill: Fill, tick: int) -> None:
        self.trade_count += 1
        if not player.who.practice:
            trade_id = new_uuid(self._rng)
            self.pending_trades.append(
                records.trade(player.who, self._game_id, fill, tick, trade_id)
            )

    def _bet(self, player: Player, tick: int, price: float, at_ms: float) -> None:
        who = player.who
        if self._book.of(who.id) is not None:
            return
        stake = min(player.person.stake, _MAX_PUBLIC_STAKE)
        bet = self._book.place(who.id, stake, tick, practice=who.practice)
        player.ledger = player.ledger.stake(stake)
        if tick == PRESALE_START_TICK:
            return
        stamp = self._stamps.at(at_ms)
        record_id = new_uuid(self._rng)
        self.sidebet_records.append(records.placed(who, self._game_id, bet, stamp, record_id))
        if self._rng.random() < 0.04:
            self.announced.append(records.public_sidebet(who, self._game_id, bet, price, stamp))

    def _settle(self, results: list[Settlement], price: float, at_ms: float) -> None:
        for result in results:
            player = self._players[result.bet.player_id]
            player.ledger = player.ledger.settle_sidebet(result)
            self.sidebet_records.append(
                records.payout(
                    player.who,
                    self._game_id,
                    result,
                    price,
                    self._stamps.at(at_ms),
                    new_uuid(self._rng),
                )
            )


def _player(person: Person) -> Player:
    who = records.Who(person.id, person.username, person.level, person.practice)
    return Player(person, who)
