"""What a recorder counts, and the records that tell it. Made by `app`, shown by `cli`."""

from __future__ import annotations

import msgspec

from vectra_player.model.frame import FACT_PREFIX, Frame
from vectra_player.protocol.phases import GamePhase

GAP_FACTS = frozenset({"gap", "silence"})


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """When to stop by itself; None: never."""

    games: int | None = None
    duration_s: float | None = None


class Status(msgspec.Struct, frozen=True, kw_only=True):
    """What a viewer of the recorder wants to know, as of now.

    While nothing is recorded `session_id` is None and the counts are those of the last session.
    `feed` and `clients` are set where a feed is served.
    """

    source: str
    recording: bool
    session_id: str | None
    sessions: int
    elapsed_s: float
    game_id: str | None
    tick: int | None
    price: float | None
    phase: str
    games: int
    events: int
    events_per_s: float
    lag_ms: float | None
    durable_seq: int
    gaps: int
    disk_free_bytes: int
    halted: str | None
    feed: str | None = None
    clients: int = 0


class Summary(msgspec.Struct, frozen=True, kw_only=True):
    """What a run came to; counts are over all its sessions, `session_id` is the last one."""

    session_id: str | None
    source: str
    data_dir: str
    reason: str
    seconds: float
    events: int
    games: int
    gaps: int
    durable_seq: int
    sessions: int = 1
    halted: str | None = None
    error: str | None = None


class Counts(msgspec.Struct, frozen=True):
    """Events, games and gaps of one session or of several."""

    events: int = 0
    games: int = 0
    gaps: int = 0

    def __add__(self, other: Counts) -> Counts:
        """Return the sums."""
        return Counts(self.events + other.events, self.games + other.games, self.gaps + other.gaps)


class Progress:
    """Running counts: of what is heard, and of what is recorded of it."""

    def __init__(self, started: float) -> None:
        self.started = started
        self.lag_ms: float | None = None
        self.games_wanted: int | None = None
        self.session = Counts()
        self._earlier = Counts()
        self._heard = 0
        self._marks: list[tuple[float, int]] = [(started, 0)]

    @property
    def total(self) -> Counts:
        """Counts over all sessions."""
        return self._earlier + self.session

    def next_session(self) -> None:
        """Count a new session from zero."""
        self._earlier, self.session = self.total, Counts()

    def count(self, frame: Frame, now_us: int, *, recorded: bool) -> None:
        """Count a frame that arrived."""
        self._heard += 1
        if frame.raw_format == "engineio":
            self.lag_ms = max(0.0, (now_us - frame.ts) / 1000)
        if recorded:
            gap = frame.event_name.removeprefix(FACT_PREFIX) in GAP_FACTS
            self.session += Counts(events=1, gaps=int(gap and frame.raw_format == "fact"))

    def count_game(
        self, before: tuple[GamePhase, str | None], after: tuple[GamePhase, str | None]
    ) -> bool:
        """Count a game once the next one follows its rug; True when enough were seen."""
        if before[0] is GamePhase.RUGGED and after[1] != before[1]:
            self.session += Counts(games=1)
        return self.games_wanted is not None and self.total.games >= self.games_wanted

    def rate(self, now: float) -> float:
        """Frames a second over the last few seconds."""
        self._marks = [*self._marks[-20:], (now, self._heard)]
        (then, heard), seconds = self._marks[0], now - self._marks[0][0]
        return (self._heard - heard) / seconds if seconds > 0 and then < now else 0.0
