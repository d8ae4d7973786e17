"""The strategy explorer: parameters become a profile, answers are those of the analysis."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from tests.analysis_support import Tree, game_of_length, recorded_game, ticks
from tests.command_support import wait_until
from tests.dashboard_support import Board, board

from vectra_player.analysis.games import load_games
from vectra_player.analysis.monte_carlo import (
    Plan,
    Simulation,
    generated_pool,
    recorded_pool,
    simulate,
    value_of_games,
)
from vectra_player.analysis.presets import PRESETS
from vectra_player.analysis.profiles import ProfileStore
from vectra_player.analysis.sidebets import sidebets
from vectra_player.analysis.survival import survival
from vectra_player.dashboard.compute import Compute
from vectra_player.dashboard.data.explorer import (
    EXPLORED,
    ExplorerWanted,
    Question,
    profile_of,
    query_of,
    question_of,
    run_path,
)
from vectra_player.dashboard.params import WrongParametersError, read_params
from vectra_player.dashboard.work import explorer
from vectra_player.game.sidebet import FAIR_EXPECTED_VALUE, FAIR_WIN_CHANCE
from vectra_player.store.reads import GameFilter, StoreReader
from vectra_player.strategy.profile import Profile
from vectra_player.strategy.sizing import ladders

LENGTHS = (3, 17, 41, 60, 75, 90, 118, 140, 155, 170, 201, 233, 260, 290, 410)
FEW = "runs=200&games_per_run=50"


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Games of these lengths, and one that was not seen to its end."""
    tree = Tree(tmp_path_factory.mktemp("explorer") / "data")
    games = [recorded_game(f"g{n}", game_of_length(rug), n) for n, rug in enumerate(LENGTHS)]
    tree.add(*games, *ticks("seen-in-part", [1.0] * 30))
    return tree.root


@pytest.fixture(scope="module")
def site(root: Path) -> Iterator[Board]:
    with board(root) as running:
        yield running


def wanted(**given: str) -> ExplorerWanted:
    return read_params(ExplorerWanted, {name: [text] for name, text in given.items()})


def profile(root: Path, **given: str) -> Profile:
    return profile_of(wanted(**given), ProfileStore(root))


def wrong(root: Path, **given: str) -> dict[str, str]:
    with pytest.raises(WrongParametersError) as error:
        profile(root, **given)
    return error.value.fields


def told(site: Board, path: str) -> Any:
    answer = site.get(path)
    assert answer.status_code == 200, answer.data
    return answer.json


# From an address to a profile ---------------------------------------------------------------------


def test_without_parameters_it_is_a_preset_unchanged(root: Path) -> None:
    assert profile(root) == PRESETS["fixed_baseline"]
    assert profile(root, profile="ultra_aggressive") == PRESETS["ultra_aggressive"]


def test_parameters_set_fields_of_the_profile(root: Path) -> None:
    found = profile(
        root,
        profile="anti_martingale",
        entry_tick="200",
        num_bets="2",
        bet_sizes="0.001, 0.003",
        mode="progressive",
        max_drawdown_pct="none",
        daily_loss_limit="0.01",
        reduce_on_drawdown="true",
    )
    assert found.name == EXPLORED
    assert found.execution.entry_tick == 200
    assert [str(size.normalize()) for size in found.execution.bet_sizes] == ["0.001", "0.003"]
    assert (found.scaling.mode, found.scaling.win_streak_multiplier) == ("progressive", 1.5)
    risk = found.risk_controls
    assert (risk.max_drawdown_pct, risk.take_profit_target) == (None, 1.5)
    assert risk.reduce_on_drawdown
    assert float(risk.daily_loss_limit or 0) == 0.01


def test_one_stake_is_that_of_every_bet_and_bets_alone_keep_the_stakes(root: Path) -> None:
    assert len(profile(root, num_bets="7").execution.bet_sizes) == 7
    assert set(map(float, profile(root, bet_sizes="0.5").execution.bet_sizes)) == {0.5}


