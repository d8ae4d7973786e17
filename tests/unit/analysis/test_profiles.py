"""Profiles are kept whole, stay in their folder, and come in from both earlier formats."""

from __future__ import annotations

import json
import threading
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.unit.strategy.test_profile import EARLIER, make_profile

from vectra_player.analysis.earlier_profiles import convert
from vectra_player.analysis.presets import PRESETS
from vectra_player.analysis.profiles import ProfileStore, differences, read_profile
from vectra_player.errors import UsageError
from vectra_player.store.fsops import FileOps
from vectra_player.strategy.profile import MonteCarloMetrics, ProfileError

FIRST: dict[str, Any] = {
    "name": "219",
    "initial_balance": 0.26,
    "params": {
        "entry_tick": 219,
        "num_bets": 4,
        "bet_sizes": [0.001, 0.002, 0.003, 0.004],
        "use_kelly_sizing": True,
        "kelly_fraction": 0.25,
        "use_dynamic_sizing": True,
        "high_confidence_threshold": 60,
        "high_confidence_multiplier": 3,
        "reduce_on_drawdown": True,
        "max_drawdown_pct": 0.5,
        "take_profit_target": 1.8,
    },
    "created": "2026-01-19T09:58:14Z",
}
"""A profile of the first format, as the earlier system wrote it."""


class FixedClock:
    """A clock that stands still."""

    def now_us(self) -> int:
        """Return 2026-01-13T02:00:16.5Z."""
        return 1_768_269_616_500_000

    def monotonic(self) -> float:
        """Return 0."""
        return 0.0


@pytest.fixture
def store(tmp_path: Path) -> ProfileStore:
    """A store over an empty data directory."""
    return ProfileStore(tmp_path / "data", clock=FixedClock())


