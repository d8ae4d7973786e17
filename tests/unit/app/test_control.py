"""Asking the running recorder: answers, refusals and clean-up."""

from __future__ import annotations

import asyncio
import stat
from pathlib import Path

import pytest

from vectra_player.app.control import ask_recorder, serve_control
from vectra_player.errors import UsageError


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    deep = tmp_path / ("d" * 120)
    (deep / "run").mkdir(parents=True)
    return deep


async def answer() -> dict[str, int]:
    return {"durable": 7}


async def test_a_request_gets_its_answer_even_in_a_deep_directory(data_dir: Path) -> None:
    async with serve_control(data_dir, {"status": answer}):
        assert await asyncio.to_thread(ask_recorder, data_dir, "status") == {"durable": 7}


async def test_only_the_owner_may_ask(data_dir: Path) -> None:
    async with serve_control(data_dir, {}):
        mode = (data_dir / "run" / "recorder.sock").stat().st_mode
    assert stat.S_IMODE(mode) == 0o600


async def test_an_unknown_request_is_refused(data_dir: Path) -> None:
    async with serve_control(data_dir, {"status": answer}):
        with pytest.raises(UsageError, match="unknown"):
            await asyncio.to_thread(ask_recorder, data_dir, "explode")


async def test_a_stale_socket_is_replaced_and_ours_goes_with_us(
    data_dir: Path,
) -> None:
    path = data_dir / "run" / "recorder.sock"
    path.touch()
    async with serve_control(data_dir, {"status": answer}):
        assert await asyncio.to_thread(ask_recorder, data_dir, "status")
    assert not path.exists()


def test_no_recorder_is_a_clear_refusal(data_dir: Path) -> None:
    with pytest.raises(UsageError, match="No recorder answers"):
        ask_recorder(data_dir, "status")


async def greet(name: str, times: float = 1) -> str:
    if not name:
        raise UsageError("Nobody is nobody.", advice="Say a name.")
    return name * int(times)


async def test_a_request_may_carry_fields(data_dir: Path) -> None:
    async with serve_control(data_dir, {"greet": greet}):
        told = await asyncio.to_thread(ask_recorder, data_dir, "greet", name="you", times=2)
        assert told == "youyou"


@pytest.mark.parametrize("fields", [{}, {"name": "you", "more": 1}, {"times": 1}])
async def test_wrong_fields_are_refused(data_dir: Path, fields: dict[str, str | float]) -> None:
    async with serve_control(data_dir, {"greet": greet}):
        with pytest.raises(UsageError, match="wrong fields"):
            await asyncio.to_thread(ask_recorder, data_dir, "greet", **fields)


async def test_what_a_handler_refuses_reaches_the_asker_with_its_advice(data_dir: Path) -> None:
    async with serve_control(data_dir, {"greet": greet}):
        with pytest.raises(UsageError, match=r"^Nobody is nobody\. Say a name\.$"):
            await asyncio.to_thread(ask_recorder, data_dir, "greet", name="")
