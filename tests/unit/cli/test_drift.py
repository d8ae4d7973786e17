"""`drift` over a store that holds a run: what it prints, writes and returns."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import pytest
import typer
from tests.drift_support import Rehearsal
from tests.live_support import packet, rug, tick
from typer.testing import CliRunner, Result

from vectra_player.analysis.drift_run import RecordedRun
from vectra_player.cli import drift
from vectra_player.cli.session import open_session
from vectra_player.errors import UsageError
from vectra_player.foundation.paper_records import WalletRequest
from vectra_player.model.frame import Frame, fact
from vectra_player.model.run import RunPlayed, RunStarted
from vectra_player.store.writer import EventStore

GAMES = [
    (f"20260101-00000000000000{number:02d}", [1.0 + (k * 7 % 11) / 50 for k in range(60)] + [0.02])
    for number in range(3)
]
RUN = "run-20260101T000000-abcdef"


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with a run of `conservative` over three games, with latency."""
    folder = tmp_path_factory.mktemp("drift")
    wallet = WalletRequest(cash=1, latency_ms=219)
    write(folder, Rehearsal(folder, "conservative", GAMES, wallet).run())
    return folder


def write(folder: Path, run: RecordedRun) -> None:
    """Write games and run as a service records them."""
    facts = [RunStarted(run_id=RUN, **msgspec.structs.asdict(run.plan))]
    games = [RunPlayed(run_id=RUN, game_id=one.game.game_id, game=one.game) for one in run.games]
    assert run.ended is not None
    ended = msgspec.structs.replace(run.ended, run_id=RUN)
    with EventStore.open(folder) as store:
        store.start_session("demo", "127.0.0.1:1", {})
        for name, path in GAMES:
            for number in range(len(path) - 1):
                store.append(packet("gameStateUpdate", tick(number, path, name)))
            store.append(packet("gameStateUpdate", rug(path, name)))
        for told in (*facts, *games, ended):
            store.append(_fact("strategy_run", told))
        for record in run.actions.values():
            told_of = msgspec.structs.replace(record, strategy=RUN)
            store.append(_fact("outcome", told_of))
            pressed = msgspec.structs.replace(
                told_of, action_id=f"{record.action_id}.1", action_type="BET_INCREMENT"
            )
            store.append(_fact("outcome", pressed))
        store.stop_session("the end")


def _fact(kind: str, detail: Any) -> Frame:
    return fact(kind, msgspec.to_builtins(detail), ts=1, source="ui", origin="127.0.0.1:1")


def call(folder: Path, *words: str, as_json: bool = False) -> Result:
    app = typer.Typer()
    drift.register(app)
    session = open_session(folder, json_output=as_json, quiet=False)
    return CliRunner().invoke(app, list(words), obj=session)


def test_the_last_run_is_explained_as_json(root: Path) -> None:
    done = call(root, as_json=True)
    assert done.exit_code == 0, done.exception
    told = json.loads(done.stdout)
    assert (told["run_id"], told["games"], told["unexplained"]) == (RUN, 3, 0)
    assert {one["cause"] for one in told["causes"]} <= {"latency", "follows"}
    assert told["alike_with_latency"] == sum(one["run"] is not None for one in told["trades"])
    assert told["profit"] == told["with_latency"] != told["backtest"]


def test_it_says_in_words_what_came_of_it_and_writes_a_page(root: Path, tmp_path: Path) -> None:
    page = tmp_path / "drift.html"
    done = call(root, RUN, "--mode", "paper", "--report", str(page))
    assert done.exit_code == 0, done.exception
    assert "Every difference is explained." in done.stdout
    html = page.read_text()
    assert f"Drift of {RUN}" in html
    assert "1 tick later, at" in html


@pytest.mark.parametrize("words", [("run-none",), ("--mode", "live"), ("--since", "2030-01-01")])
def test_a_run_that_is_not_there_is_said(root: Path, words: tuple[str, ...]) -> None:
    done = call(root, *words)
    assert isinstance(done.exception, UsageError)
    assert "strategy run" in done.exception.advice


def test_an_unexplained_difference_is_exit_code_1(root: Path, tmp_path: Path) -> None:
    run = Rehearsal(tmp_path, "conservative", GAMES).run()
    game = run.games[0].game
    first = msgspec.structs.replace(game.decisions[0], tick=game.decisions[0].tick + 1)
    changed = msgspec.structs.replace(game, decisions=(first, *game.decisions[1:]))
    games = (replace(run.games[0], game=changed), *run.games[1:])
    write(tmp_path / "d", replace(run, games=games))
    done = call(tmp_path / "d")
    assert done.exit_code == 1
    assert "UNEXPLAINED: do not trust this run" in done.stdout
    assert "shown the same again the strategy decides" in done.stdout.replace("\n", " ")
