"""`strategy run` beside a running service; in a replay it is a backtest, tick for tick."""

from __future__ import annotations

import contextlib
import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from tests import warm_client
from tests.command_support import PATIENCE_S, environment, run, wait_until, warm_server
from tests.command_support import run_warm as quick
from tests.foundation_support import Site, site
from tests.live_support import GAME, ME, T0
from tests.replay_support import game_frames, lines

from vectra_player.analysis.drift import compare
from vectra_player.analysis.drift_run import find_run, load_run
from vectra_player.analysis.games import load_games
from vectra_player.store.importers import import_paths
from vectra_player.store.reads import GameFilter, StoreReader
from vectra_player.strategy.builtin.playbooks import Conservative
from vectra_player.strategy.engine import Engine
from vectra_player.strategy.latency import BUY_ORDER_MS, Latency
from vectra_player.strategy.market import game_steps
from vectra_player.strategy.paper import PaperBroker

pytestmark = pytest.mark.timeout(400)

DEMO = ("--source", "demo", "--speed", "8", "--seed", "1448")
"""The first games of this seed last 90 to 131 ticks: nobody waits long for their ends."""

OTHER_GAMES = ("--source", "demo", "--speed", "8", "--seed", "288")
"""A service that starts anew plays on; the same seed would play the same games again."""

EVERY_TICK = """
from vectra_player.strategy import PlaceSidebet, Strategy


class EveryTick(Strategy):
    '''Bet whenever it may.'''

    def on_tick(self, context):
        if context.phase == "LIVE" and context.can_bet:
            yield PlaceSidebet("0.001")
"""

FAILS = """
from vectra_player.strategy import Strategy


class Fails(Strategy):
    '''Fail at a tick.'''

    def on_tick(self, context):
        if context.tick > 4:
            raise ValueError("out of ideas")
"""

LOOPS = FAILS.replace('raise ValueError("out of ideas")', "while True:\n                pass")


