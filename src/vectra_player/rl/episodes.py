"""Finished games as training episodes: the rows of `ml_episode`, made from the rest of the store.

Every game known at each tick is one episode without actions (`market`), and so is what each own
account and each paper account did in such a game (`own`). Made from the same games as the
environments play, by the same rules. Used by the commands and by the data sets.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Literal, NamedTuple

import msgspec

from vectra_player.analysis.games import Games, load_games
from vectra_player.clock import Clock, SystemClock
from vectra_player.errors import UsageError
from vectra_player.game.positions import ZERO
from vectra_player.game.timing import TICK_MS
from vectra_player.model.rows import MlEpisode
from vectra_player.model.units import Micros, Tick
from vectra_player.rl.outcomes import Totals, totals
from vectra_player.rl.own_plays import GameKey, OwnPlay, own_plays
from vectra_player.rl.plays import Course, course_of
from vectra_player.rl.sources import playable
from vectra_player.store.episodes import finish_earlier, read_episodes, replace_episodes
from vectra_player.store.fsops import FileOps
from vectra_player.store.layout import DataDir
from vectra_player.store.plays import game_ends
from vectra_player.store.reads import GameFilter, Origins, StoreReader
from vectra_player.store.settings import Step, no_step
from vectra_player.store.turn import turn

GAPS = "games with gaps"
"""Or with prices that no trade can have, as damaged records do."""

IMPOSSIBLE = "plays of amounts that cannot be"
OWN_GAPS = "own plays of games with gaps"
UNSEEN = "own plays whose session did not see the game end"

SUB_STRIDE = 1_000
"""Numbers kept for the episodes of one game row: its market, and one an account."""

Progress = Callable[[int, int], None]

_OTHERS: dict[Origins, Origins | None] = {"real": "demo", "demo": "real", "all": None}


class BuildReport(msgspec.Struct, frozen=True, kw_only=True):
    """What a build made. `left_out`: how many, by reason; `added` and `removed`: rows changed."""

    market: int
    own: int
    outcomes: dict[str, int]
    added: int
    removed: int
    left_out: dict[str, int]


class GameEnd(NamedTuple):
    """The row in which a session told a game's end, and when the game ran."""

    row: Mapping[str, Any]

    @property
    def key(self) -> GameKey:
        """Return what names the game."""
        return GameKey(self.row["game_id"], self.row["is_real"])

    def span(self, rug_tick: Tick) -> tuple[Micros, Micros]:
        """Return when the game began and ended; a time nobody saw follows from its length."""
        lasted = rug_tick * TICK_MS * 1000
        began, ended = self.row["started_at"], self.row["ended_at"]
        if ended is None:
            ended = self.row["ts"] if began is None else began + lasted
        return (ended - lasted if began is None else began), ended


class Known(NamedTuple):
    """A game known at every tick: its place among games of one origin."""

    games: Games
    number: int

    @property
    def rug_tick(self) -> Tick:
        """Return the tick of the rug."""
        return int(self.games.rug_ticks[self.number])

    @property
    def prices(self) -> list[float]:
        """Return the prices of ticks 0 to the rug."""
        told: list[float] = self.games.prices_of(self.number).tolist()
        return told


class Gathered(NamedTuple):
    """What episodes are made of: complete games, who saw games end, what own accounts did."""

    known: dict[GameKey, Known]
    ends: list[GameEnd]
    plays: list[OwnPlay]

    @property
    def gaps(self) -> int:
        """Return how many games that ended are not known at every tick."""
        return len({end.key for end in self.ends}) - len(self.known)

    @property
    def by_session(self) -> dict[tuple[str, GameKey], GameEnd]:
        """Return the ends of games by the session that saw them."""
        return {(end.row["session_id"], end.key): end for end in self.ends}


class Made(NamedTuple):
    """Episodes in order of their games, and what was left out, by reason."""

    rows: list[MlEpisode]
    left_out: Counter[str]


def build_episodes(
    data_dir: DataDir,
    origins: Origins = "real",
    *,
    progress: Progress = lambda done, total: None,
    clock: Clock | None = None,
    ops: FileOps | None = None,
    step: Step = no_step,
) -> BuildReport:
    """Bring the episodes of games of these origins up to date; those of others stay.

    Beside a recorder, which goes on into its journal meanwhile. Raises:
        UsageError: there is no finished game of these origins.
        StoreLockedError: another command changes the store.
        DiskError: the disk refused; nothing is there twice, and another build goes on.
    """
    with turn(data_dir, clock or SystemClock()):
        finish_earlier(data_dir, ops)
        with StoreReader(data_dir.root) as reader:
            before = read_episodes(reader, origins)
            others = _OTHERS[origins]
            aside = [] if others is None else read_episodes(reader, others)
            made = make_episodes(reader, origins, progress)
        if not made.rows and not before:
            raise nothing_complete(origins, made.left_out[GAPS])
        done = replace_episodes(
            data_dir, [*before, *aside], [*made.rows, *aside], ops=ops, step=step
        )
    kinds = Counter(row.kind for row in made.rows)
    outcomes = Counter(row.outcome for row in made.rows)
    return BuildReport(
        market=kinds["market"],
        own=kinds["own"],
        outcomes=dict(outcomes.most_common()),
        added=done.added,
        removed=done.removed,
        left_out={why: count for why, count in made.left_out.items() if count},
    )