@pytest.mark.parametrize(
    ("given", "field", "words"),
    [
        ({"entry_tick": "5000"}, "entry_tick", "0 to 4960"),
        ({"num_bets": "125", "entry_tick": "1"}, "num_bets", "4961"),
        ({"bet_sizes": "0.001,0.002"}, "bet_sizes", "each of the 4 bets"),
        ({"bet_sizes": "much"}, "bet_sizes", "0.001"),
        ({"bet_sizes": "9"}, "bet_sizes", "0.001 to 5 SOL"),
        ({"kelly_fraction": "0"}, "kelly_fraction", "above 0"),
        ({"max_drawdown_pct": "2"}, "max_drawdown_pct", "at most 1"),
        ({"profile": "nobody"}, "profile", "no profile"),
        ({"profile": "../../etc/passwd"}, "profile", "name"),
        ({"profile": "some.json"}, "profile", "name"),
    ],
)
def test_a_wrong_field_is_named_with_what_would_do(
    root: Path, given: dict[str, str], field: str, words: str
) -> None:
    fields = wrong(root, **given)
    assert list(fields) == [field]
    assert words in fields[field]


def test_a_profile_that_plays_something_else_is_refused(tmp_path: Path) -> None:
    store = ProfileStore(tmp_path)
    store.save(Profile(name="buyer", strategy="buy-and-hold"))
    with pytest.raises(WrongParametersError) as error:
        profile_of(ExplorerWanted(profile="buyer"), store)
    assert "not sidebets" in error.value.fields["profile"]


def test_an_address_holds_only_what_differs(root: Path) -> None:
    assert query_of(wanted(entry_tick="40", games="recorded", runs="10000")) == {
        "entry_tick": 40,
        "games": "recorded",
    }


@pytest.mark.parametrize("run", ["", "simulate-1", "../simulate-0123456789ab", "x" * 64])
def test_only_the_name_of_a_run_leads_to_a_file(root: Path, run: str) -> None:
    assert run_path(root, run) is None


# Answers ------------------------------------------------------------------------------------------


def test_an_outlook_is_what_the_analysis_says_of_the_same_games(site: Board, root: Path) -> None:
    with StoreReader(root) as reader:
        games = load_games(reader, GameFilter(origins="real"), unfinished=True)
        finished = load_games(reader, GameFilter(origins="real"))
    asked = profile(root, entry_tick="40", num_bets="2")
    found = told(site, f"/api/explorer?entry_tick=40&num_bets=2&games=recorded&{FEW}")
    expected = sidebets(games, None, (40, 80), (40, 2))
    assert found["row"] == plain(expected.in_a_row)
    assert [one["odds"] for one in found["windows"]] == plain(expected.by_start)
    assert found["ground"]["games"] == len(LENGTHS) + 1
    assert found["ground"]["complete"] == len(LENGTHS)
    assert found["hazard"] == plain(survival(games).hazard)
    pool = recorded_pool(finished)
    assert found["value"] == plain(value_of_games(ladders(asked, pool.rug_ticks)))
    simulated = simulate(asked, pool, Plan(runs=200, games=50))
    assert found["simulation"] == plain(simulated)
    assert found["value"] == found["simulation"]["ev_of_games"]
    fair = simulate(asked, generated_pool(), Plan(runs=200, games=50))
    assert found["fair"]["probability_profit"] == plain(fair.probability_profit)
    assert found["fair"]["var_95"] == fair.risk.var_95
    assert found["fair_value"] == found["value"]["fair"] == FAIR_EXPECTED_VALUE
    assert found["windows"][0]["odds"]["chance"]["fair"] == FAIR_WIN_CHANCE


def test_a_window_says_what_the_row_brings_if_it_is_this_one_that_wins(site: Board) -> None:
    found = told(site, f"/api/explorer?num_bets=2&bet_sizes=0.001,0.003&{FEW}")
    assert found["fair"] is None  # the simulation is of fair games itself
    first, second = found["windows"]
    assert (first["start"], first["end"], second["start"]) == (0, 40, 40)
    assert (first["profit"], second["profit"]) == pytest.approx((0.004, 0.011))
    assert found["loss"] == pytest.approx(-0.004)
    ends = [one["ends"]["value"] for one in found["windows"]]
    assert sum(ends) + found["all_lost"]["value"] == pytest.approx(1.0)


