"""What a person asks of the gate through pages, and what is told of it."""

from __future__ import annotations

from pathlib import Path

from structlog.testing import capture_logs
from tests.gate_support import Clock, make_gate, make_scene

from vectra_player.foundation.messages import Message
from vectra_player.foundation.switch_desk import SwitchDesk
from vectra_player.trading.gate_records import GateEvent


def test_a_page_whose_frames_are_not_recorded_is_told_as_halted_and_why(tmp_path: Path) -> None:
    clock = Clock()
    gate = make_gate(tmp_path, clock, unrecorded=lambda: "Recording is halted: no space.")
    desk = SwitchDesk(gate, lambda message: None, clock)
    assert (desk.state().state, desk.state().halts) == ("HALTED", []), "nothing to acknowledge"
    assert desk.state().unrecorded == "Recording is halted: no space."
    assert desk.brief()["halts"] == ["Recording is halted: no space."]


def test_a_kill_is_logged_once_with_what_it_could_not_undo(tmp_path: Path) -> None:
    clock = Clock()
    changes: list[GateEvent] = []
    gate = make_gate(tmp_path, clock, listen=changes.append)
    gate.note_account(make_scene(clock, position_qty=None))
    told: list[Message] = []
    desk = SwitchDesk(gate, told.append, clock)
    with capture_logs() as logged:
        report = desk.kill()
        for change in changes:
            desk.changed(change)
    (line,) = logged
    assert (line["reason"], line["by"]) == ("kill", "page")
    assert line["not_undone"] == report.not_undone == tuple(told[-1].data["not_undone"])
    assert "not known" in report.not_undone[0]