def gather(reader: StoreReader, origins: Origins) -> Gathered:
    """Read what the episodes of games of these origins are made of."""
    ends = [GameEnd(row) for row in game_ends(reader, origins).to_pylist()]
    known = {key: game for one in _single(origins) for key, game in _complete(reader, one)}
    return Gathered(known, ends, own_plays(reader, origins))


def make_episodes(reader: StoreReader, origins: Origins, progress: Progress) -> Made:
    """Make the episodes of games of these origins from what a store holds; writes nothing."""
    found = gather(reader, origins)
    known, total = found.known, len(found.ends) + len(found.plays)
    left_out = Counter({GAPS: found.gaps})
    by_session = found.by_session
    rows = []
    for done, end in enumerate(found.ends, 1):
        if end.row["best"] and end.key in known:
            rows.append(market_episode(end, known[end.key]))
        progress(done, total)
    numbers: Counter[tuple[str, int, int]] = Counter()
    for done, play in enumerate(found.plays, 1 + len(found.ends)):
        told = by_session.get((play.session_id, play.game))
        game = known.get(play.game)
        if told is None or game is None:
            left_out[UNSEEN if told is None else OWN_GAPS] += 1
        elif not (course := own_course(play, game)).fits:
            left_out[IMPOSSIBLE] += 1
        else:
            row = _row(told, game.rug_tick, "own", course.totals, play)
            numbers[row.session_id, row.seq, row.sub] += 1
            number = numbers[row.session_id, row.seq, row.sub]
            rows.append(msgspec.structs.replace(row, sub=row.sub + number))
        progress(done, total)
    return Made(rows, left_out)


def _single(origins: Origins) -> tuple[Origins, ...]:
    """Return the origins one at a time: within one, a game's id names it."""
    return ("real", "demo") if origins == "all" else (origins,)


def _complete(reader: StoreReader, origins: Origins) -> Iterator[tuple[GameKey, Known]]:
    games = load_games(reader, GameFilter(origins=origins))
    for number, whole in enumerate(playable(games).tolist()):
        if whole:
            yield GameKey(games.game_ids[number], origins == "real"), Known(games, number)


def market_episode(end: GameEnd, game: Known) -> MlEpisode:
    """Return a game as an episode in which nobody did anything."""
    nothing = totals([ZERO], entered=False, held_at_rug=False)
    return _row(end, game.rug_tick, "market", nothing)


def own_course(play: OwnPlay, game: Known) -> Course:
    """Follow an account through a game; the server's word on its money counts before the rules'."""
    course = course_of(play.in_time(game.rug_tick), game.prices, game.rug_tick)
    return course if play.profit is None else course.ending(play.profit)


def _row(
    end: GameEnd,
    rug_tick: Tick,
    kind: Literal["market", "own"],
    came_to: Totals,
    play: OwnPlay | None = None,
) -> MlEpisode:
    row = end.row
    began, ended = end.span(rug_tick)
    return MlEpisode(
        session_id=row["session_id"],
        seq=row["seq"],
        sub=row["sub"] * SUB_STRIDE,
        ts=row["ts"],
        source=row["source"],
        origin=row["origin"],
        game_id=row["game_id"],
        player_id=play.player_id if play else None,
        username=play.username if play else None,
        episode_id=episode_id(end.key, play),
        outcome=came_to.outcome,
        started_at=began,
        ended_at=ended,
        duration_ticks=rug_tick,
        total_reward=float(came_to.total_reward),
        total_actions=len(play.in_time(rug_tick)) if play else 0,
        max_drawdown=float(came_to.max_drawdown),
        kind=kind,
        mode=play.mode if play else None,
        actor=play.actor if play else None,
        strategy=play.strategy if play else None,
        profit=came_to.total_reward,
    )


def episode_id(game: GameKey, play: OwnPlay | None, of_whom: str = "") -> str:
    """Name an episode by what it is of: the same in every build and in every data directory."""
    of: Sequence[str] = (game.game_id, "real" if game.is_real else "demo", of_whom)
    if play is not None:
        paper = play.session_id if play.mode == "paper" else ""
        of = (*of, play.mode, play.player_id or "", paper)
    return hashlib.blake2b("\0".join(of).encode("utf-8", "replace"), digest_size=12).hexdigest()


def nothing_complete(origins: Origins, gaps: int) -> UsageError:
    """Say that there is no game to make an episode of, and what to do."""
    whose = {"real": " of the real site", "demo": " of the demo server", "all": ""}[origins]
    ways = "Record games with `vectra-player up` or bring some in with `vectra-player import`"
    return UsageError(
        f"No complete game{whose} is recorded" + (f", {gaps:,} have gaps." if gaps else "."),
        advice=f"{ways}; --origin demo takes those of the demo server."
        if origins == "real"
        else f"{ways}.",
    )