def test_too_many_runs_are_left_to_a_job(site: Board) -> None:
    found = told(site, "/api/explorer?runs=2000000")
    assert found["simulation"] is None
    assert found["is_long"]
    assert "2,000,000 runs" in found["reason"]
    assert found["row"]["any_win"]["value"] is not None


def test_the_presets_stand_beside_it_the_least_risky_first(site: Board, root: Path) -> None:
    found = told(site, f"/api/explorer/compare?entry_tick=40&{FEW}")["rows"]
    falls = [row["mean_max_drawdown"] for row in found]
    assert falls == sorted(falls)
    assert {row["profile"] for row in found} == {EXPLORED, *PRESETS}
    assert [row["profile"] for row in found if not row["preset"]] == [EXPLORED]
    preset = simulate(PRESETS["anti_martingale"], generated_pool(), Plan(runs=200, games=50))
    (row,) = [row for row in found if row["profile"] == "anti_martingale"]
    assert row["probability_profit"] == plain(preset.probability_profit)
    assert row["ev_per_stake"] == plain(preset.ev_per_stake)
    assert len(told(site, f"/api/explorer/compare?{FEW}")["rows"]) == len(PRESETS)


@pytest.mark.parametrize("name", ["outcomes", "survival", "hazard", "fan", "curves", "compared"])
def test_a_plot_is_drawn_in_the_colours_of_the_page(site: Board, name: str) -> None:
    found = told(site, f"/api/explorer/figures/{name}?entry_tick=40&width=300&{FEW}")
    assert found["svg"].startswith("<svg")
    assert "var(--" in found["svg"]
    assert "style=" not in found["svg"]
    assert found["title"]
    assert found["caption"]


def test_a_plot_nobody_knows_and_a_run_nobody_kept_are_not_there(site: Board) -> None:
    assert site.get("/api/explorer/figures/nothing").status_code == 404
    assert site.get("/api/explorer/runs/simulate-0123456789ab").status_code == 404
    path = "/api/explorer/figures/fan?run=simulate-0123456789ab"
    assert site.get(path).status_code == 404


def test_wrong_parameters_are_named_without_a_calculation(site: Board) -> None:
    answer = site.get("/api/explorer?entry_tick=soon&max_drawdown_pct=all&colour=red")
    assert answer.status_code == 422
    assert answer.json is not None
    assert answer.json["error"]["fields"] == {
        "entry_tick": "A whole number.",
        "max_drawdown_pct": "A number, or none.",
        "colour": "There is no such parameter.",
    }


def test_a_long_run_is_kept_and_shown_with_its_plots(site: Board, root: Path) -> None:
    job = site.post("/api/explorer/runs", {"entry_tick": 40, "runs": 300, "games_per_run": 50}).json
    assert job is not None

    def over() -> Any:
        found = told(site, f"/api/jobs/{job['id']}")
        return found if found["state"] in ("done", "failed") else None

    done = wait_until(over, "the run ends")
    assert done["state"] == "done", done
    kept = told(site, f"/api/explorer/runs/{done['result']['run']}")
    asked = profile(root, entry_tick="40")
    expected = simulate(asked, generated_pool(), Plan(runs=300, games=50))
    assert kept["run"] == done["result"]["run"]
    assert kept["simulation"] == plain(expected)
    assert kept["query"] == {"entry_tick": 40, "runs": 300, "games_per_run": 50}
    assert {row["profile"] for row in kept["rows"]} == {EXPLORED, *PRESETS}
    for name in ("drawdown", "compared", "hazard"):
        drawn = told(site, f"/api/explorer/figures/{name}?run={done['result']['run']}")
        assert drawn["svg"].startswith("<svg")


