"""Alerts on the bus: from a frame to a fact, a message and the log, and never in the way."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.live_support import GAME, NEXT, T0, cooldown, event, fact_event, rug, tick

from vectra_player.bus import EventBus, Events
from vectra_player.errors import DiskError
from vectra_player.foundation.alert_desk import LOOK_EVERY_US, AlertDesk
from vectra_player.foundation.messages import Message, Source
from vectra_player.foundation.normaliser import Normaliser
from vectra_player.live.live_state import LiveState
from vectra_player.live.provider import LiveStateProvider

PRICES = [1.0, 1.1, 1.2]


class Wired:
    """A bus with live state and a desk, as `app` joins them; `noted` are the facts it wrote."""

    def __init__(self, rules: Path) -> None:
        self.bus = EventBus()
        live = LiveStateProvider(self.bus)
        self.noted: list[tuple[str, Any]] = []
        self.told: list[Message] = []
        self.recording = True
        self.full = False
        self.now = T0
        self.desk = AlertDesk(self.bus, live, self._note, self.told.append, rules)

    def _note(self, kind: str, detail: object) -> int:
        if self.full:
            raise DiskError("no room")
        if self.recording:
            self.noted.append((kind, detail))
            self.bus.publish(Events.EVENT, fact_event(kind, detail))
        return len(self.noted) if self.recording else 0

    def play(self, game: str = GAME) -> None:
        """Play a short game to its rug."""
        frames = [cooldown(100, game), *(tick(t, PRICES, game) for t in range(len(PRICES)))]
        for frame in [*frames, rug([*PRICES, 0.02], game)]:
            self.now += 250_000
            self.bus.publish(Events.EVENT, event("gameStateUpdate", frame, ts=self.now))

    def types(self) -> list[str]:
        return [detail["alert_type"] for _, detail in self.noted]


def write(rules: Path, text: str) -> None:
    rules.mkdir(exist_ok=True)
    (rules / "alerts.toml").write_text(text)


async def test_a_frame_becomes_a_fact_and_a_line_of_the_log(tmp_path: Path) -> None:
    wired = Wired(tmp_path)
    wired.play()
    assert wired.types() == ["game_start", "game_rug"]
    kind, detail = wired.noted[1]
    assert (kind, detail["game_id"], detail["title"]) == ("alert", GAME, "Rugged at tick 3")
    report = wired.desk.report(1)
    assert (report.told, len(report.rules), report.faults) == (2, 31, [])
    assert report.alerts[0]["alert_id"] == detail["alert_id"]
    assert wired.told == []
    assert all(handler.failed == 0 for handler in wired.bus.stats().handlers)


async def test_what_is_not_stored_is_told_all_the_same(tmp_path: Path) -> None:
    wired = Wired(tmp_path)
    wired.recording = False
    wired.play()
    wired.full = True
    wired.play(NEXT)
    assert [message.type for message in wired.told] == ["alert"] * 4
    assert {message.game_id for message in wired.told} == {GAME, NEXT}


async def test_changed_rules_are_at_work_from_the_next_game_or_a_few_seconds_on(
    tmp_path: Path,
) -> None:
    wired = Wired(tmp_path / "rules")
    wired.play()
    write(tmp_path / "rules", "[game_start]\nenabled = false\n")
    wired.play(NEXT)
    assert wired.types() == ["game_start", "game_rug", "game_rug"]
    write(tmp_path / "rules", "[game_start]\nenabled = true\n[game_rug]\nenabled = false\n")
    wired.now += LOOK_EVERY_US
    wired.play("20251215-0000000000004000")
    assert wired.types()[3:] == ["game_start"]


async def test_a_broken_file_is_reported_and_the_built_in_rules_run(tmp_path: Path) -> None:
    write(tmp_path, "[game_start\n")
    wired = Wired(tmp_path)
    wired.play()
    assert wired.types() == ["game_start", "game_rug"]
    (fault,) = wired.desk.report().faults
    assert "is no TOML" in fault
    write(tmp_path, "[game_start]\nenabled = false\n")
    wired.play(NEXT)
    assert (wired.desk.report().faults, wired.types()[2:]) == ([], ["game_rug"])


async def test_a_closed_desk_is_silent(tmp_path: Path) -> None:
    wired = Wired(tmp_path)
    wired.desk.close()
    wired.play()
    assert wired.noted == []


def test_a_stored_alert_is_told_on_the_feed_with_its_row_live_and_in_a_replay() -> None:
    told = fact_event("alert", {"alert_id": "a", "title": "t", "game_id": GAME}, seq=9)
    (message,) = Normaliser().feed(told, LiveState(), LiveState())
    assert message.type == "alert"
    assert message.src == Source("session", 9)
    assert b'"alert_id":"a"' in bytes(message.data)  # type: ignore[arg-type]
