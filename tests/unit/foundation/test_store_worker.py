from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from tests.analysis_support import Tree, game_of_length, recorded_game
from tests.live_support import packet, tick

from vectra_player.analysis.games import load_games
from vectra_player.analysis.survival import exposure, survival
from vectra_player.errors import UsageError, VectraError
from vectra_player.foundation.store_worker import Question, StoreWorker
from vectra_player.store.reads import StoreReader
from vectra_player.store.writer import EventStore


@pytest.fixture
def filled(tmp_path: Path) -> Path:
    with EventStore.open(tmp_path) as store:
        store.start_session("public_ws", "backend.rugs.fun")
        store.append(packet("gameStateUpdate", tick(1, [1.0, 1.1])))
        store.stop_session("done")
    return tmp_path


@pytest.fixture
async def worker(filled: Path) -> AsyncIterator[StoreWorker]:
    made = StoreWorker(filled)
    yield made
    await made.close()


async def test_it_lists_sessions_and_games(worker: StoreWorker) -> None:
    (session,) = msgspec.json.decode(await worker.ask(Question("sessions")))
    assert (session["events"], session["ended"]) == (3, "stopped")
    assert msgspec.json.decode(await worker.ask(Question("games"))) == []


async def test_an_unknown_question_is_refused(worker: StoreWorker) -> None:
    with pytest.raises(UsageError, match="no such question"):
        await worker.ask(Question("drop"))
    assert await worker.ask(Question("sessions"))


async def test_a_killed_child_is_replaced(worker: StoreWorker) -> None:
    await worker.ask(Question("sessions"))
    child = worker._child
    assert child is not None
    child.kill()
    await child.wait()
    assert len(msgspec.json.decode(await worker.ask(Question("sessions")))) == 1


async def test_a_child_that_overruns_is_ended(filled: Path) -> None:
    worker = StoreWorker(filled, timeout_s=0.0001)
    with pytest.raises(VectraError, match="did not answer"):
        await worker.ask(Question("sessions"))
    assert worker._child is None
    await worker.close()


async def test_an_idle_child_ends_by_itself(filled: Path) -> None:
    worker = StoreWorker(filled, idle_s=0.01)
    await worker.ask(Question("sessions"))
    child = worker._child
    assert child is not None
    async with asyncio.timeout(60):
        assert await child.wait() == 0
    assert len(msgspec.json.decode(await worker.ask(Question("sessions")))) == 1
    await worker.close()


async def test_questions_at_once_are_answered_one_by_one(worker: StoreWorker) -> None:
    answers = await asyncio.gather(*(worker.ask(Question("sessions")) for _ in range(5)))
    assert len({bytes(answer) for answer in answers}) == 1


async def test_a_directory_that_is_no_store_is_told(tmp_path: Path) -> None:
    worker = StoreWorker(tmp_path / "nothing")
    with pytest.raises(VectraError):
        await worker.ask(Question("sessions"))
    await worker.close()


async def test_survival_is_told_of_the_games_of_an_origin(tmp_path: Path) -> None:
    tree = Tree(tmp_path)
    lengths = [5 + 17 * number for number in range(12)]
    tree.add(
        *(
            recorded_game(f"20260101-{number:016x}", game_of_length(length), number)
            for number, length in enumerate(lengths)
        )
    )
    worker = StoreWorker(tmp_path)
    asked = Question("survival", origin="real", at=40, within=80, bets=3)
    told = msgspec.json.decode(await worker.ask(asked))
    nothing = msgspec.json.decode(await worker.ask(Question("survival", origin="demo")))
    await worker.close()
    with StoreReader(tmp_path) as reader:
        games = load_games(reader)
    assert len(games) == len(lengths)
    assert told["survival"] == told_of(survival(games))
    assert told["asked"] == told_of(exposure(games).window(40, 80))
    assert [step["within"] for step in told["ladder"]] == [40, 80, 120]
    assert told["ladder"][1] == told["asked"]
    assert (nothing["survival"]["games"], nothing["asked"]["chance"]["value"]) == (0, None)


def told_of(value: object) -> Any:
    return msgspec.json.decode(msgspec.json.encode(value))
