"""Which games a backtest or sweep plays, and which it leaves out and why.

Used by their commands and the dashboard. Games that are not known at every tick are left out
unless they are asked for: they favour no strategy, but which games are incomplete depends on
their length, and what happened in a gap is not known.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from vectra_player.analysis.games import Games, generate_games, load_games
from vectra_player.analysis.splits import check_order
from vectra_player.errors import UsageError
from vectra_player.store.dataset import Location
from vectra_player.store.layout import DataDir, iso
from vectra_player.store.reads import GameFilter, Origins, StoreReader

GENERATED = "generated:"
MOST_GENERATED = 1_000_000

NO_END = "their end was not seen"
NO_BEGINNING = "their beginning was not seen"
GAPS = "ticks are missing"
NO_PRICES = "no price is known"


@dataclass(frozen=True)
class Selected:
    """Games to play in order of time. left_out: reasons with the number of games."""

    games: Games
    asked: str
    origin: str
    left_out: dict[str, int]

    @property
    def generated(self) -> bool:
        """Tell whether the games were made by the published algorithm, not recorded."""
        return self.asked.startswith(GENERATED)

    def told(self) -> dict[str, Any]:
        """Return what a record says of the games."""
        known = self.games.ended_at[self.games.ended_at >= 0]
        return {
            "asked": self.asked,
            "origin": self.origin,
            "used": len(self.games),
            "left_out": self.left_out,
            "ticks": int(self.games.last_ticks.sum()),
            "first": iso(int(known[0])) if len(known) else None,
            "last": iso(int(known[-1])) if len(known) else None,
        }

    def sentence(self) -> str:
        """Say in words how many games are played and how many were left out."""
        kind = "generated" if self.generated else "recorded"
        text = f"{len(self.games):,} {kind} games"
        if self.left_out:
            reasons = "; ".join(f"{count:,} as {why}" for why, count in self.left_out.items())
            text += f", {sum(self.left_out.values()):,} left out: {reasons}"
        return text + "."

    def require_dates(self) -> None:
        """Make sure that each game has a day. Raises UsageError where one has none."""
        if (self.games.ended_at < 0).any():
            raise UsageError(
                "Some of these games have no date, so no day's loss can be told.",
                advice="Leave the limit of a day (--max-loss-day) out, or play recorded games.",
            )

    def advice(self) -> str:
        """Say how to get games to play."""
        ways = "`vectra-player up`, `vectra-player import`, or play --games generated:1000"
        if self.left_out:
            return f"{self.sentence()} Take them with --include-incomplete, or get more: {ways}."
        return f"Get games with {ways}."


def select_games(
    location: Location,
    asked: Sequence[str],
    *,
    origin: Origins,
    include_incomplete: bool,
    seed: int,
) -> Selected:
    """Return the games a user asked for: `all`, `complete`, ids, or `generated:N`.

    Raises UsageError for a game that is not recorded, an impossible number, or no store.
    """
    words = [word for text in asked for word in text.split(",") if word] or ["all"]
    made = [word for word in words if word.startswith(GENERATED)]
    if made:
        return _generate(made[0], len(words), seed)
    named = None if words in (["all"], ["complete"]) else words
    chosen = GameFilter(origins="all" if named else origin)
    with StoreReader(_checked(location)) as reader:
        games = load_games(reader, chosen, named)
    missing = sorted(set(named or ()) - set(games.game_ids))
    if missing:
        raise UsageError(
            f"No game {missing[0]!r} is recorded.", advice="`vectra-player games` lists them."
        )
    check_order(games)
    reasons = _lacks(games)
    bad = {NO_PRICES} if include_incomplete and words != ["complete"] else set(reasons) - {""}
    kept = [game for game, reason in enumerate(reasons) if reason not in bad]
    counted = Counter(reason for reason in reasons if reason in bad)
    return Selected(games.take(kept), ",".join(words), chosen.origins, dict(counted))


def _checked(location: Location) -> Location:
    return DataDir.open_existing(location).root if isinstance(location, Path) else location


def _generate(word: str, words: int, seed: int) -> Selected:
    number = word.removeprefix(GENERATED)
    if words > 1 or not number.isdecimal() or not 0 < int(number) <= MOST_GENERATED:
        raise UsageError(
            f"{word!r} does not say which games to play.",
            advice=f"Write --games {GENERATED}1000, up to {MOST_GENERATED:,} games.",
        )
    return Selected(generate_games(int(number), seed), word, "generated", {})


def _lacks(games: Games) -> list[str]:
    """Say what each game lacks; empty where it is complete."""
    return ["" if whole else _lack(games, k) for k, whole in enumerate(games.complete)]


def _lack(games: Games, game: int) -> str:
    prices = games.prices_of(game)
    rug = int(games.rug_ticks[game])
    before = prices[:rug] if rug >= 0 else prices
    if not len(before) or np.isnan(before).all():
        return NO_PRICES
    if rug < 0 or rug != len(prices) - 1:
        return NO_END
    return NO_BEGINNING if games.first_ticks[game] > 0 else GAPS
