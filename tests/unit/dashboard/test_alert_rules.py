"""The rules of alerts as the page edits them: forms, checks, saving, and what is never lost."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.dashboard_support import Board, board

from vectra_player.alerts.catalogue import KINDS
from vectra_player.dashboard.data.alert_rules import GROUPS, terms_of

HAND = """\
# what I care about
[rug_warning]
enabled = true

[game_rug]
priority = "loud"

[volcano]
enabled = true
"""


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Board]:
    with board(tmp_path) as opened:
        yield opened


def file_of(site: Board) -> Path:
    return site.services.data_dir / "rules" / "alerts.toml"


def written(site: Board, text: str) -> None:
    file_of(site).parent.mkdir(exist_ok=True)
    file_of(site).write_text(text)


def told(site: Board) -> dict[str, Any]:
    book: dict[str, Any] = site.get("/api/alert-rules").get_json()
    return book


def rule(book: dict[str, Any], name: str) -> dict[str, Any]:
    found: dict[str, Any] = next(one for one in book["rules"] if one["type"] == name)
    return found


def save(site: Board, name: str, **changes: object) -> Any:
    book = told(site)
    values = {**rule(book, name)["values"], **changes} if changes else None
    order = {"type": name, "values": values, "version": book["version"]}
    return site.post("/api/alert-rules", order)


def test_every_type_stands_in_one_group() -> None:
    listed = [name for names in GROUPS.values() for name in names]
    assert sorted(listed) == sorted(KINDS)


def test_a_rule_comes_with_what_its_form_needs(site: Board) -> None:
    warning = rule(told(site), "rug_warning")
    assert (warning["state"], warning["origin"], warning["changed"]) == ("off", "built-in", [])
    at_ticks = warning["params"][0]
    assert (at_ticks["name"], at_ticks["kind"], at_ticks["low"]) == ("at_ticks", "wholes", 1)
    assert warning["values"] == warning["usual"]
    assert "age" in warning["placeholders"]
    assert warning["advice"] and warning["judged"]  # noqa: PT018


def test_only_what_differs_is_kept_and_back_to_default_takes_it_out(site: Board) -> None:
    saved = save(site, "rug_warning", enabled=True, at_ticks=[100, 300])
    assert rule(saved.get_json(), "rug_warning")["changed"] == ["enabled", "at_ticks"]
    kept = tomllib.loads(file_of(site).read_text())
    assert kept == {"rug_warning": {"enabled": True, "at_ticks": [100, 300]}}
    save(site, "trade_failed", title='A "quoted" \\ title', cooldown="30 s")
    assert rule(told(site), "trade_failed")["values"]["title"] == 'A "quoted" \\ title'
    assert set(tomllib.loads(file_of(site).read_text())) == {"rug_warning", "trade_failed"}
    assert rule(save(site, "rug_warning").get_json(), "rug_warning")["origin"] == "built-in"
    assert set(tomllib.loads(file_of(site).read_text())) == {"trade_failed"}


@pytest.mark.parametrize(
    ("name", "changes", "fields"),
    [
        ("rug_warning", {"at_ticks": [300, 100]}, {"at_ticks"}),
        ("rug_warning", {"priority": "high", "cooldown": "soon"}, {"priority", "cooldown"}),
        ("game_start", {"title": "{secret}"}, {"title"}),
        ("game_start", {"volume": 11}, {"volume"}),
        ("sidebet_optimal_zone", {"first_tick": 90, "last_tick": 40}, {"last_tick"}),
        ("custom_signal_1", {"when": "price >"}, {"when"}),
        ("custom_signal_1", {"enabled": True}, {"when"}),
    ],
)
def test_what_is_wrong_is_said_of_each_field_and_nothing_is_kept(
    site: Board, name: str, changes: dict[str, object], fields: set[str]
) -> None:
    values = {**rule(told(site), name)["values"], **changes}
    checked = site.post("/api/alert-check", {"type": name, "values": values})
    assert set(checked.get_json()["fields"]) == fields
    for path in ("alert-rules", "alert-trials"):
        answer = site.post(f"/api/{path}", {"type": name, "values": values})
        assert answer.status_code == 422
        assert set(answer.get_json()["error"]["fields"]) == fields
    assert not file_of(site).exists()


def test_a_type_there_is_not_is_told(site: Board) -> None:
    for path in ("alert-check", "alert-rules", "alert-trials"):
        assert site.post(f"/api/{path}", {"type": "volcano", "values": {}}).status_code == 404


def test_a_file_written_by_hand_is_shown_with_its_faults_and_kept_beside(site: Board) -> None:
    written(site, HAND)
    book = told(site)
    assert book["lossy"]
    assert rule(book, "rug_warning")["state"] == "on"
    assert rule(book, "game_rug")["state"] == "faulty"
    assert "whole number" in rule(book, "game_rug")["faults"]["priority"]
    assert len(book["faults"]) == 1
    assert "volcano" in book["faults"][0]
    after = save(site, "game_start", enabled=False).get_json()
    assert file_of(site).with_name("alerts.toml.bak").read_text() == HAND
    assert (after["lossy"], after["faults"]) == (False, [])
    assert rule(after, "rug_warning")["changed"] == ["enabled"]
    save(site, "game_start")
    assert file_of(site).with_name("alerts.toml.bak").read_text() == HAND


def test_a_file_that_is_no_toml_is_kept_beside_byte_for_byte(site: Board) -> None:
    file_of(site).write_bytes(b"\xff[rug")
    assert "cannot be read" in told(site)["faults"][0]
    assert save(site, "game_start", enabled=False).status_code == 200
    assert file_of(site).with_name("alerts.toml.bak").read_bytes() == b"\xff[rug"


def test_a_file_that_was_changed_meanwhile_is_not_overwritten(site: Board) -> None:
    version = told(site)["version"]
    written(site, HAND)
    order = {"type": "game_start", "values": None, "version": version}
    answer = site.post("/api/alert-rules", order)
    assert answer.status_code == 409
    assert file_of(site).read_text() == HAND


def test_without_a_service_nothing_is_said_to_be_in_force(site: Board) -> None:
    assert site.get("/api/alert-rules/in-force").get_json() == {"in_force": None, "waiting": []}


@pytest.mark.parametrize(
    ("text", "joins"),
    [
        ("", []),
        ("price > 2", [""]),
        ("price > 2 and tick >= 50", ["", "and"]),
        ("price > 2 and tick >= 50 or phase == LIVE", ["", "and", "or"]),
        ("price > 2 or (tick >= 50 and pnl < 0)", ["", "or", "and"]),
    ],
)
def test_a_condition_is_a_list_where_no_bracket_is_needed(text: str, joins: list[str]) -> None:
    terms = terms_of(text)
    assert terms is not None
    assert [term.join for term in terms] == joins


@pytest.mark.parametrize("text", ["price > 2 and (tick > 5 or tick < 3)", "price >", "("])
def test_a_condition_with_needed_brackets_or_faults_is_no_list(text: str) -> None:
    assert terms_of(text) is None
