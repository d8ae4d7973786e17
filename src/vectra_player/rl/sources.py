"""Where an environment takes its games from: made without end from a seed, or recorded.

Generated games follow the published algorithm and are for training; recorded ones are for
evaluation, and may be cut by time into an earlier and a later part. No gymnasium here.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Literal, NamedTuple, Protocol, get_args

import numpy as np
import numpy.typing as npt
import structlog

from vectra_player import config
from vectra_player.analysis.games import UNKNOWN, Games
from vectra_player.analysis.selection import select_games
from vectra_player.analysis.splits import DEFAULT_TRAIN_SHARE, check_order, evaluation_start
from vectra_player.errors import UsageError
from vectra_player.game.price_path import price_paths, rules_of
from vectra_player.store.dataset import Location, is_remote
from vectra_player.store.reads import Origins

log = structlog.get_logger(__name__)

Part = Literal["all", "train", "evaluate"]
"""Which recorded games: all, the earlier ones, or those that ended after them."""

BLOCK = 4
"""Games made at once: more cost less each, but thousands of environments each keep as many."""

HIGHEST_PRICE = 1e9  # game.refusal.checked_price takes none above


class Round(NamedTuple):
    """A game to be played. prices: (rug_tick + 1,) float64 from tick 0, the rug price last."""

    game_id: str
    prices: npt.NDArray[np.float64]
    rug_tick: int


class Source(Protocol):
    """Deals games."""

    @property
    def longest(self) -> int:
        """Return the most prices a game may have."""

    def deal(self, random: np.random.Generator) -> Iterator[Round]:
        """Yield games without end; the same state of `random`, the same games."""

    def named(self, game_id: str) -> Round:
        """Return a recorded game. Raises UsageError where there is none."""

    def sentence(self) -> str:
        """Say in words what is played, and what was left out."""


def _name(seed: str) -> str:
    """Name a game by the SHA-256 of its server seed, which tells nothing of what will happen."""
    return f"generated-{hashlib.sha256(seed.encode()).hexdigest()[:16]}"


class Generated:
    """Games by the published algorithm, each from a server seed of its own."""

    def __init__(self, version: str = "v3") -> None:
        """Raises UsageError for a version nobody described."""
        try:
            self._rules = rules_of(version)
        except ValueError as error:
            raise UsageError(f"{error}.") from None
        self._version = version

    @property
    def longest(self) -> int:
        """Return the most prices a game may have."""
        return self._rules.max_ticks + 2

    def deal(self, random: np.random.Generator) -> Iterator[Round]:
        """Yield games without end."""
        number = 0
        while True:
            seeds = [random.bytes(32).hex() for _ in range(BLOCK)]
            # Part of what a path is made from, so it stays: the seed of a training that was
            # reported has to deal the same games.
            salts = [f"generated-{number + k}" for k in range(BLOCK)]
            paths = price_paths(seeds, salts, self._version)
            for game, rug_tick in enumerate(paths.rug_ticks.tolist()):
                if rug_tick >= 0:  # one in 10^11 reaches the tick limit, and has no end to play
                    yield Round(_name(seeds[game]), paths.prices_of(game), rug_tick)
            number += BLOCK

    def named(self, game_id: str) -> Round:
        """Refuse: a generated game has no name to ask for."""
        raise UsageError(
            f"No game {game_id!r} can be chosen among generated ones.",
            advice="Choose by reset(seed=...), or play recorded games.",
        )

    def sentence(self) -> str:
        """Say what is played."""
        return f"Generated games of version {self._version}, without end."


class Recorded:
    """Recorded games, known at every tick; dealt in a shuffled order, each once before any twice.

    games: those that are played, in order of time.
    """

    def __init__(self, games: Games, told: str = "") -> None:
        """Take games as they are; `told` says in words what they are.

        Raises UsageError where there is none, or one has gaps or impossible prices.
        """
        bad = np.flatnonzero(~playable(games))
        if len(bad):
            raise UsageError(
                f"Game {games.game_ids[bad[0]]!r} has gaps or prices that cannot be.",
                advice="Leave it out: Games.only_complete() returns the others.",
            )
        if not len(games):
            raise UsageError(f"There is no complete game to play. {told}".strip())
        self.games = games
        self._told = told
        self._places = {game_id: place for place, game_id in enumerate(games.game_ids)}

    @property
    def longest(self) -> int:
        """Return the most prices a game may have."""
        return int(self.games.last_ticks.max()) + 1

    def deal(self, random: np.random.Generator) -> Iterator[Round]:
        """Yield games without end."""
        while True:
            for place in random.permutation(len(self.games)).tolist():
                yield self._round(place)

    def named(self, game_id: str) -> Round:
        """Return a game. Raises UsageError where it is not among those that are played."""
        place = self._places.get(game_id)
        if place is None:
            raise UsageError(
                f"Game {game_id!r} is not among the games of this environment.",
                advice=f"It has {len(self.games):,}, such as {self.games.game_ids[-1]!r}.",
            )
        return self._round(place)

    def sentence(self) -> str:
        """Say what is played and what was left out."""
        return self._told or f"{len(self.games):,} games."

    def _round(self, place: int) -> Round:
        games = self.games
        return Round(games.game_ids[place], games.prices_of(place), int(games.rug_ticks[place]))


def source_of(
    games: str | Games = "generated",
    *,
    data_dir: str | Path | None = None,
    origin: Origins = "real",
    part: Part = "all",
    train_share: float = DEFAULT_TRAIN_SHARE,
    evaluate_from: str | None = None,
    version: str = "v3",
) -> Source:
    """Return the source an environment is made with.

    games: `generated`, `recorded`, or games at hand. data_dir: where recordings lie, or an address
    they were sent to; None is the user's own. origin, part: of recorded games, as are where the
    parts are cut: at a share of the games, or at a moment, `evaluate_from`, ISO 8601 and UTC, that
    more games do not shift. version: of generated ones. Games that are not known at every tick are
    left out; the sentence says how many, and is logged.

    Raises UsageError for an unknown word, no time, an empty store, a part without games.
    """
    if not isinstance(train_share, int | float):
        raise UsageError(f"train_share={train_share!r} is no number.")
    cut = None if evaluate_from is None else _moment(evaluate_from)
    _check_word("part", part, get_args(Part))
    _check_word("origin", origin, get_args(Origins))
    if isinstance(games, Games):
        check_order(games)
        return Recorded(part_of(games, part, train_share, cut))
    _check_word("games", games, ("generated", "recorded"))
    if games == "generated":
        if part != "all":
            raise UsageError(
                "Generated games have no parts.", advice="Choose other games by another seed."
            )
        return Generated(version)
    recorded = _recorded(data_dir, origin, part, train_share, cut)
    log.info("environment games", games=recorded.sentence())
    return recorded


def part_of(
    games: Games,
    part: Part,
    train_share: float = DEFAULT_TRAIN_SHARE,
    evaluate_from: int | None = None,
) -> Games:
    """Return the games of a part, those without a date left out of any but `all`.

    Every game of `evaluate` ended later than every game of `train`: at `evaluate_from`,
    microseconds UTC, or after it; without it a share of the games decides. Raises UsageError for
    an impossible share.
    """
    dated = games.take(np.flatnonzero(games.ended_at != UNKNOWN))
    cut = evaluation_start(dated.ended_at.tolist(), train_share)
    if part == "all":
        return games
    if evaluate_from is not None:
        cut = evaluate_from
    later = dated.ended_at >= (0 if cut is None else cut)
    return dated.take(np.flatnonzero(later if part == "evaluate" else ~later))


def _moment(text: str) -> int:
    """Read a time as microseconds since the epoch; without an offset it is UTC."""
    try:
        time = datetime.fromisoformat(text)
    except (TypeError, ValueError):
        raise UsageError(
            f"evaluate_from={text!r} is no date or time.", advice="Write 2025-12-31T23:59:00Z."
        ) from None
    aware = time.replace(tzinfo=UTC) if time.tzinfo is None else time
    return (aware - datetime.fromtimestamp(0, UTC)) // timedelta(microseconds=1)


def _recorded(
    data_dir: str | Path | None,
    origin: Origins,
    part: Part,
    train_share: float,
    evaluate_from: int | None,
) -> Recorded:
    where: Location
    if data_dir is not None and is_remote(data_dir):
        where = data_dir
    else:
        where = config.load({"data_dir": data_dir}).settings.data_dir
    chosen = select_games(where, ["all"], origin=origin, include_incomplete=False, seed=0)
    good = np.flatnonzero(playable(chosen.games))
    games = part_of(chosen.games.take(good), part, train_share, evaluate_from)
    told = [chosen.sentence()]
    if len(good) < len(chosen.games):
        told.append(f"{len(chosen.games) - len(good):,} left out for prices that cannot be.")
    if part != "all":
        told.append(f"Played here: {len(games):,}, those to {part}.")
    if not len(games):
        raise UsageError(
            f"There is no complete game to play: {' '.join(told)}",
            advice="Record with `vectra-player up`, bring games in with `vectra-player import`, "
            'or play games="generated".',
        )
    return Recorded(games, " ".join(told))


def playable(games: Games) -> npt.NDArray[np.bool_]:
    """Tell which games are known at every tick, at prices a trade can have: (n_games,)."""
    bad = np.zeros(len(games.prices) + 1, np.int64)
    np.cumsum(~((games.prices >= 0) & (games.prices <= HIGHEST_PRICE)), out=bad[1:])
    possible = bad[games.offsets[1:]] == bad[games.offsets[:-1]]
    found: npt.NDArray[np.bool_] = games.complete & possible
    return found


def _check_word(name: str, word: object, known: Sequence[str]) -> None:
    if word not in known:
        raise UsageError(
            f"{name}={word!r} is not known.", advice=f"Known are {', '.join(map(repr, known))}."
        )
