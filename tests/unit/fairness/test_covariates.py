"""Trades and stakes are laid out by tick, and unknown where no recording tells them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from tests.unit.fairness.recordings import START_US, frames, history_entry, make_path, make_store

from vectra_player.analysis.games import load_games
from vectra_player.fairness.covariates import Covariates, read_covariates, unknown
from vectra_player.store.reads import StoreReader


def sidebet(name: str, start: int, stake: float, coin: str = "So1") -> dict[str, Any]:
    """Return a sidebet as a history entry lists it."""
    return {
        "playerId": name, "username": name, "betAmount": stake, "xPayout": 5, "coinAddress": coin,
        "type": "placed", "startedAtTick": start, "end": start + 40, "id": name,
    }  # fmt: skip


def read(root: Path) -> tuple[Covariates, list[slice]]:
    """Read the covariates of a store and where its games lie."""
    with StoreReader(root) as reader:
        games = load_games(reader)
        found = read_covariates(reader, games, "real")
    bounds = zip(games.offsets[:-1], games.offsets[1:], strict=True)
    return found, [slice(int(first), int(last)) for first, last in bounds]


def test_stakes_are_those_whose_window_holds_the_next_tick(tmp_path: Path) -> None:
    bets = [sidebet("a", 5, 0.5), sidebet("b", 30, 0.25), sidebet("c", 6, 100.0, "0xPractice")]
    root = make_store(tmp_path, frames(0, entry=history_entry(0, globalSidebets=bets)))
    found, (game,) = read(root)
    stakes = np.expm1(found.stakes[game])
    expected = np.zeros(len(make_path(0).prices))
    expected[5:45] += 0.5
    expected[30:70] += 0.25
    np.testing.assert_allclose(stakes, expected, atol=1e-12)


def test_stakes_are_unknown_where_no_reveal_listed_them(tmp_path: Path) -> None:
    entry = history_entry(1, globalSidebets=[sidebet("a", 5, 0.5)])
    revealed = frames(1, begin_us=START_US + 10**9, entry=entry)
    found, (first, second) = read(make_store(tmp_path, frames(0)[:-1], revealed))
    assert np.isnan(found.stakes[first]).all()
    assert not np.isnan(found.stakes[second]).any()


def test_trades_are_known_at_the_ticks_that_were_heard(tmp_path: Path) -> None:
    found, (game,) = read(make_store(tmp_path, frames(0, first=60)))
    trades = np.expm1(found.trades[game])
    assert np.isnan(trades[:60]).all()
    np.testing.assert_allclose(trades[60:], np.arange(60, len(trades)) // 3)


def test_nothing_known_is_nothing_known(tmp_path: Path) -> None:
    with StoreReader(make_store(tmp_path, frames(0))) as reader:
        games = load_games(reader)
    assert np.isnan(unknown(games).trades).all()
    assert len(unknown(games).stakes) == len(games.prices)
