"""`alerts list` and `alerts test` over real captures: one JSON document, and rules that fire."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tests.command_support import run_warm as run
from tests.conftest import RealStore

from vectra_player.alerts.catalogue import KINDS
from vectra_player.alerts.recorded import plan_trial, stretches
from vectra_player.alerts.rules import default_rules
from vectra_player.alerts.trial import run_trial
from vectra_player.store.reads import GameFilter, StoreReader

NEVER_ON_THESE = {name for name, kind in KINDS.items() if kind.seen != "real"}
REAL = GameFilter(origins="real")


def test_the_rules_are_listed_with_where_they_are_from(tmp_path: Path) -> None:
    data = ("--data-dir", tmp_path / "d")
    listed = run(*data, "alerts", "list", "--json")
    assert listed.code == 0
    assert [one["type"] for one in listed.json["rules"]] == list(KINDS)
    assert (listed.json["faults"], listed.json["measured"]) == ([], None)
    rules = tmp_path / "d" / "rules"
    rules.mkdir(parents=True)
    (rules / "alerts.toml").write_text("[game_rug]\npriority = 99\n[game_start]\nloud = true\n")
    changed = run(*data, "alerts", "list", "--json")
    assert changed.code == 1
    by_type = {one["type"]: one for one in changed.json["rules"]}
    assert (by_type["game_rug"]["origin"], by_type["game_rug"]["priority"]) == ("user", 99)
    assert by_type["game_start"]["origin"] == "built-in"
    assert "[game_start] loud: is no key of this rule" in changed.json["faults"][0]
    assert "[game_start] loud" in run(*data, "alerts", "list").out


@pytest.fixture(scope="module")
def players(real_store: RealStore) -> tuple[str, str]:
    """A player with a sampled buy, and one with a sampled sale."""
    with StoreReader(real_store.root) as reader:
        found = [
            reader.fetch(
                "SELECT o.player_id FROM other_player o JOIN game g USING (session_id, game_id)"
                " WHERE action_type = ? ORDER BY o.player_id LIMIT 1",
                [action],
            )
            .column(0)
            .to_pylist()[0]
            for action in ("BUY", "SELL")
        ]
    return found[0], found[1]


def sensitive(players: tuple[str, str], path: Path) -> Path:
    """Write rules that fire on what few captures hold."""
    path.write_text(
        f"""
        [exceptional_entry]
        players = {list(players)}
        [exceptional_exit]
        players = {list(players)}
        [latency_warning]
        delay_ms = 300
        [custom_signal_1]
        enabled = true
        when = "price > 2 and players == 0 or trades > 100"
        [custom_signal_2]
        enabled = true
        when = "phase == BETTING and countdown_ms < 5000"
        [custom_signal_3]
        enabled = true
        when = "drop_percent > 30"
        """
    )
    return path


@pytest.mark.real_data
def test_every_type_known_from_real_games_fires_on_them(
    real_store: RealStore, players: tuple[str, str], tmp_path: Path
) -> None:
    rules = sensitive(players, tmp_path / "rules.toml")
    ended = run("--data-dir", real_store.root, "alerts", "test", "--rule", rules, "--json")
    assert (ended.code, ended.err) == (0, "")
    told = ended.json
    by_type: dict[str, Any] = {one["type"]: one for one in told["types"]}
    assert {name for name, one in by_type.items() if one["alerts"]} == set(KINDS) - NEVER_ON_THESE
    assert (by_type["game_rug"]["alerts"], told["games"]) == (told["games"], told["games"])
    warned = by_type["rug_warning"]["came_true"]
    assert 0 < warned["came_true"] < warned["judged"]
    assert warned["share"]["low"] < warned["share"]["fair"] < warned["share"]["high"]
    assert abs(warned["share"]["fair"] - 0.18168) < 1e-5
    for one in by_type.values():
        assert len(one["examples"]) == min(3, one["alerts"])


@pytest.mark.real_data
def test_a_game_alone_and_a_type_alone_can_be_tried(real_store: RealStore) -> None:
    words = ("--data-dir", real_store.root, "alerts", "test")
    listed = run(*words, "--games", "2", "--json").json
    assert listed["games"] == 2
    game = listed["types"][6]["examples"][0]["game_id"]
    alone = run(*words, "--game", game, "--type", "game_rug", "--json").json
    assert [(one["type"], one["alerts"]) for one in alone["types"]] == [("game_rug", 1)]
    shown = run(*words, "--game", game, "--type", "rug_warning")
    assert (shown.code, "rug_warning" in shown.out) == (0, True)


@pytest.mark.real_data
def test_a_trial_says_the_same_twice(real_store: RealStore) -> None:
    with StoreReader(real_store.root) as reader:
        plan = plan_trial(reader, REAL._replace(limit=6))
        first = run_trial(stretches(reader, plan), default_rules())
        assert first == run_trial(stretches(reader, plan), default_rules())
        assert first.games == plan.games > 0


@pytest.mark.real_data
def test_what_is_saved_is_what_signals_state_from_then_on(
    real_store: RealStore, tmp_path: Path
) -> None:
    import shutil

    root = tmp_path / "d"
    shutil.copytree(real_store.root, root)
    ended = run("--data-dir", root, "alerts", "test", "--games", "6", "--save", "--json")
    assert ended.code == 0
    assert Path(ended.json["saved"]).name == "measured.json"
    measured = run("--data-dir", root, "alerts", "list", "--json").json["measured"]
    assert measured["games"] == ended.json["games"]
    assert set(measured["signals"]) == {n for n, kind in KINDS.items() if kind.outcome}
    assert measured["players"] == []


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--type", "rug"), "is no type of alert"),
        (("--rule", "none.toml"), "There is no file none.toml"),
        (("--save", "--type", "game_rug"), "Leave out --type, --rule and --game"),
        (("--since", "yesterday"), "is no date or time"),
        ((), "There is no recording"),
    ],
)
def test_a_wrong_word_is_refused_in_one_line(
    tmp_path: Path, words: tuple[str, ...], told: str
) -> None:
    ended = run("--data-dir", tmp_path / "d", "alerts", "test", *words)
    assert (ended.code, told in ended.error_line) == (2, True)


@pytest.mark.real_data
def test_a_game_nobody_recorded_is_said(real_store: RealStore) -> None:
    words = ("--data-dir", real_store.root, "alerts", "test")
    assert "No game nix is recorded" in run(*words, "--game", "nix").error_line
    assert "There are no games" in run(*words, "--origin", "demo").error_line
