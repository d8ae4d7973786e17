"""Profiles on the page: the rules and messages of the commands, and nothing that is lost."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.dashboard_support import Board, board
from tests.unit.analysis.test_profiles import FIRST
from tests.unit.strategy.test_profile import EARLIER, make_profile

from vectra_player.analysis.presets import PRESETS
from vectra_player.analysis.profiles import ProfileStore, differences
from vectra_player.dashboard.work.profiles import simulate_profiles
from vectra_player.strategy.profile import (
    MonteCarloMetrics,
    Profile,
    ProfileError,
    changed,
    parse_profile,
)


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Board]:
    with board(tmp_path / "data") as running:
        yield running


@pytest.fixture
def store(site: Board) -> ProfileStore:
    return ProfileStore(site.services.data_dir)


def named(name: str, **changes: Any) -> Profile:
    return changed(make_profile(), changes).model_copy(update={"name": name})


def text_of(**changes: Any) -> str:
    """Return the text of a profile with fields replaced, right or wrong."""
    tree = json.loads(named("mine").to_json())
    for path, value in changes.items():
        *parents, last = path.split(".")
        place = tree
        for key in parents:
            place = place[key]
        place[last] = value
    return json.dumps(tree)


def told(site: Board, path: str, status: int = 200) -> Any:
    answer = site.get(path)
    assert answer.status_code == status, answer.data
    return answer.json


def posted(site: Board, path: str, value: object, status: int = 200) -> Any:
    answer = site.post(path, value)
    assert answer.status_code == status, answer.data
    return answer.json


def refused(site: Board, path: str, value: object, status: int = 422) -> dict[str, str]:
    fields: dict[str, str] = posted(site, path, value, status)["error"]["fields"]
    return fields


def imported(site: Board, content: object, **more: Any) -> Any:
    text = content if isinstance(content, str) else json.dumps(content)
    return posted(site, "/api/profile-imports", {"file": "file.json", "text": text, **more})


# The list ----------------------------------------------------------------------------------------


def test_the_list_has_own_profiles_then_presets_and_one_that_cannot_be_used(
    site: Board, store: ProfileStore
) -> None:
    store.save(named("mine"))
    store.save(named("fixed_baseline"))
    (store.folder / "broken.json").write_text("{")
    lines = {line["name"]: line for line in told(site, "/api/profiles")}
    others = [name for name in PRESETS if name != "fixed_baseline"]
    assert list(lines) == ["broken", "fixed_baseline", "mine", *others]
    assert lines["fixed_baseline"]["kind"] == "profile"
    assert not lines["broken"]["valid"]
    assert "no JSON" in lines["broken"]["problems"][0]


def test_the_page_has_a_field_for_everything(site: Board) -> None:
    page = site.get("/profiles").data.decode()
    assert page.count("data-path=") == 3 + len(list(_leaves(named("mine"))))


def _leaves(profile: Profile) -> Iterator[str]:
    dumped = profile.model_dump(mode="json")
    for part in ("execution", "scaling", "risk_controls"):
        yield from (f"{part}.{name}" for name in dumped[part])


# Names are never paths ---------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["nothing", "..", "mine.json", "%2e%2e", "..%2fconfig", "a%00"])
def test_a_name_of_nothing_is_told_and_no_file_is_read(site: Board, name: str) -> None:
    (site.services.data_dir / "mine.json").write_text(named("mine").to_json())
    for path in (f"/api/profiles/{name}", f"/profiles/{name}/download"):
        assert site.get(path).status_code == 404, path
    assert site.post(f"/api/profiles/{name}/delete", {}).status_code == 404
    pair = f"/api/profile-differences?left={name}&right=quarter_kelly"
    assert site.get(pair).status_code == 404


# Checking and keeping ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("execution.entry_tick", "soon"),
        ("execution.entry_tick", -1),
        ("execution.num_bets", 400),
        ("execution.bet_sizes", [0.001, 9]),
        ("execution.initial_balance", None),
        ("scaling.mode", "yolo"),
        ("scaling.theta_max", 0.1),
        ("risk_controls.max_drawdown_pct", 0),
        ("params", [1]),
        ("name", "two words"),
        ("schema_version", "3.0.0"),
    ],
)
def test_each_field_has_the_message_of_the_command_while_typing_and_when_kept(
    site: Board, store: ProfileStore, path: str, value: object
) -> None:
    text = text_of(**{path: value})
    with pytest.raises(ProfileError) as error:
        parse_profile(text)
    checked = posted(site, "/api/profile-check", {"text": text})
    assert not checked["valid"]
    assert checked["fields"] == error.value.fields
    assert refused(site, "/api/profiles", {"text": text}) == error.value.fields
    assert any(field.startswith(path) for field in checked["fields"])
    assert store.names() == []


def test_a_text_that_is_no_profile_is_told_without_a_field(site: Board) -> None:
    for text in ("", "{", "[]", "7"):
        fields = posted(site, "/api/profile-check", {"text": text})["fields"]
        assert list(fields) == ["profile"]


def test_remarks_are_those_of_the_command(site: Board) -> None:
    text = text_of(**{"scaling.mode": "kelly", "scaling.win_rate_assumption": 0.18})
    assert "not to play" in posted(site, "/api/profile-check", {"text": text})["remarks"][0]


def test_a_new_profile_is_kept_with_what_nothing_reads_and_its_date(
    site: Board, store: ProfileStore
) -> None:
    text = text_of(notes="mine alone", created=None, monte_carlo_metrics={"iterations": 5})
    kept = posted(site, "/api/profiles", {"text": text})
    assert kept["line"]["name"] == "mine"
    profile = store.load("mine")
    assert profile.unknown_keys == ("notes",)
    assert profile.created is not None
    assert profile.monte_carlo_metrics is None
    assert refused(site, "/api/profiles", {"text": text}) == {
        "name": "there is a profile of this name already"
    }


def test_a_change_replaces_the_profile_and_drops_figures_of_other_parameters(
    site: Board, store: ProfileStore
) -> None:
    store.save(parse_profile(json.dumps({**EARLIER, "name": "mine"})))
    found = told(site, "/api/profiles/mine")
    order = {"editing": "mine", "version": found["version"]}
    same = posted(site, "/api/profiles", {"text": found["text"], **order})
    assert same["line"]["metrics"]["cells"]["profit"] == "40.00 %"
    tree = {**found["profile"], "execution": {**found["profile"]["execution"], "entry_tick": 7}}
    posted(site, "/api/profiles", {"text": json.dumps(tree), **order})
    assert store.load("mine").execution.entry_tick == 7
    assert told(site, "/api/profiles/mine")["line"]["metrics"] is None


def test_figures_found_while_a_profile_was_edited_stay_with_its_parameters(
    site: Board, store: ProfileStore
) -> None:
    store.save(named("mine"))
    found = told(site, "/api/profiles/mine")
    store.keep_figures(store.load("mine"), MonteCarloMetrics(iterations=100))
    tree = {**found["profile"], "created": "2026-01-01T00:00:00Z"}
    order = {"text": json.dumps(tree), "editing": "mine", "version": found["version"]}
    posted(site, "/api/profiles", order)
    kept = store.load("mine").monte_carlo_metrics
    assert kept is not None
    assert kept.iterations == 100


def test_a_profile_that_was_changed_elsewhere_is_not_overwritten(
    site: Board, store: ProfileStore
) -> None:
    store.save(named("mine"))
    version = told(site, "/api/profiles/mine")["version"]
    store.save(named("mine", **{"execution.entry_tick": 300}), replace=True)
    order = {"text": text_of(), "editing": "mine", "version": version}
    answer = posted(site, "/api/profiles", order, 409)
    assert "changed elsewhere" in answer["error"]["message"]
    assert store.load("mine").execution.entry_tick == 300


def test_another_name_keeps_another_profile(site: Board, store: ProfileStore) -> None:
    store.save(named("mine"))
    version = told(site, "/api/profiles/mine")["version"]
    order = {"text": text_of(name="other"), "editing": "mine", "version": version}
    assert posted(site, "/api/profiles", order)["line"]["name"] == "other"
    assert store.names() == ["mine", "other"]


def test_a_file_that_cannot_be_used_is_shown_and_mended(site: Board, store: ProfileStore) -> None:
    store.save(named("mine"))
    broken = store.folder / "mine.json"
    broken.write_text('{"name": ')
    found = told(site, "/api/profiles/mine")
    assert (found["text"], found["profile"]) == ('{"name": ', None)
    assert "no JSON" in found["line"]["problems"][0]
    order = {"text": text_of(), "editing": "mine", "version": found["version"]}
    assert posted(site, "/api/profiles", order)["line"]["valid"]


# Copies, removal, download, comparison -----------------------------------------------------------


def test_a_copy_has_the_parameters_and_not_the_figures(site: Board, store: ProfileStore) -> None:
    store.save(parse_profile(json.dumps({**EARLIER, "name": "mine"})))
    posted(site, "/api/profiles/mine/copy", {"name": "mine-2"})
    copy = store.load("mine-2")
    assert copy.execution == store.load("mine").execution
    assert copy.monte_carlo_metrics is None
    for name in ("", "two words", "mine", "../x", "x" * 65):
        assert list(refused(site, "/api/profiles/mine/copy", {"name": name})) == ["name"]
    assert store.names() == ["mine", "mine-2"]


def test_what_was_removed_comes_back_as_it_was(site: Board, store: ProfileStore) -> None:
    store.save(parse_profile(json.dumps({**EARLIER, "name": "mine", "notes": "kept"})))
    before = (store.folder / "mine.json").read_bytes()
    gone = posted(site, "/api/profiles/mine/delete", {})
    assert store.names() == []
    assert imported(site, gone["text"])["outcome"] == "imported"
    assert (store.folder / "mine.json").read_bytes() == before
    posted(site, "/api/profiles/quarter_kelly/delete", {}, 404)


def test_a_download_is_the_file(site: Board, store: ProfileStore) -> None:
    store.save(named("mine"))
    answer = site.get("/profiles/mine/download")
    assert answer.data == (store.folder / "mine.json").read_bytes()
    assert answer.headers["Content-Disposition"] == 'attachment; filename="mine.json"'
    preset = site.get("/profiles/quarter_kelly/download").data
    assert parse_profile(preset) == PRESETS["quarter_kelly"]


def test_two_profiles_differ_as_the_command_says(site: Board) -> None:
    found = told(site, "/api/profile-differences?left=fixed_baseline&right=ultra_aggressive")
    said = differences(PRESETS["fixed_baseline"], PRESETS["ultra_aggressive"])
    assert found["differences"] == json.loads(json.dumps(said))
    same = told(site, "/api/profile-differences?left=fixed_baseline&right=fixed_baseline")
    assert same["differences"] == []


# Import ------------------------------------------------------------------------------------------


def test_our_format_and_both_of_the_earlier_system_come_in(
    site: Board, store: ProfileStore
) -> None:
    assert imported(site, named("mine").to_json())["outcome"] == "imported"
    first = imported(site, FIRST)
    assert (first["outcome"], first["name"]) == ("imported", "219")
    assert any("not carried over" in note for note in first["notes"])
    second = imported(site, EARLIER)
    assert second["name"] == "theta_bayesian_conservative"
    assert any("win_rate_assumption" in note for note in second["notes"])
    assert store.names() == ["219", "mine", "theta_bayesian_conservative"]
    assert imported(site, EARLIER)["outcome"] == "unchanged"


@pytest.mark.parametrize(
    ("content", "note"),
    [
        ("no profile", "no JSON"),
        ("[1, 2]", "must be an object"),
        ({"a": 1}, "schema_version"),
        ({**EARLIER, "execution": {"entry_tick": -3}}, "entry_tick: must be 0 to 4960, is -3"),
        ("[" * 5000, "no JSON"),
    ],
)
def test_a_bad_one_is_told_plainly_and_nothing_is_written(
    site: Board, store: ProfileStore, content: object, note: str
) -> None:
    done = imported(site, content)
    assert done["outcome"] == "refused"
    assert any(note in line for line in done["notes"])
    assert store.names() == []


def test_a_name_that_is_taken_is_asked_about(site: Board, store: ProfileStore) -> None:
    store.save(named("mine"))
    other = named("mine", **{"execution.entry_tick": 5}).to_json()
    asked = imported(site, other)
    assert (asked["outcome"], asked["taken"], asked["notes"]) == ("refused", "mine", [])
    assert store.load("mine") == named("mine")
    assert imported(site, other, rename="second")["name"] == "second"
    assert imported(site, other, rename="two words")["outcome"] == "refused"
    assert imported(site, other, replace=True)["outcome"] == "imported"
    assert store.load("mine").execution.entry_tick == 5


# Simulation --------------------------------------------------------------------------------------

ORDER = {"games": "generated", "runs": 200, "games_per_run": 40, "seed": 1}


def test_a_simulation_is_ordered_for_profiles_that_play_sidebets(
    site: Board, store: ProfileStore
) -> None:
    store.save(named("plays", strategy="momentum"))
    job = posted(site, "/api/profile-simulations", {"names": ["quarter_kelly"] * 2, **ORDER})
    assert (job["kind"], job["title"]) == ("profile-simulation", "Simulation of quarter_kelly")
    site.services.jobs.cancel(job["id"])
    wrong = refused(site, "/api/profile-simulations", {"names": ["plays"], **ORDER})
    assert "backtest it" in wrong["names"]
    for order in ({**ORDER, "runs": 0}, {**ORDER, "seed": -1}, {**ORDER, "games": "mine"}):
        refused(site, "/api/profile-simulations", {"names": ["quarter_kelly"], **order})
    refused(site, "/api/profile-simulations", {"names": [], **ORDER})
    posted(site, "/api/profile-simulations", {"names": ["nothing"], **ORDER}, 404)


def test_what_a_simulation_finds_is_what_the_command_says(site: Board, store: ProfileStore) -> None:
    from vectra_player.analysis.monte_carlo import Plan, generated_pool, simulate
    from vectra_player.analysis.simulation_page import COMPARED, compared_row, simulation_page

    store.save(named("mine"))
    root = site.services.data_dir
    heard: list[tuple[int, int, str]] = []
    done = simulate_profiles(
        root, {"names": ["quarter_kelly", "mine"], **ORDER}, lambda *told: heard.append(told)
    )
    said = simulate(store.load("mine"), generated_pool(), Plan(runs=200, games=40))
    assert done["profiles"][1]["summary"] == simulation_page(said).summary[0]
    assert heard[-1] == (400, 400, "mine")
    lines = {line["name"]: line for line in told(site, "/api/profiles")}
    cells = dict(zip(COMPARED, compared_row(said), strict=True))
    assert {"profile": "mine", **lines["mine"]["metrics"]["cells"]} == cells
    assert lines["quarter_kelly"]["metrics"]["origin"] == "simulation"
    metrics = store.load("mine").monte_carlo_metrics
    assert metrics is not None
    assert metrics.probability_profit == said.probability_profit.value
    kept = told(site, "/api/profiles/mine/simulation")["report"]
    assert tuple(kept["summary"]) == simulation_page(said).summary
    assert any(part["type"] == "figure" for s in kept["sections"] for part in s["parts"])
    store.save(named("mine", **{"execution.entry_tick": 80}), replace=True)
    assert told(site, "/api/profiles/mine")["line"]["metrics"]["origin"] == "file"
    told(site, "/api/profiles/mine/simulation", 404)
