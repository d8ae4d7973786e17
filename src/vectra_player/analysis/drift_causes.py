"""Why a trade of a run is not that of its backtest. Pure. Used by `analysis.drift`.

The causes are tried from the nearest to the farthest: what became of the very order, ticks that
were not shown, what somebody else or a restart did to the account before, an earlier difference.
An earlier one counts only while the strategy decides as it did when shown the same again.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from math import isclose

from msgspec.structs import replace

from vectra_player.analysis.drift_lines import (
    Became,
    Line,
    Pair,
    lines_of_run,
    lines_of_test,
    pairs,
)
from vectra_player.analysis.drift_records import MEANING, ROUNDING, WRITTEN, Cause, Side, Trade
from vectra_player.analysis.drift_run import Played, RecordedRun
from vectra_player.analysis.retold import SET_BACK, Misbooked, Otherwise, Retold, misbooked
from vectra_player.model.action import ActionRecord
from vectra_player.model.run import RunGame, RunOutcome
from vectra_player.model.units import Tick
from vectra_player.strategy.records import RunResult

Decided = frozenset[tuple[str, tuple[int, Tick], str, Decimal]]
"""Game, step, action and value of decisions."""


@dataclass
class Explain:
    """Goes through the run in order and keeps what may explain a later difference."""

    run: RecordedRun
    retold: Retold
    at_once: Decided
    first: str = ""
    disturbed: dict[Cause, str] = field(default_factory=dict)
    flights: list[tuple[Line, Tick]] = field(default_factory=list)

    def trades(self, test: RunResult) -> Iterator[Trade]:
        """Yield every trade of the run and its backtest."""
        theirs = lines_of_test(test)
        if not self.run.plan.account.flat:
            self.disturbed["open"] = MEANING["open"]
        games = {one.game.game_id: one for one in self.run.games}
        for told in self.run.told:
            played = games.get(told.game_id)
            if played is None:
                self.disturbed["unrecorded"] = f"game {told.game_id} is not recorded"
                continue
            for pair in pairs(lines_of_run(told, self.run.plan.mode), theirs.get(told.game_id, [])):
                self._take_note(told, pair)
                yield self._trade(played, pair)
        yield from self._strange()
        yield from self._untold()

    def _take_note(self, game: RunGame, pair: Pair) -> None:
        """Keep what others did to the account before a trade."""
        first = pair.run.first if pair.run is not None else None
        if pair.run is not None and isinstance(first, RunOutcome) and not first.at_once:
            self.flights.append((pair.run, first.heard))
        until = pair.settled[1]
        for one in game.outcomes:
            at = f"at tick {one.heard} of game {game.game_id}"
            if one.kind in SET_BACK and one.heard <= until:
                cause: Cause = "restart" if one.kind == "restart" else "human"
                self.disturbed[cause] = f"{one.kind} {at}"
        if (
            pair.run is not None
            and pair.run.foreign
            and (pair.run.action_id not in self.run.actions)
        ):
            self.disturbed["human"] = (
                f"{pair.run.action} at tick {pair.run.tick} of game {game.game_id} by somebody else"
            )

    def _trade(self, played: Played, pair: Pair) -> Trade:
        line = pair.either
        trade = Trade(
            game_id=line.game_id,
            action=line.action,
            action_id=pair.run.action_id if pair.run is not None else None,
            run=_side(pair.run),
            backtest=_side(pair.test),
            profit=pair.profit,
        )
        if pair.alike:
            return self._checked(trade, pair)
        cause, said = self._why(played, pair)
        self.first = self.first or f"the {line.action} at tick {pair.place[1]} of {line.game_id}"
        return replace(trade, cause=cause, said=said, ticks=_later(pair))

    def _checked(self, trade: Trade, pair: Pair) -> Trade:
        """Compare what the run heard with what the service recorded of the same order."""
        record = self._record(pair.run)
        first = pair.run.first if pair.run is not None else None
        if record is None or first is None or record.outcome != "CONFIRMED":
            return trade
        if (record.executed_tick, record.executed_price) == (first.tick, first.price):
            return trade
        said = f"the record says tick {record.executed_tick} at {record.executed_price}"
        return replace(trade, cause="unexplained", said=said)

    @property
    def _clicks(self) -> bool:
        """Tell whether a page and its server carried the orders out."""
        return self.run.plan.mode != "paper"

    def _record(self, line: Line | None) -> ActionRecord | None:
        return (
            None
            if line is None or line.action_id is None
            else (self.run.actions.get(line.action_id))
        )

    def _why(self, played: Played, pair: Pair) -> tuple[Cause, str]:
        """Return the cause of a difference, and what is to be said of it."""
        run = pair.run
        if run is not None and run.foreign:
            if run.action_id in self.run.actions:
                return "unknown", "an order of the run whose answer it never got"
            return "human", "somebody else's order in the same account"
        if run is not None and pair.decided_alike:
            found = self._outcome(played, pair, run)
            if found is not None:
                return found
        return self._state(played, pair)

    def _outcome(self, played: Played, pair: Pair, run: Line) -> tuple[Cause, str] | None:
        """Explain the same decision by what became of it in the run."""
        record, first = self._record(run), run.first
        if record is not None and record.outcome == "UNKNOWN":
            return "unknown", record.error or MEANING["unknown"]
        if first is None:
            return ("ended" if played.game.cut else "unknown"), "nothing was heard of it"
        if not run.done:
            return self._failed(run, first, record)
        test = pair.test.first if pair.test is not None and pair.test.done else None
        return None if test is None else self._done(run, first, test)

    def _failed(
        self, run: Line, first: Became, record: ActionRecord | None
    ) -> tuple[Cause, str] | None:
        """Explain an order that was not carried out."""
        if first.kind == "missed":
            return ("missed" if first.reason == "rug" else "unseen"), first.message
        if first.reason == "limit" or (record is not None and record.outcome == "BLOCKED"):
            return "limit", first.message
        if run.action_id is None and first.reason == "unseen":
            return "unknown", first.message
        if self._clicks or run.action_id is None:
            return "refused", first.message
        if first.reason == "closed":
            return "latency", f"it came too late: {first.message}"
        return None

    def _done(self, run: Line, first: Became, test: Became) -> tuple[Cause, str] | None:
        """Explain an order that was carried out otherwise."""
        if first.tick > test.tick:
            return "latency", _late(run, first.tick, first.price, test.price)
        if self._clicks and not isclose(first.price, test.price, rel_tol=WRITTEN):
            return "price", f"at {first.price:g}, the feed shows {test.price:g}"
        if run.action in ("buy", "sidebet") and first.amount != run.value:
            said = f"{first.amount.normalize():f} SOL pressed, {run.value.normalize():f} decided"
            return "amount", said
        if self._clicks and _near(first.qty, test.qty) and _near(first.amount, test.amount):
            return "rounding", MEANING["rounding"]
        if run.end is not None and run.end.kind == "void":
            return "unseen", run.end.message
        return None

    def _state(self, played: Played, pair: Pair) -> tuple[Cause, str]:
        """Explain another decision, or the same one of another account, by what came before."""
        line = pair.either
        other = self._otherwise(line.game_id, line.tick)
        if other is not None:
            return "unexplained", other.sentence()
        if line.action != "rug" and self._only_unseen(pair):
            return "unseen", f"{played.missed} recorded ticks of this game were not shown to it"
        flight = self._under_way(line.game_id, pair.place[1])
        if flight is not None and not pair.decided_alike:
            return "latency", flight
        for cause, said in self.disturbed.items():
            return cause, said
        if self.first:
            return "follows", f"it follows from {self.first}"
        if played.game.cut and pair.run is None:
            return "ended", MEANING["ended"]
        if played.missed or played.game.rug_tick is None:
            return "unseen", MEANING["unseen"]
        return "unexplained", MEANING["unexplained"]

    def _under_way(self, game_id: str, tick: Tick) -> str | None:
        """Say which order of the run was under way at a tick, where a backtest has its answer."""
        for line, heard in reversed(self.flights):
            if line.game_id == game_id and line.tick < tick <= heard:
                return f"the {line.action} of tick {line.tick} was under way until tick {heard}"
        return None

    def _only_unseen(self, pair: Pair) -> bool:
        """Tell whether the ticks that were not shown suffice for another decision."""

        def known(line: Line | None) -> bool:
            if line is None:
                return False
            return (line.game_id, line.place, line.action, line.value) in self.at_once

        if pair.decided_alike:
            return False
        return (pair.run is None or known(pair.run)) and not known(pair.test)

    def _otherwise(self, game_id: str, tick: Tick) -> Otherwise | None:
        """Return where the strategy decided otherwise, up to a tick, when shown the same again."""
        order = {game.game_id: game.number for game in self.run.told}
        here = (order.get(game_id, 0), tick)
        for one in self.retold.otherwise:
            if (order.get(one.game_id, 0), one.tick) <= here:
                return one
        return None

    def _strange(self) -> Iterator[Trade]:
        """Yield what no pair shows: other decisions when shown the same, and wrong books."""
        if "unrecorded" in self.disturbed:
            return
        for other in self.retold.otherwise[:1]:
            yield _unexplained(other.game_id, "decision", other.sentence())
        for wrong in misbooked(self.run.plan.cash, self.run.told, late=self._clicks):
            yield self._misbooked(wrong)

    def _misbooked(self, wrong: Misbooked) -> Trade:
        off = wrong.told - wrong.ruled
        said = f"{wrong.what}: {off:+f} SOL off the rules"
        trade = _unexplained(wrong.game_id, "account", said)
        lamports = ROUNDING * sum(len(game.outcomes) for game in self.run.told)
        exact = wrong.what.startswith("cash")
        near = abs(off) <= lamports if exact else _near(wrong.told, wrong.ruled)
        if self._clicks and near:
            return replace(trade, cause="rounding")
        return trade

    def _untold(self) -> Iterator[Trade]:
        """Yield orders of a game the run told nothing of: its program was killed in it."""
        mode = self.run.plan.mode
        told = {line.action_id for game in self.run.told for line in lines_of_run(game, mode)}
        for action_id, record in self.run.actions.items():
            if action_id not in told:
                yield Trade(
                    game_id=record.game_id or "",
                    action=record.action_type.lower(),
                    action_id=action_id,
                    run=None,
                    backtest=None,
                    cause="ended",
                    said="the run told no more of this game",
                )


def _unexplained(game_id: str, action: str, said: str) -> Trade:
    return Trade(
        game_id=game_id, action=action, action_id=None, run=None, backtest=None,
        cause="unexplained", said=said,
    )  # fmt: skip


def _side(line: Line | None) -> Side | None:
    if line is None:
        return None
    first, done = line.first, line.done
    return Side(
        tick=line.tick,
        phase=line.phase,
        value=line.value,
        became=None if first is None else first.kind,
        executed_tick=first.tick if first is not None and done else None,
        price=first.price if first is not None and done else None,
        amount=first.amount if first is not None and done else None,
        qty=first.qty if first is not None and done else None,
        end=None if line.end is None else line.end.kind,
        profit=line.profit,
    )


def _later(pair: Pair) -> int | None:
    """Return by how many ticks the run's order was carried out later."""
    run, test = pair.run, pair.test
    if run is None or test is None or run.first is None or test.first is None:
        return None
    return run.first.tick - test.first.tick if run.done and test.done else None


def _near(told: Decimal, ruled: Decimal) -> bool:
    """Tell whether a server's figure differs by rounding alone."""
    off = abs(told - ruled)
    return off <= ROUNDING or isclose(told, ruled, rel_tol=WRITTEN)


def _late(run: Line, tick: Tick, price: float, wanted: float) -> str:
    """Say what a later tick cost an order."""
    ticks = tick - run.tick
    said = f"{ticks} {'tick' if ticks == 1 else 'ticks'} later"
    if run.action == "sidebet":
        return f"{said}, its window as well"
    return f"{said}, at {price:g} instead of {wanted:g}"