@pytest.fixture(scope="module")
def up(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    root = tmp_path_factory.mktemp("strategy")
    with site(root, *DEMO, VECTRA_FILE_INTERVAL_S="1") as running:
        running.until(lambda state: state["recording"]["games"] >= 1, "a game")
        yield running


def strategy_file(root: Path, name: str, text: str) -> str:
    path = root / f"{name}.py"
    path.write_text(text)
    return str(path)


@contextlib.contextmanager
def started(root: Path, *words: str) -> Iterator[subprocess.Popen[str]]:
    """Start a run in the background, which Python's own start would only delay."""
    client = [sys.executable, "-IS", warm_client.__file__, warm_server()]
    command = [*client, "--data-dir", str(root), "--json", "strategy", "run", *words]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment()
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def placed(up: Site) -> int:
    """Count the sidebets of the account's log."""
    return sum(note["kind"] == "placed" for note in up.get("/api/trade").json["actions"])


def filed(up: Site) -> list[dict[str, Any]]:
    """Return the games that are over and in the store."""
    return [game for game in up.get("/api/games").json if game["rug_tick"] is not None]


def until_placed(up: Site, process: subprocess.Popen[str]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not placed(up):
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.1)


def test_a_strategy_plays_whole_games_on_paper(up: Site, tmp_path: Path) -> None:
    file = strategy_file(tmp_path, "every_tick", EVERY_TICK)
    done = run("--data-dir", up.root, "--json", "strategy", "run", file,
               "--games", "1", "--cash", "5", "--latency-ms", "0")  # fmt: skip
    assert done.code == 0, done.err
    told = done.json
    assert told["result"]["start_cash"] == "5.000000000"
    bets = [outcome for outcome in told["result"]["outcomes"] if outcome["kind"] == "placed"]
    ends = [o for o in told["result"]["outcomes"] if o["kind"] in ("won", "lost")]
    assert len(bets) >= 1
    assert {o["number"] for o in ends} <= {o["number"] for o in bets}
    assert [row["who"] for row in told["score"]] == ["you", "never betting", "coin flip"]
    account = up.get("/api/trade").json
    assert {note["actor"] for note in account["actions"] if note["kind"] == "placed"} == {"bot"}
    assert account["account"]["start_cash"] == 5
    check_recorded(up, told)


def check_recorded(up: Site, told: dict[str, Any]) -> None:
    """Check that the run and each of its orders are in the store."""
    quick("--data-dir", up.root, "store", "flush")
    with StoreReader(up.root) as reader:
        facts = reader.fetch(
            "SELECT raw FROM ws_event_rows WHERE event_name = 'vectra.strategy_run' "
            "AND json_extract_string(raw, '$.run_id') = ? ORDER BY seq",
            [told["run_id"]],
        ).column(0)
        rows = reader.fetch(
            "SELECT outcome, executed_tick FROM player_action WHERE strategy = ? AND mode = 'paper'"
            " AND outcome = 'CONFIRMED' ORDER BY action_id",
            [told["run_id"]],
        ).to_pylist()
    states = [json.loads(str(raw))["state"] for raw in facts.to_pylist()]
    assert states[0] == "started"
    assert states[-1] == "ended"
    assert set(states[1:-1]) == {"game"}
    bets = [o for o in told["result"]["outcomes"] if o["kind"] == "placed"]
    assert [row["executed_tick"] for row in rows] == [o["tick"] for o in bets]
    check_drift(up, told)


def check_drift(up: Site, told: dict[str, Any]) -> None:
    """Check that the recorded run is played again as it was, and every difference explained."""
    with StoreReader(up.root) as reader:
        recorded = load_run(reader, find_run(reader, mode="paper"))
    assert recorded.run_id == told["run_id"]
    assert recorded.ended is not None
    assert not recorded.unrecorded
    drift = compare(recorded, up.root)
    assert drift.unexplained == 0, [trade for trade in drift.trades if trade.cause]
    assert len(drift.trades) >= len(told["result"]["decisions"])
    outcomes = told["result"]["outcomes"]
    assert drift.profit == sum(Decimal(outcome["profit"]) for outcome in outcomes)


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [("fails", FAILS, "ValueError: out of ideas"), ("loops", LOOPS, "took more than 1 s")],
)
def test_a_strategy_that_fails_ends_with_the_facts(
    up: Site, tmp_path: Path, name: str, text: str, said: str
) -> None:
    done = quick("--data-dir", up.root, "strategy", "run", strategy_file(tmp_path, name, text))
    assert done.code == 1
    assert said in done.out
    assert "It stopped at tick" in done.out
    assert "never betting" in done.out


def test_ctrl_c_ends_a_run_with_its_score_card(up: Site, tmp_path: Path) -> None:
    up.post("/api/trade/reset", {"latency_ms": 0})
    with started(up.root, strategy_file(tmp_path, "every_tick", EVERY_TICK)) as process:
        until_placed(up, process)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 0, err
    assert json.loads(out)["reason"] == "stopped by you"


def test_a_limit_of_the_run_keeps_an_action_here(up: Site, tmp_path: Path) -> None:
    file = strategy_file(tmp_path, "every_tick", EVERY_TICK.replace("0.001", "0.01"))
    done = quick("--data-dir", up.root, "--json", "strategy", "run", file,
                 "--games", "1", "--cash", "5", "--max-stake", "0.005")  # fmt: skip
    assert done.code == 0, done.err
    kinds = {(o["kind"], o["reason"]) for o in done.json["result"]["outcomes"]}
    assert kinds == {("refused", "limit")}, done.json["result"]["games"]
    assert placed(up) == 0


def test_a_run_goes_on_after_the_service_was_restarted(tmp_path: Path) -> None:
    root = tmp_path / "data"
    file = strategy_file(tmp_path, "every_tick", EVERY_TICK)
    with site(root, *DEMO) as first:
        first.post("/api/trade/reset", {"cash": 7, "latency_ms": 0})
        with started(root, file) as process:
            until_placed(first, process)
            first.stop()
            with site(root, *OTHER_GAMES) as second:
                assert second.get("/api/trade").json["account"]["start_cash"] == 7
                until_placed(second, process)
                process.send_signal(signal.SIGTERM)
                out, err = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 0, err
    assert json.loads(out)["result"]["stopped"] is None
    quick("--data-dir", root, "store", "flush")
    with StoreReader(root) as reader:
        recorded = load_run(reader, json.loads(out)["run_id"])
    assert recorded.restarts == 1
    drift = compare(recorded, root)
    assert drift.unexplained == 0, [trade for trade in drift.trades if trade.cause]


