"""Builders for tests of fairness: games by the real rules, and recordings of them.

make_claim(3, peak=2.0) is game 3 as recorded whole, with one thing changed; write_capture writes
what a recorder hears of games; a store comes from importing that.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from vectra_player.analysis.games import UNKNOWN, Games, games_of
from vectra_player.fairness.evidence import Claim
from vectra_player.fairness.timing import BETWEEN_S, WIRE_TICK_S
from vectra_player.game.price_path import PricePath, commitment, price_path
from vectra_player.store.importers import import_paths

START_US = 1_765_000_000_000_000
TICK_US = 250_000


def make_names(number: int) -> tuple[str, str]:
    """Return seed and id of a game of our own."""
    seed = hashlib.sha256(f"own-{number}".encode()).hexdigest()
    return seed, f"20260101-{seed[:16]}"


def make_path(number: int) -> PricePath:
    """Return the game by the rules."""
    return price_path(*make_names(number))


def make_claim(number: int, **changes: Any) -> Claim:
    """Return a game as recorded whole, live and in the history, with some of it changed."""
    seed, game_id = make_names(number)
    path = make_path(number)
    whole: dict[str, Any] = {
        "game_id": game_id,
        "version": "v3",
        "seed": seed,
        "hash": commitment(seed),
        "peak": path.peak,
        "rug_tick": path.rug_tick,
        "rug_price": path.prices[-1],
        "published": path.prices,
        "ticks": tuple(enumerate(path.prices)),
        "seen_at": START_US,
        "decided_at": START_US + TICK_US * len(path.prices),
    }
    return Claim(**{**whole, **changes})


def history_entry(number: int, **changes: Any) -> dict[str, Any]:
    """Return the entry the server's history has of a game; a change to None leaves a key out."""
    seed, game_id = make_names(number)
    path = make_path(number)
    entry = {
        "id": game_id,
        "timestamp": START_US // 1000 + 250 * len(path.prices) + 1000,
        "prices": list(path.prices),
        "peakMultiplier": path.peak,
        "rugged": True,
        "globalSidebets": [],
        "provablyFair": {"serverSeed": seed, "serverSeedHash": commitment(seed)},
        "gameVersion": "v3",
        **changes,
    }
    return {key: value for key, value in entry.items() if value is not None}


def write_history(path: Path, entries: Iterable[dict[str, Any] | str]) -> Path:
    """Write a file of history entries; a text is written as it is."""
    lines = (entry if isinstance(entry, str) else json.dumps(entry) for entry in entries)
    path.write_text("\n".join(lines) + "\n", "utf-8")
    return path


def frames(
    number: int,
    *,
    begin_us: int = START_US,
    first: int = 0,
    shown_hash: str | None = "own",
    shown_from: int = -1,
    entry: dict[str, Any] | None = None,
) -> list[dict[str, Any]]:
    """Return what a recorder hears of a game: presale, ticks from `first`, then the reveal.

    shown_hash: the commitment frames show from tick `shown_from` on, -1 being the presale.
    """
    seed, game_id = make_names(number)
    path = make_path(number)
    told = commitment(seed) if shown_hash == "own" else shown_hash
    events = []
    for tick in range(first - 1 if first == 0 else first, len(path.prices)):
        data: dict[str, Any] = {
            "gameId": game_id,
            "active": tick >= 0,
            "rugged": tick == len(path.prices) - 1,
            "tickCount": max(tick, 0),
            "price": path.prices[max(tick, 0)],
            "cooldownTimer": 100 if tick < 0 else 0,
            "tradeCount": max(tick, 0) // 3,
            "gameVersion": "v3",
        }
        if told is not None and tick >= shown_from:
            data["provablyFair"] = {"serverSeedHash": told, "version": "v3"}
        events.append((begin_us + TICK_US * tick, data))
    after = begin_us + TICK_US * len(path.prices) + 1_300_000
    nothing = {"gameId": "20991231-next", "active": False, "rugged": False, "tickCount": 0}
    revealed = [history_entry(number) if entry is None else entry]
    events.append(
        (after, {**nothing, "price": 1, "cooldownTimer": 15_000, "gameHistory": revealed})
    )
    return [
        {"ts": _iso(micros), "event": "gameStateUpdate", "data": data} for micros, data in events
    ]


def make_store(root: Path, *sessions: list[dict[str, Any]]) -> Path:
    """Import recordings, each a session of its own, and return the data directory."""
    root.mkdir(parents=True, exist_ok=True)
    for index, events in enumerate(sessions):
        lines = [json.dumps({"seq": seq, **event}) for seq, event in enumerate(events, 1)]
        (root / f"session-{index}.jsonl").write_text("\n".join(lines) + "\n", "utf-8")
    import_paths(sorted(root.glob("session-*.jsonl")), root / "data")
    return root / "data"


def with_times(games: Games, seed: int = 0, *, hidden_after: Iterable[int] = ()) -> Games:
    """Give games the times of an unbroken recording, with time for one more after some of them."""
    random = np.random.default_rng(seed)
    spans: npt.NDArray[np.float64] = games.rug_ticks * WIRE_TICK_S + BETWEEN_S
    spans += random.normal(0, 0.4, len(games)).clip(-2, 2)
    for game in hidden_after:
        spans[game + 1] += BETWEEN_S + 20
    ended = START_US + np.cumsum(spans * 1e6).astype(np.int64)
    return Games(**{**vars_of(games), "ended_at": ended})


def vars_of(games: Games) -> dict[str, Any]:
    """Return the columns of games by name."""
    return {name: getattr(games, name) for name in Games.__dataclass_fields__}


def concatenated(paths: list[npt.NDArray[np.float64]]) -> Games:
    """Make games of rugged price series."""
    from vectra_player.game.price_path import PricePaths

    offsets = np.zeros(len(paths) + 1, np.int64)
    np.cumsum([len(path) for path in paths], out=offsets[1:])
    filled = PricePaths(
        offsets=offsets,
        prices=np.concatenate(paths),
        rugged=np.ones(len(paths), np.bool_),
        peaks=np.asarray([path[:-1].max() for path in paths]),
        lows=np.asarray([path[:-1].min() for path in paths]),
        draws=np.zeros(len(paths), np.int64),
    )
    return games_of(filled, [f"made-{index}" for index in range(len(paths))])


def censored(games: Games, game: int, first: int, last: int) -> Games:
    """Return games of which one was only watched from tick `first` to `last`."""
    rug_ticks, first_ticks = games.rug_ticks.copy(), games.first_ticks.copy()
    rug_ticks[game], first_ticks[game] = UNKNOWN, first
    keep = np.ones(len(games.prices), np.bool_)
    keep[games.offsets[game] + last + 1 : games.offsets[game + 1]] = False
    offsets = games.offsets.copy()
    offsets[game + 1 :] -= int((~keep).sum())
    changed = {"rug_ticks": rug_ticks, "first_ticks": first_ticks, "offsets": offsets}
    return Games(**{**vars_of(games), **changed, "prices": games.prices[keep]})


def _iso(micros: int) -> str:
    return datetime.fromtimestamp(micros / 1e6, UTC).isoformat()