def write(path: Path, content: Any) -> Path:
    """Write a file of JSON, or of text."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content if isinstance(content, str) else json.dumps(content), "utf-8")
    return path


# Keeping -----------------------------------------------------------------------------------------


def test_a_saved_profile_is_loaded_and_listed_as_it_was(store: ProfileStore) -> None:
    assert (store.names(), store.all()) == ([], [])
    profile = make_profile(name="mine")
    path = store.save(profile)
    assert path == store.folder / "mine.json"
    assert store.load("mine") == profile
    assert [(one.name, one.profile, one.problems) for one in store.all()] == [("mine", profile, ())]
    store.delete("mine")
    assert store.names() == []


def test_a_taken_name_is_not_overwritten_unless_asked(store: ProfileStore) -> None:
    store.save(make_profile(name="mine"))
    other = make_profile(name="mine", source="other")
    with pytest.raises(UsageError, match="already"):
        store.save(other)
    assert store.load("mine") != other
    store.save(other, replace=True)
    assert store.load("mine") == other


def test_a_preset_is_found_by_its_name_and_a_profile_of_that_name_before_it(
    store: ProfileStore,
) -> None:
    assert store.find("quarter_kelly") == ("preset", PRESETS["quarter_kelly"])
    own = make_profile(name="quarter_kelly")
    store.save(own)
    assert store.find("quarter_kelly") == ("profile", own)


def test_a_failed_write_leaves_the_old_profile(tmp_path: Path) -> None:
    class Full(FileOps):
        def _before(self, operation: str, path: Path, target: Path | None = None) -> None:
            if operation == "rename" and (target or path).suffix == ".json":
                raise OSError(28, "No space left on device")

    store = ProfileStore(tmp_path / "data")
    store.save(make_profile(name="mine"))
    broken = ProfileStore(tmp_path / "data", ops=Full())
    with pytest.raises(OSError, match="No space"):
        broken.save(make_profile(name="mine", source="new"), replace=True)
    assert store.load("mine").source == "monte_carlo"
    assert store.names() == ["mine"]
    assert [path.name for path in store.folder.iterdir()] == ["mine.json"]


def test_a_profile_saved_while_figures_are_put_into_it_is_not_lost(tmp_path: Path) -> None:
    """An edit comes between the moment the stored profile is read and the one it is written."""
    edited = make_profile(name="mine", source="edited")
    editing = threading.Thread(
        target=lambda: ProfileStore(tmp_path / "data").save(edited, replace=True)
    )

    class Edited(FileOps):
        def _before(self, operation: str, path: Path, target: Path | None = None) -> None:
            if operation == "write" and path.parent.name == "profiles":
                editing.start()
                editing.join(0.2)

    profile = make_profile(name="mine")
    ProfileStore(tmp_path / "data").save(profile)
    metrics = MonteCarloMetrics(iterations=100)
    assert ProfileStore(tmp_path / "data", ops=Edited()).keep_figures(profile, metrics)
    editing.join(30)
    store = ProfileStore(tmp_path / "data")
    assert store.load("mine") == edited
    assert not store.keep_figures(profile, metrics)
    assert store.load("mine") == edited


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(name=st.text(max_size=80))
def test_no_name_leads_out_of_the_folder(name: str, store: ProfileStore) -> None:
    usable = 1 <= len(name) <= 64 and all(c.isascii() and (c.isalnum() or c in "_-") for c in name)
    with pytest.raises(UsageError) as refused:
        store.load(name)
    assert ("no name of a profile" in str(refused.value)) == (not usable)


@pytest.mark.parametrize("name", ["..", "../x", "/etc/passwd", "a/b", "a.b", "", "x" * 65, "a\n"])
def test_a_name_that_is_none_is_refused_everywhere(name: str, store: ProfileStore) -> None:
    for call in (store.load, store.delete, store.path_of):
        with pytest.raises(UsageError, match="no name"):
            call(name)


def test_a_link_in_the_folder_is_not_followed(store: ProfileStore, tmp_path: Path) -> None:
    store.save(make_profile(name="mine"))
    outside = write(tmp_path / "outside.json", EARLIER)
    (store.folder / "linked.json").symlink_to(outside)
    with pytest.raises(UsageError, match="symbolic link"):
        store.load("linked")
    with pytest.raises(UsageError, match="symbolic link"):
        store.save(make_profile(name="linked"), replace=True)
    assert json.loads(outside.read_text()) == EARLIER


def test_a_file_that_cannot_be_used_is_listed_with_its_reason(store: ProfileStore) -> None:
    store.save(make_profile(name="good"))
    write(store.folder / "bad.json", {**EARLIER, "execution": {"entry_tick": -3}})
    write(store.folder / "torn.json", '{"schema_version": "2.0')
    listed = {one.name: one for one in store.all()}
    assert listed["good"].profile is not None
    assert listed["bad"].problems == ("execution.entry_tick: must be 0 to 4960, is -3",)
    assert "JSON" in listed["torn"].problems[0]


def test_a_file_copied_by_hand_has_the_name_of_its_file(store: ProfileStore) -> None:
    path = store.save(make_profile(name="mine"))
    path.with_name("copy.json").write_bytes(path.read_bytes())
    assert store.load("copy").name == "copy"


def test_a_profile_that_is_not_there_is_answered_with_those_that_are(store: ProfileStore) -> None:
    store.save(make_profile(name="mine"))
    with pytest.raises(UsageError, match=r"Yours: mine\. Presets: fixed_baseline"):
        store.find("your")


def test_a_profile_may_be_named_by_its_file(store: ProfileStore, tmp_path: Path) -> None:
    path = write(tmp_path / "somewhere.json", EARLIER)
    assert store.find(str(path))[1].execution.entry_tick == 219
    with pytest.raises(UsageError, match="cannot be read"):
        store.find(str(tmp_path / "nowhere.json"))


def test_a_profile_made_now_has_the_time_of_the_clock(store: ProfileStore) -> None:
    assert store.created(make_profile()).to_json().count("2026-01-13T02:00:16Z") == 2


# Both earlier formats ----------------------------------------------------------------------------


def test_the_first_format_is_converted_field_by_field() -> None:
    profile, warnings = convert(json.dumps(FIRST), name="219")
    assert profile.name == "219"
    assert profile.execution.entry_tick == 219
    assert [float(size) for size in profile.execution.bet_sizes] == [0.001, 0.002, 0.003, 0.004]
    assert float(profile.execution.initial_balance) == 0.26
    assert (profile.scaling.mode, profile.scaling.kelly_fraction) == ("kelly", 0.25)
    risk = profile.risk_controls
    assert (risk.reduce_on_drawdown, risk.max_drawdown_pct, risk.take_profit_target) == (
        *(True, 0.5, 1.8),
    )
    assert profile.created is not None
    assert profile.created.isoformat() == "2026-01-19T09:58:14+00:00"
    assert profile.unknown_keys == ()
    told = "\n".join(warnings)
    assert "use_dynamic_sizing: not carried over" in told
    assert "multiplied stakes by 3" in told
    assert "Kelly stakes nothing" in told


def test_without_kelly_the_first_format_bets_its_sizes() -> None:
    plain = {**FIRST["params"], "use_kelly_sizing": False, "use_dynamic_sizing": False}
    profile, warnings = convert(json.dumps({**FIRST, "params": plain}), name="219")
    assert profile.scaling.mode == "fixed"
    assert warnings == ()


def test_what_the_first_format_has_besides_is_kept_and_named() -> None:
    odd = {**FIRST, "author": "me", "params": {**FIRST["params"], "moon_phase": "full"}}
    profile, warnings = convert(json.dumps(odd), name="219")
    written = json.loads(profile.to_json())
    assert written["author"] == "me"
    assert written["params_of_version_1"] == {"moon_phase": "full"}
    assert any("author" in line for line in warnings)
    assert any("params_of_version_1" in line for line in warnings)


def test_the_second_format_takes_its_win_rate_from_the_simulation_in_it() -> None:
    profile, warnings = convert(json.dumps(EARLIER), name="x")
    assert profile.scaling.win_rate_assumption == 0.185
    assert "win_rate_assumption" in warnings[0]


def test_a_name_that_no_file_can_have_is_changed_and_told() -> None:
    profile, warnings = convert(json.dumps({**EARLIER, "name": "../my plan.v2"}), name="x")
    assert profile.name == "my_plan_v2"
    assert warnings[0] == 'name: "../my plan.v2" became my_plan_v2'


@pytest.mark.parametrize(
    ("content", "word"),
    [
        ("nonsense", "JSON"),
        ("[" * 100_000, "JSON"),
        ([], "object"),
        ({"name": "x"}, "schema_version"),
        ({**EARLIER, "schema_version": "9.0.0"}, "schema_version"),
        ({**FIRST, "params": {**FIRST["params"], "bet_sizes": [0.001]}}, "one for each"),
        ({**FIRST, "initial_balance": "much"}, "must be a number"),
    ],
)
def test_a_file_that_is_no_profile_is_refused_in_words(content: Any, word: str) -> None:
    with pytest.raises(ProfileError, match=word):
        convert(content if isinstance(content, str) else json.dumps(content), name="x")


def test_a_folder_comes_in_file_by_file(store: ProfileStore, tmp_path: Path) -> None:
    old = tmp_path / "old"
    write(old / "219.json", FIRST)
    write(old / "deep" / "second.json", EARLIER)
    write(old / "broken.json", "{")
    write(old / "readme.txt", "no profile")
    done = {one.path.name: one for one in store.import_files([old])}
    assert {name: one.outcome for name, one in done.items()} == {
        "219.json": "imported",
        "second.json": "imported",
        "broken.json": "refused",
    }
    assert store.names() == ["219", "theta_bayesian_conservative"]


def test_importing_again_changes_nothing_and_another_of_that_name_needs_force(
    store: ProfileStore, tmp_path: Path
) -> None:
    path = write(tmp_path / "219.json", FIRST)
    store.import_files([path])
    assert [one.outcome for one in store.import_files([path])] == ["unchanged"]
    write(path, {**FIRST, "initial_balance": 0.5})
    assert [one.outcome for one in store.import_files([path])] == ["refused"]
    assert [one.outcome for one in store.import_files([path], replace=True)] == ["imported"]
    assert float(store.load("219").execution.initial_balance) == 0.5


def test_a_folder_without_profiles_and_a_path_that_is_none_are_refused(
    store: ProfileStore, tmp_path: Path
) -> None:
    for path in (tmp_path, tmp_path / "nowhere"):
        with pytest.raises(UsageError, match="There is no"):
            store.import_files([path])


def test_a_file_too_large_is_not_read(tmp_path: Path) -> None:
    path = write(tmp_path / "large.json", "[" * 1_000_001)
    with pytest.raises(UsageError, match="too large"):
        read_profile(path)


# Comparing ---------------------------------------------------------------------------------------


def test_profiles_are_compared_field_by_field() -> None:
    left = make_profile()
    assert differences(left, make_profile(name="other")) == []
    changes = {"execution.entry_tick": 5, "risk_controls.daily_loss_limit": 0.5}
    found = {one.field: (one.left, one.right) for one in differences(left, make_profile(**changes))}
    assert found == {
        "execution.entry_tick": (219, 5),
        "risk_controls.daily_loss_limit": (None, 0.5),
    }


def test_a_text_comes_in_under_its_own_or_another_name(store: ProfileStore) -> None:
    text = json.dumps(EARLIER)
    assert store.import_text(text, "old.json").name == EARLIER["name"]
    assert store.import_text(text, "old.json").outcome == "unchanged"
    assert store.import_text(text, "old.json", rename="other").name == "other"
    assert store.names() == ["other", EARLIER["name"]]


def test_a_text_whose_name_is_taken_is_refused_and_the_name_told(store: ProfileStore) -> None:
    store.save(make_profile(**{"execution.entry_tick": 5}))
    done = store.import_text(json.dumps(EARLIER), "old.json")
    assert (done.outcome, done.taken) == ("refused", EARLIER["name"])
    assert store.load(EARLIER["name"]).execution.entry_tick == 5
    assert store.import_text("{", "old.json").taken is None


def test_a_profile_based_on_another_has_its_own_date_and_no_figures(store: ProfileStore) -> None:
    made = store.based_on(make_profile(), "mine", {"execution.entry_tick": 7})
    assert (made.name, made.source, made.monte_carlo_metrics) == ("mine", "manual", None)
    assert made.execution.entry_tick == 7
    assert made.created == store.now()
    with pytest.raises(UsageError):
        store.based_on(make_profile(), "two words")
