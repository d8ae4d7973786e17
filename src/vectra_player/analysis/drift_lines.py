"""The trades of a run and of its backtest in one shape, and which of them belong together.

Pure. Used by `analysis.drift`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from vectra_player.game.positions import ZERO
from vectra_player.model.action import Mode
from vectra_player.model.run import RunGame, RunOutcome
from vectra_player.model.units import Tick
from vectra_player.strategy.records import Outcome, RunResult

Became = Outcome | RunOutcome

STAGE = {"COOLDOWN": 0, "BETTING": 1, "LIVE": 2, "RUGGED": 3}
RUG = "rug"
"""Action of the line of a holding that was taken at the rug: nobody decided it."""

_ENDS = frozenset({"won", "lost", "void"})
_ACTIONS = {"bought": "buy", "sold": "sell", "placed": "sidebet", "rugged": RUG}


@dataclass(frozen=True)
class Line:
    """A decision with what became of it; `first` of the order, `end` of the sidebet it placed.

    foreign: somebody else decided it, in the same account.
    """

    game_id: str
    action: str
    value: Decimal
    phase: str
    tick: Tick
    first: Became | None
    end: Became | None = None
    action_id: str | None = None
    foreign: bool = False

    @property
    def place(self) -> tuple[int, Tick]:
        """Return where in the game it was decided."""
        return STAGE[self.phase], self.tick

    @property
    def done(self) -> bool:
        """Tell whether it was carried out."""
        return self.first is not None and self.first.kind not in ("refused", "missed")

    @property
    def profit(self) -> Decimal:
        """Return what it added to the account for good."""
        return sum((one.profit for one in (self.first, self.end) if one is not None), ZERO)


@dataclass(frozen=True)
class Pair:
    """A trade of the run and the one of the backtest that belongs to it; one of them may lack."""

    run: Line | None
    test: Line | None

    @property
    def either(self) -> Line:
        """Return the run's line, else the backtest's."""
        line = self.run or self.test
        if line is None:
            raise ValueError("a pair of nothing")
        return line

    @property
    def place(self) -> tuple[int, Tick]:
        """Return where in the game the earlier of both was decided."""
        return min(line.place for line in (self.run, self.test) if line is not None)

    @property
    def settled(self) -> tuple[int, Tick]:
        """Return where in the game the last of it was known."""
        lines = [line for line in (self.run, self.test) if line is not None]
        ends = [(STAGE["LIVE"], line.end.tick) for line in lines if line.end is not None]
        return max([*ends, self.place])

    @property
    def profit(self) -> Decimal:
        """Return by how much the run's profit is above the backtest's."""
        ours = ZERO if self.run is None else self.run.profit
        return ours - (ZERO if self.test is None else self.test.profit)

    @property
    def decided_alike(self) -> bool:
        """Tell whether the same was decided at the same step."""
        run, test = self.run, self.test
        if run is None or test is None:
            return False
        return (run.place, run.value) == (test.place, test.value)

    @property
    def alike(self) -> bool:
        """Tell whether both are the same to the last digit."""
        run, test = self.run, self.test
        if run is None or test is None or not self.decided_alike:
            return False
        return _facts(run.first) == _facts(test.first) and _ending(run.end) == _ending(test.end)


def lines_of_run(game: RunGame, mode: Mode) -> list[Line]:
    """Return the lines of a game as the run told it."""
    found: dict[int, list[RunOutcome]] = defaultdict(list)
    for outcome in game.outcomes:
        if outcome.number is not None:
            found[outcome.number].append(outcome)
    lines = []
    for one in game.decisions:
        first, end = _parts(found.pop(one.number, ()))
        lines.append(
            Line(game.game_id, one.action, one.value, one.phase, one.tick, first, end,
                 one.action_id)
        )  # fmt: skip
    lines += [
        _told_line(game.game_id, heard, f"{mode}-{number}") for number, heard in found.items()
    ]
    rugs = [one for one in game.outcomes if one.number is None and one.kind == "rugged"]
    return lines + [_told_line(game.game_id, [one]) for one in rugs]


def lines_of_test(result: RunResult) -> dict[str, list[Line]]:
    """Return the lines of a backtest by game."""
    found: dict[int | None, list[Outcome]] = defaultdict(list)
    for outcome in result.outcomes:
        found[outcome.number].append(outcome)
    lines: dict[str, list[Line]] = defaultdict(list)
    for one in result.decisions:
        first, end = _parts(found.get(one.number, ()))
        line = Line(one.game_id, one.action, one.value, one.phase.value, one.tick, first, end)
        lines[one.game_id].append(line)
    for outcome in found.get(None, ()):
        lines[outcome.game_id].append(_told_line(outcome.game_id, [outcome]))
    return lines


def pairs(ours: Sequence[Line], theirs: Sequence[Line]) -> list[Pair]:
    """Return which lines of one game belong together, in the order of the game.

    Those decided at the same step first, of the rest those of the same kind in their order.
    """
    run = [line for line in ours if not line.foreign]
    found = [Pair(line, None) for line in ours if line.foreign]
    rest = list(theirs)
    for key in (_exact, _kind):
        left: list[Line] = []
        waiting: dict[Hashable, list[Line]] = defaultdict(list)
        for line in rest:
            waiting[key(line)].append(line)
        for line in run:
            same = waiting.get(key(line))
            if same:
                found.append(Pair(line, same.pop(0)))
            else:
                left.append(line)
        run, rest = left, [line for same in waiting.values() for line in same]
    found += [Pair(line, None) for line in run] + [Pair(None, line) for line in rest]
    return sorted(found, key=lambda pair: pair.place)


_Key = Callable[[Line], Hashable]


def _exact(line: Line) -> Hashable:
    return line.place, line.action


def _kind(line: Line) -> Hashable:
    return line.action


def _parts(heard: Iterable[Became]) -> tuple[Became | None, Became | None]:
    """Return what became of an order, and of the sidebet it placed."""
    first = end = None
    for one in heard:
        if one.kind in _ENDS:
            end = one
        elif first is None:
            first = one
    return first, end


def _told_line(game_id: str, heard: Sequence[Became], foreign_id: str | None = None) -> Line:
    """Return the line of what nobody of the run decided: a rug, or somebody else's order."""
    first, end = _parts(heard)
    told = first or end
    if told is None:
        raise ValueError("nothing was heard")
    action = _ACTIONS.get(told.kind, "sidebet")
    phase, value = ("RUGGED", ZERO) if action == RUG else ("LIVE", told.amount)
    foreign = foreign_id is not None
    return Line(game_id, action, value, phase, told.tick, first, end, foreign_id, foreign)


def _ending(one: Became | None) -> tuple[object, ...] | None:
    """Return how a sidebet ended; a server's record of a lost one has its start tick."""
    return None if one is None else (one.kind, one.profit)


def _facts(one: Became | None) -> tuple[object, ...] | None:
    """Return what must be equal: not the cash, which also has what others did."""
    if one is None:
        return None
    if one.kind in ("refused", "missed"):
        return (one.kind, one.reason)
    return (one.kind, one.tick, one.price, one.amount, one.qty, one.profit)
