"""Rules are checked key by key; a slip leaves the built-in rule at work and is told."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from vectra_player.alerts.book import FILE, RuleFiles, read_file, save_rules
from vectra_player.alerts.catalogue import KINDS
from vectra_player.alerts.rules import Cooldown, default_rules, default_text, read_rules
from vectra_player.alerts.watchers import WATCHERS
from vectra_player.errors import UsageError

CONTRACT = """
trade_success trade_failed position_profit position_loss sidebet_won sidebet_lost game_start
game_rug multiplier_milestone volatility_spike volatility_calm sidebet_optimal_zone
high_potential_entry high_potential_exit rug_warning survival_milestone exceptional_entry
exceptional_exit custom_signal_1 custom_signal_2 custom_signal_3 short_entry_signal
short_exit_signal short_liquidation bbc_round_start bbc_optimal_pred candleflip_start
candleflip_streak connection_lost connection_restored latency_warning
""".split()  # noqa: SIM905 - as the contract has them


def test_there_is_a_rule_and_a_watcher_for_each_of_the_31_types() -> None:
    assert list(KINDS) == CONTRACT
    assert (
        list(default_rules()) == list(tomllib.loads(default_text())) == list(WATCHERS) == CONTRACT
    )


def test_a_table_lays_its_keys_over_the_built_in_ones() -> None:
    read = read_rules('[game_rug]\nseverity = "danger"\ncooldown = "30 s"\n', "mine.toml")
    rule, usual = read.rules["game_rug"], default_rules()["game_rug"]
    assert (rule.severity, rule.cooldown) == ("danger", Cooldown("seconds", 30))
    assert (rule.title, rule.priority) == (usual.title, usual.priority)
    assert (read.changed, read.faults) == ({"game_rug"}, ())
    assert read.rules["game_start"] == default_rules()["game_start"]


def test_a_rule_written_as_a_table_reads_as_the_same_rule() -> None:
    for name, rule in default_rules().items():
        lines = (f"{key} = {_toml(value)}" for key, value in rule.table().items())
        read = read_rules(f"[{name}]\n" + "\n".join(lines), "x.toml")
        assert (read.faults, read.rules[name]) == ((), rule)


def _toml(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else repr(value)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[game_rug", "alerts.toml: is no TOML"),
        ("[game_rugg]", "[game_rugg]: is no type of alert; did you mean game_rug?"),
        ("game_rug = 3", "[game_rug]: must be a table of keys, is 3"),
        ("[game_rug]\nsevrity = 'info'",
         "[game_rug] sevrity: is no key of this rule; did you mean severity?"),
        ("[game_rug]\nseverity = 'loud'",
         "must be one of info, success, warning, danger, is 'loud'"),
        ("[game_rug]\nenabled = 1", "[game_rug] enabled: must be true or false, is 1"),
        ("[game_rug]\npriority = 101", "must be a whole number from 0 to 100, is 101"),
        ("[game_rug]\npriority = true", "must be a whole number"),
        ("[game_rug]\nexpires_s = nan", "must be a number from 1 to 3600 seconds"),
        ("[game_rug]\nexpires_s = 1e999", "must be a number from 1 to 3600 seconds"),
        ("[game_rug]\ncooldown = 'soon'", 'must be "none", "once a game", or a time'),
        ("[game_rug]\ncooldown = '0 s'", 'must be "none"'),
        ("[game_rug]\ntitle = ''", "must be one line of 1 to 80 characters"),
        ('[game_rug]\ntitle = "a\\nb"', "must be one line"),
        ("[game_rug]\ntitle = '{level}'",
         "names {level}, which this type does not know; it knows {game}, {peak}"),
        ("[multiplier_milestone]\nlevels = [3, 2]",
         "[multiplier_milestone] levels: must be a rising list"),
        ("[multiplier_milestone]\nlevels = []", "must be a rising list"),
        ("[multiplier_milestone]\nlevels = [" + "1" * 4000 + "]", "must be a rising list"),
        ("[rug_warning]\nat_ticks = [1.5]",
         "must be a rising list of whole numbers from 1 to 5000 ticks"),
        ("[exceptional_entry]\nplayers = ['']", "must be a list of at most 32 texts"),
        ("[exceptional_entry]\nmeasured = 'yes'", "must be true or false"),
        ("[custom_signal_1]\nenabled = true", "must be a condition for a signal that is enabled"),
        ("[custom_signal_1]\nwhen = 'price ='", "must be a condition"),
        ("[sidebet_optimal_zone]\nfirst_tick = 600", "last_tick: must be at least first_tick, 600"),
        ("[x]\n" + "a = " + "[" * 5000, "alerts.toml: "),
        ("x = " + "1" * 5000, "is no TOML"),
        ("#" * 70_000, "is longer than 65,536 characters"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_told_and_the_built_in_rule_runs(text: str, told: str) -> None:
    read = read_rules(text, "alerts.toml")
    assert told in " | ".join(str(fault) for fault in read.faults)
    assert read.rules == default_rules()


def test_one_wrong_table_spares_the_others() -> None:
    read = read_rules("[game_rug]\npriority = 1\n[game_start]\npriority = -1\n", "a.toml")
    assert (read.rules["game_rug"].priority, read.changed) == (1, {"game_rug"})
    assert read.rules["game_start"] == default_rules()["game_start"]
    (fault,) = read.faults
    assert str(fault) == (
        "a.toml: [game_start] priority: must be a whole number from 0 to 100, is -1. Mend it, or "
        "take it out to have the built-in value; `vectra-player alerts list` checks."
    )


@pytest.mark.parametrize("content", [b"\xff\xfe", b"\x00" * 10, b"x" * 300_000, None])
def test_a_file_that_cannot_be_read_leaves_the_built_in_rules(
    tmp_path: Path, content: bytes | None
) -> None:
    path = tmp_path / FILE
    path.mkdir() if content is None else path.write_bytes(content)
    book = RuleFiles(tmp_path).read()
    assert (book.rules, len(book.faults)) == (default_rules(), 1)


def test_a_missing_file_is_no_fault_but_one_that_was_named_is(tmp_path: Path) -> None:
    assert RuleFiles(tmp_path / "none").read().faults == ()
    with pytest.raises(UsageError, match="There is no file"):
        read_file(tmp_path / "none.toml", required=True)


def test_a_change_of_the_file_is_noticed_once(tmp_path: Path) -> None:
    files = RuleFiles(tmp_path)
    assert files.changed()
    files.read()
    assert not files.changed()
    save_rules(tmp_path, "[game_rug]\nenabled = false\n")
    assert files.changed()
    assert not files.read().rules["game_rug"].enabled
    assert not files.changed()
    assert (tmp_path / FILE).stat().st_mode & 0o077 == 0


def test_rules_with_a_fault_are_not_kept(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"are not kept: alerts.toml: \[game_rug\] priority"):
        save_rules(tmp_path, "[game_rug]\npriority = 1000\n")
    assert not (tmp_path / FILE).exists()


def test_damaged_measurements_are_told_and_not_used(tmp_path: Path) -> None:
    (tmp_path / "measured.json").write_text('{"signals": 3}')
    book = RuleFiles(tmp_path).read()
    assert "alerts test --save" in str(book.faults[0])
    assert book.measured.signals == {}
