"""What a data set is made of: episodes with their orders, each in the part of its game.

Games are cut by time: every game to evaluate on ended later than every game to train on, and all
episodes of a game are in its part. Used by `rl.dataset`, `rl.flat` and `rl.offline`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from decimal import Decimal
from typing import Literal, NamedTuple

import msgspec

from vectra_player.analysis.games import UNKNOWN
from vectra_player.analysis.splits import evaluation_start
from vectra_player.rl.actions import EnvName
from vectra_player.rl.episodes import (
    GAPS,
    IMPOSSIBLE,
    OWN_GAPS,
    UNSEEN,
    GameEnd,
    Gathered,
    Known,
    episode_id,
)
from vectra_player.rl.observed import ObservedPlay, without_trades
from vectra_player.rl.own_plays import Actor, GameKey, Mode, OwnPlay
from vectra_player.rl.plays import Course, Order, course_of

StoryPart = Literal["train", "evaluate"]
StoryKind = Literal["market", "own", "observed"]
PARTS: tuple[StoryPart, ...] = ("train", "evaluate")

UNDATED = "games without a date, which no cut by time can place"
UNSEEN_BUY = "players' games in which a sale was seen whose buy was not; their sidebets are kept"
OBSERVED_GAPS = "players' games with gaps or without a date"

Mask = Callable[[str], str]
"""Replaces a player's id or name by another."""


class Story(NamedTuple):
    """One episode. `sampled`: of the trades some may be missing. `told`: the server's profit."""

    kind: StoryKind
    part: StoryPart
    key: GameKey
    game: Known
    end: GameEnd
    episode_id: str
    orders: tuple[Order, ...] = ()
    sampled: bool = False
    told: Decimal | None = None
    mode: Mode | None = None
    actor: Actor | None = None
    strategy: str | None = None
    player_id: str | None = None
    username: str | None = None

    @property
    def course(self) -> Course:
        """Follow the account through the game; what the server told of its end counts."""
        course = course_of(self.orders, self.game.prices, self.game.rug_tick)
        return course if self.told is None else course.ending(self.told)


def dataset_id(env: EnvName, part: StoryPart) -> str:
    """Return what Minari calls a data set."""
    return f"vectra-{env}-{part}-v1"


class MinariSet(msgspec.Struct, frozen=True, kw_only=True):
    """One data set that was written. `refused`: actions the environment could not carry out."""

    id: str
    environment: str
    episodes: int
    steps: int
    actions: int
    refused: int


class Evaluation(NamedTuple):
    """Which recorded games the evaluation environment of a data set plays.

    evaluate_from: those that ended then or later, ISO 8601 UTC; None where no game has a date.
    """

    origin: str
    evaluate_from: str | None


class Masks(NamedTuple):
    """How players are named."""

    player_id: Mask
    username: Mask


def as_they_are(name: str) -> str:
    """Leave a name as it is."""
    return name


UNMASKED = Masks(as_they_are, as_they_are)


def plays_in(env: EnvName, story: Story) -> bool:
    """Tell whether an episode shows something of an environment: a sidebet, or a buy."""
    kind = "sidebet" if env == "sidebet" else "buy"
    return any(order.kind == kind for order in story.orders)


class Cut(NamedTuple):
    """Games by part, in order of time, and since when they are to evaluate on: microseconds UTC.

    `evaluate_from` is None where no game has a date.
    """

    parts: dict[GameKey, StoryPart]
    evaluate_from: int | None


def cut_by_time(known: Mapping[GameKey, Known], train_share: float) -> Cut:
    """Return the part of each game that has a date: the earlier ones train, the later evaluate.

    The same cut as the environments make (`rl.sources.part_of`). Raises UsageError for an
    impossible share.
    """
    ended = {key: int(game.games.ended_at[game.number]) for key, game in known.items()}
    dated = sorted((at, key) for key, at in ended.items() if at != UNKNOWN)
    cut = evaluation_start([at for at, _ in dated], train_share)
    parts: dict[GameKey, StoryPart] = {
        key: "evaluate" if cut is not None and at >= cut else "train" for at, key in dated
    }
    return Cut(parts, cut)


def stories(
    found: Gathered,
    observed: Iterable[ObservedPlay],
    parts: Mapping[GameKey, StoryPart],
    left_out: Counter[str],
    masks: Masks = UNMASKED,
) -> list[Story]:
    """Return every episode in order of the games' ends, markets first. `left_out` is added to."""
    best = {end.key: end for end in found.ends if end.row["best"]}
    left_out[GAPS] += found.gaps
    left_out[UNDATED] += len(found.known.keys() - parts.keys())
    made = [
        *(_market(key, found.known[key], best[key], part) for key, part in parts.items()),
        *_own(found, parts, left_out, masks),
        *_observed(observed, found, best, parts, left_out, masks),
    ]
    fitting = [story for story in made if story.course.fits]
    left_out[IMPOSSIBLE] += len(made) - len(fitting)
    kinds = ("market", "own", "observed")
    place = {key: number for number, key in enumerate(parts)}
    fitting.sort(key=lambda story: (place[story.key], kinds.index(story.kind), story.episode_id))
    return fitting


def _market(key: GameKey, game: Known, end: GameEnd, part: StoryPart) -> Story:
    return Story("market", part, key, game, end, episode_id(key, None))


def _own(
    found: Gathered, parts: Mapping[GameKey, StoryPart], left_out: Counter[str], masks: Masks
) -> Iterator[Story]:
    by_session = found.by_session
    for bare in found.plays:
        end = by_session.get((bare.session_id, bare.game))
        part = parts.get(bare.game)
        if end is None or part is None:
            left_out[UNSEEN if end is None else OWN_GAPS] += 1
            continue
        game, play = found.known[bare.game], _masked(bare, masks)
        yield Story(
            kind="own",
            part=part,
            key=play.game,
            game=game,
            end=end,
            episode_id=episode_id(play.game, play),
            orders=tuple(play.in_time(game.rug_tick)),
            told=play.profit,
            mode=play.mode,
            actor=play.actor,
            strategy=play.strategy,
            player_id=play.player_id,
            username=play.username,
        )


def _masked(play: OwnPlay, masks: Masks) -> OwnPlay:
    return play._replace(
        player_id=play.player_id and masks.player_id(play.player_id),
        username=play.username and masks.username(play.username),
    )


def _observed(
    observed: Iterable[ObservedPlay],
    found: Gathered,
    best: Mapping[GameKey, GameEnd],
    parts: Mapping[GameKey, StoryPart],
    left_out: Counter[str],
    masks: Masks,
) -> Iterator[Story]:
    for whole in observed:
        part = parts.get(whole.game)
        if part is None:
            left_out[OBSERVED_GAPS] += 1
            continue
        game = found.known[whole.game]
        orders = tuple(order for order in whole.orders if order.step <= game.rug_tick)
        play: ObservedPlay | None = whole._replace(orders=orders)
        if course_of(orders, game.prices, game.rug_tick).oversold:
            left_out[UNSEEN_BUY] += 1
            play = without_trades(whole._replace(orders=orders))
        if play is None or not play.orders:
            continue
        player = masks.player_id(play.player_id)
        yield Story(
            kind="observed",
            part=part,
            key=play.game,
            game=game,
            end=best[play.game],
            episode_id=episode_id(play.game, None, f"observed\0{player}"),
            orders=play.orders,
            sampled=play.sampled,
            player_id=player,
            username=play.username and masks.username(play.username),
        )
