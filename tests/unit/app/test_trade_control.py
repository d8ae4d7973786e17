"""The control socket and the command `trade` move the gate of the running service."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console
from tests.gate_support import DEMO, SITE, Clock, holding, make_gate, make_order, make_scene

from vectra_player.app.control import serve_control
from vectra_player.app.trade_control import open_gate, trade_handlers
from vectra_player.cli import trade
from vectra_player.cli.session import PIPE_WIDTH, Session
from vectra_player.config import load
from vectra_player.errors import UsageError
from vectra_player.store.layout import DataDir
from vectra_player.store.lock import WriterLock
from vectra_player.trading.gate import Gate
from vectra_player.trading.survey import Finding


class Shell:
    """Runs `trade` commands on a data directory."""

    def __init__(self, root: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.root = root
        self._capsys = capsys

    def say(self, *words: str, code: int = 0, as_json: bool = False) -> str:
        """Run a command that must end with this code; return what it printed."""
        session = Session(
            load({"data_dir": self.root}, {}), as_json, False, Console(width=PIPE_WIDTH)
        )
        with pytest.raises(SystemExit) as ended:
            trade.app(list(words), obj=session)
        assert (ended.value.code or 0) == code
        return self._capsys.readouterr().out

    def json(self, *words: str, code: int = 0) -> Any:
        """Run a command with --json."""
        return json.loads(self.say(*words, code=code, as_json=True).splitlines()[-1])

    def refused(self, *words: str) -> str:
        """Run a command that must refuse; return why."""
        session = Session(load({"data_dir": self.root}, {}), False, False, Console())
        with pytest.raises(UsageError) as refusal:
            trade.app(list(words), obj=session, standalone_mode=False)
        return str(refusal.value)


class Page:
    """Looks for buttons; finds what it is told to."""

    def __init__(self, *findings: Finding) -> None:
        self.findings = [*findings]

    async def __call__(self) -> list[Finding]:
        return self.findings


@pytest.fixture
def shell(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Shell:
    (tmp_path / "run").mkdir()
    return Shell(tmp_path, capsys)


@pytest.fixture
async def gate(shell: Shell) -> AsyncIterator[Gate]:
    """The gate of a running service on the real page, with the two other switches on."""
    live = {"origin": SITE, "live_enabled": True, "allow_live": True}
    gate = make_gate(shell.root / "run", Clock(), **live)
    async with serve_control(shell.root, trade_handlers(gate, Page())):
        yield gate


async def beside(call: Callable[..., Any], *words: str, **named: Any) -> Any:
    """Run a command while the service answers."""
    return await asyncio.to_thread(call, *words, **named)


async def test_a_running_service_is_armed_shown_and_disarmed(shell: Shell, gate: Gate) -> None:
    armed = await beside(shell.json, "arm", "--phrase", gate.phrase, "--minutes", "5")
    assert armed["armed_until_us"] == gate.status().armed_until_us is not None
    shown = await beside(shell.say, "status")
    assert "LIVE is armed until" in shown
    assert "No service" not in shown
    assert (await beside(shell.json, "disarm"))["armed_until_us"] is None
    assert "not armed" in await beside(shell.say, "status")


async def test_a_recorder_that_halts_is_told_and_nobody_has_to_acknowledge(shell: Shell) -> None:
    why = ["Recording is halted: No space left on device."]
    gate = make_gate(shell.root / "run", Clock(), unrecorded=lambda: " ".join(why))
    async with serve_control(shell.root, trade_handlers(gate, Page())):
        shown = await beside(shell.say, "status", code=1)
        assert "HALTED on" in shown
        assert why[0] in shown
        why.clear()
        assert (await beside(shell.json, "status"))["state"] == "ACTIVE"


async def test_a_wrong_phrase_or_time_does_not_arm(shell: Shell, gate: Gate) -> None:
    assert gate.phrase in await beside(shell.refused, "arm", "--phrase", "yes")
    refusal = await beside(shell.refused, "arm", "--phrase", gate.phrase, "--minutes", "481")
    assert "480" in refusal
    assert gate.status().armed_until_us is None


async def test_a_page_of_this_machine_is_not_armed(shell: Shell) -> None:
    switches = {"origin": DEMO, "live_enabled": True, "allow_live": True}
    gate = make_gate(shell.root / "run", Clock(), **switches)
    async with serve_control(shell.root, trade_handlers(gate, Page())):
        assert "cannot be traded live" in await beside(
            shell.refused, "arm", "--phrase", gate.phrase
        )
    assert gate.status().armed_until_us is None


@pytest.mark.parametrize(
    ("lost", "shown"), [("0E-9", "0"), ("-0.0018", "0"), ("0.010", "0.01"), ("10", "10")]
)
def test_a_loss_is_written_without_exponents_and_a_gain_as_none(lost: str, shown: str) -> None:
    assert trade._lost({"loss_day_sol": lost}, "day") == shown


async def test_without_a_terminal_nobody_is_asked(
    shell: Shell, gate: Gate, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys.stdin, "isatty", lambda: False, raising=False)
    assert "--phrase" in await beside(shell.refused, "arm")


async def test_a_kill_reaches_the_service_and_says_what_is_open(shell: Shell, gate: Gate) -> None:
    gate.note_account(holding(Clock(), page_origin=SITE))
    told = await beside(shell.json, "kill")
    assert told["killed"] is True
    assert told["service"] is True
    assert "A position of 0.01" in told["not_undone"][0]
    assert gate.state() == "HALTED"
    assert "kill switch" in await beside(shell.say, "status", code=1)
    done = await beside(shell.json, "acknowledge")
    assert [halt["reason"] for halt in done["acknowledged"]] == ["kill"]
    assert gate.state() == "ACTIVE"
    assert not (shell.root / "run" / "KILL").exists()


async def test_a_recorder_that_does_not_trade_is_killed_all_the_same(shell: Shell) -> None:
    async def status() -> str:
        return "recording"

    async with serve_control(shell.root, {"status": status}):
        told = await beside(shell.json, "kill")
        assert told["service"] is False
        assert (await beside(shell.json, "status", code=1))["killed"] is True
        assert "No service that trades" in await beside(shell.refused, "disarm")
        assert "Acknowledged" in await beside(shell.say, "acknowledge")
    assert not (shell.root / "run" / "KILL").exists()


def test_a_kill_needs_no_service_and_holds_for_the_next_one(shell: Shell) -> None:
    assert "No service answered" in shell.say("kill")
    assert "Killed" in shell.say("kill")
    gate = make_gate(shell.root / "run", Clock())
    assert gate.refusal(make_order(), make_scene(Clock())) is not None
    assert shell.json("status", code=1)["killed"] is True
    assert "Acknowledged: The kill switch fell" in shell.say("acknowledge")
    assert shell.json("status")["state"] == "ACTIVE"
    assert "Nothing was halted" in shell.say("acknowledge")


def test_a_service_that_starts_or_hangs_keeps_its_memory_to_itself(shell: Shell) -> None:
    lock = WriterLock.acquire(DataDir(shell.root).lock_file)
    for word in ("status", "acknowledge"):
        assert "is being written by" in shell.refused(word)
    lock.release()
    assert shell.json("status")["state"] == "ACTIVE"


def test_a_kill_makes_the_data_directory_where_there_is_none(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root = tmp_path / "fresh"
    Shell(root, capsys).say("kill")
    assert (root / "run" / "KILL").read_text() == "trade kill\n"


def test_what_needs_a_service_says_how_to_start_one(shell: Shell) -> None:
    for words in (("arm", "--phrase", "x"), ("disarm",)):
        assert "vectra-player up --source chrome" in shell.refused(*words)


def test_without_a_data_directory_there_is_nothing_to_say(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shell = Shell(tmp_path / "none", capsys)
    assert "no data directory" in shell.refused("status")
    assert "no data directory" in shell.refused("acknowledge")


def test_the_status_shows_limits_and_what_is_used_of_them(shell: Shell) -> None:
    shown = shell.say("status")
    assert "nothing is pressed live (no switch on, not armed)" in shown
    assert "No service that trades runs" in shown
    for text in ("lost in this session", "lost on this UTC day", "0.05", "at risk at once"):
        assert text in shown


def test_the_gate_of_a_data_directory_guards_the_page_of_its_settings(shell: Shell) -> None:
    for url, mode in ((f"{DEMO}/", "practice"), ("https://rugs.fun/?a=b", "live")):
        settings = load({"data_dir": shell.root}, {"VECTRA_GAME_URL": url}).settings
        status = open_gate(settings).status()
        assert (status.mode, status.live_enabled, status.allow_live) == (mode, False, False)


async def test_the_buttons_of_the_open_page_are_looked_for_on_demand(shell: Shell) -> None:
    gate, page = make_gate(shell.root / "run", Clock()), Page()
    async with serve_control(shell.root, trade_handlers(gate, page)):
        assert (await beside(shell.json, "check"))["findings"] == []
        page.findings = [Finding(button="SELL", code="not_found", message="SELL is not there.")]
        told = await beside(shell.json, "check", code=1)
        assert told["findings"][0]["code"] == "not_found"
        assert "SELL is not there." in await beside(shell.say, "check", code=1)
    assert "No service that trades" in shell.refused("check")