@pytest.mark.parametrize("latency_ms", [None, 0.0])
def test_in_a_replay_a_strategy_decides_what_it_decides_in_a_backtest(
    up: Site, latency_ms: float | None
) -> None:
    words = () if latency_ms is None else ("--latency-ms", str(latency_ms))
    played = wait_until(lambda: [game for game in filed(up) if game["rug_tick"] > 40], "a game")
    game_id = min(played, key=lambda game: game["rug_tick"])["game_id"]
    done = quick("--data-dir", up.root, "--json", "strategy", "run", "conservative",
                 "--replay", game_id, *words)  # fmt: skip
    assert done.code == 0, done.err
    practised = done.json["result"]
    with StoreReader(up.root) as reader:
        games = load_games(reader, GameFilter(origins="all"), [game_id])
    latency = Latency.ms(BUY_ORDER_MS if latency_ms is None else latency_ms)
    broker = PaperBroker(Decimal(practised["start_cash"]), latency=latency)
    steps = game_steps(game_id, games.prices_of(0), int(games.rug_ticks[0]))
    tested = Engine(Conservative(), broker).run(steps)
    assert [deed(o) for o in practised["outcomes"] if o["game_id"] == game_id] == [
        (o.kind, o.tick, o.price, str(o.amount), str(o.profit)) for o in tested.outcomes
    ]
    assert up.get("/api/replay").json == []


def test_in_a_replay_the_score_card_tells_what_the_recorded_account_did(tmp_path: Path) -> None:
    root, capture = tmp_path / "data", tmp_path / "capture.jsonl"
    own = {"playerId": ME, "gameId": GAME, "price": 1.0, "coin": "solana"}
    bet = {"gameId": GAME, "betAmount": 5, "payout": 25, "coinAddress": "0xPractice"}
    told: list[tuple[str, dict[str, Any]]] = [("gameStateUpdate", f) for f in game_frames()]
    told[13:13] = [
        ("usernameStatus", {"id": ME, "hasUsername": True, "username": "me"}),
        ("standard/newTrade", {**own, "type": "buy", "amount": 0.2}),
        ("standard/newTrade", {**own, "type": "sell", "amount": 0.25}),
        ("currentSidebetResult", bet),
    ]
    records = [
        {"seq": n, "ts": T0 / 1e6 + n / 4, "event": name, "data": data}
        for n, (name, data) in enumerate(told, 1)
    ]
    capture.write_text(lines(*records))
    import_paths([capture], root)
    with site(root, command="foundation"):
        done = quick("--data-dir", root, "--json", "strategy", "run", "conservative",
                     "--replay", GAME)  # fmt: skip
    assert done.code == 0, done.err
    then = {row["who"]: row for row in done.json["score"]}["then"]
    assert (then["profit"], then["paid_in"]) == (pytest.approx(0.05), 0.2)
    assert (then["max_drawdown"], then["expected"]) == (None, None)
    assert done.json["other_coins"] == 1


def deed(outcome: dict[str, Any]) -> tuple[str, int, float, str, str]:
    return (
        outcome["kind"], outcome["tick"], outcome["price"], outcome["amount"], outcome["profit"],
    )  # fmt: skip


def test_without_a_service_it_says_how_to_start_one(tmp_path: Path) -> None:
    done = quick("--data-dir", tmp_path, "strategy", "run", "conservative")
    assert done.code != 0
    assert "vectra-player up" in done.err


def test_what_cannot_be_run_is_said(up: Site) -> None:
    for words in (("none-such",), ("conservative", "--replay", "20200101-0000000000000000")):
        done = quick("--data-dir", up.root, "strategy", "run", *words)
        assert done.code == 2
        assert done.err
    done = quick("--data-dir", up.root, "strategy", "run", "conservative", "--mode", "live")
    assert done.code == 2