def test_a_strategy_is_kept_as_a_profile_once_and_replaced_when_told(
    site: Board, root: Path
) -> None:
    order = {"profile": "anti_martingale", "entry_tick": 80, "name": "mine"}
    assert site.post("/api/explorer/profile", order).json == {"name": "mine", "remarks": []}
    kept = ProfileStore(root).load("mine")
    base = PRESETS["anti_martingale"]
    assert kept.execution == base.execution.model_copy(update={"entry_tick": 80})
    assert (kept.scaling, kept.source) == (base.scaling, "manual")
    again = site.post("/api/explorer/profile", order)
    assert again.status_code == 422
    assert again.json is not None
    assert "Replace" in again.json["error"]["fields"]["name"]
    replaced = {**order, "entry_tick": 120, "replace": True}
    assert site.post("/api/explorer/profile", replaced).status_code == 200
    assert ProfileStore(root).load("mine").execution.entry_tick == 120
    assert b">mine</option>" in site.get("/explorer").data


@pytest.mark.parametrize("asked", ["", "?profile=anti_martingale&entry_tick=80&run=x&sort=risk"])
def test_the_page_comes_with_the_settings_it_asks_for(site: Board, asked: str) -> None:
    text = site.get(f"/explorer{asked}").text
    found = re.search(r"data-settings='([^']*)'", text)
    assert found is not None
    query = asked.split("&run")[0]
    assert json.loads(html.unescape(found[1])) == site.get(f"/api/explorer{query}").json["settings"]


@pytest.mark.parametrize("asked", ["?entry_tick=-1", "?profile=%27%3E%3Cb%3E", "?mode=a"])
def test_a_wrong_address_has_no_settings(site: Board, asked: str) -> None:
    answer = site.get(f"/explorer{asked}")
    assert (answer.status_code, "data-settings" in answer.text) == (200, False)


@pytest.mark.parametrize("name", ["", "a b", "../x", "x" * 65])
def test_a_name_that_cannot_be_is_said_at_the_name(site: Board, name: str) -> None:
    answer = site.post("/api/explorer/profile", {"name": name})
    assert answer.status_code == 422
    assert answer.json is not None
    assert list(answer.json["error"]["fields"]) == ["name"]


def test_with_nothing_recorded_only_the_fair_game_speaks(tmp_path: Path) -> None:
    """In this process: what an empty store is asked is the same function."""
    with board(tmp_path / "empty") as empty:
        root = empty.services.data_dir
        asked = question_of(wanted(games="recorded"), PRESETS["fixed_baseline"], "empty")
        explorer._samples.clear()
        found = explorer.outlook(root, asked)
        explorer._samples.clear()
    assert found.ground is None
    assert (found.value.value, found.row.any_win.value, found.hazard.value) == (None, None, None)
    assert found.value.fair == FAIR_EXPECTED_VALUE
    assert found.simulation is None
    assert not found.is_long
    assert "No complete game" in found.reason


def test_recorded_games_are_read_anew_when_files_came_but_not_all_the_time(root: Path) -> None:
    explorer._samples.clear()
    first = msgspec.convert(question_of(wanted(), PRESETS["fixed_baseline"], "1"), Question)
    games = explorer._games(root, first)
    assert explorer._games(root, first) is games
    changed = msgspec.structs.replace(first, version="2")
    assert explorer._games(root, changed) is games  # it was read just now
    sample = explorer._samples["real"]
    long_ago = sample.read_at - explorer.RELOAD_TIMES * sample.took_s - 1.0
    explorer._samples["real"] = sample._replace(read_at=long_ago)
    assert explorer._games(root, changed) is not games
    explorer._samples.clear()


def test_the_server_asks_a_child_and_a_dead_child_is_a_503(root: Path) -> None:
    with board(root) as other:
        other.services.compute.close()
        answer = other.get("/api/explorer")
        assert answer.status_code == 503
        assert isinstance(other.services.compute, Compute)


def plain(value: Any) -> Any:
    """Return a record as the JSON of an answer has it."""
    if isinstance(value, Simulation):
        assert value.bets > 0
    return msgspec.json.decode(msgspec.json.encode(value, enc_hook=str))
