"""`simulate` and `profiles` as programs see them: documents, exit codes, one line for an error."""

from __future__ import annotations

import json
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

import psutil
import pytest
from msgspec import structs
from tests.analysis_support import Tree, game_of_length, recorded_game
from tests.command_support import COMMAND, Ended, environment, wait_until
from tests.command_support import run_warm as quick
from tests.unit.analysis.test_profiles import FIRST, write
from tests.unit.strategy.test_profile import EARLIER

from vectra_player.analysis.presets import PRESETS
from vectra_player.analysis.wording import percent

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

BEGUN_CPU_S = 3.0
"""A process that has computed for so long is past its start."""


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data directory with a profile named mine."""
    folder = tmp_path_factory.mktemp("profiles") / "data"
    words = ("--set", "execution.entry_tick=100", "--set", "execution.num_bets=2")
    made = quick(
        "--data-dir", folder, "profiles", "new", "mine", "--from", "fixed_baseline", *words
    )
    assert made.code == 0, made
    return folder


def ask(root: Path, *words: str | Path) -> Any:
    """Run a command with --json and return its document."""
    ended = quick("--data-dir", root, *words, "--json")
    assert ended.code == 0, ended
    assert ended.err == ""
    return ended.json


def refused(root: Path, *words: str | Path) -> str:
    """Run a command that cannot be done and return its one line."""
    ended = quick("--data-dir", root, *words)
    assert (ended.code, ended.out) == (2, ""), ended
    return ended.error_line


# Profiles ----------------------------------------------------------------------------------------


def test_a_profile_made_from_another_differs_in_what_was_set(root: Path) -> None:
    found = ask(root, "profiles", "diff", "mine", "fixed_baseline")
    fields = {one["field"]: (one["left"], one["right"]) for one in found}
    assert fields.pop("source") == ("manual", "preset")
    assert fields == {
        "execution.entry_tick": (100, 0),
        "execution.num_bets": (2, 4),
        "execution.bet_sizes": ([0.001] * 2, [0.001] * 4),
    }


def test_the_list_has_own_profiles_then_presets(root: Path) -> None:
    names = [one["name"] for one in ask(root, "profiles", "list")]
    assert names == ["mine", *PRESETS]
    own = ask(root, "profiles", "list", "--no-presets")
    assert [one["name"] for one in own] == ["mine"]


def test_what_is_shown_is_what_the_file_has(root: Path) -> None:
    shown = ask(root, "profiles", "show", "mine")
    assert shown == json.loads((root / "profiles" / "mine.json").read_text())


def test_both_earlier_formats_come_in_and_what_is_lost_is_said(tmp_path: Path) -> None:
    old = tmp_path / "old"
    write(old / "219.json", FIRST)
    write(old / "second.json", EARLIER)
    write(old / "wrong.json", {**EARLIER, "execution": {"entry_tick": -3}})
    ended = quick("--data-dir", tmp_path / "data", "profiles", "import", old, "--json")
    assert ended.code == 1
    done = {Path(one["path"]).name: one for one in ended.json}
    assert done["219.json"]["outcome"] == done["second.json"]["outcome"] == "imported"
    assert any("not carried over" in note for note in done["219.json"]["notes"])
    assert done["wrong.json"]["notes"] == ["execution.entry_tick: must be 0 to 4960, is -3"]
    assert ask(tmp_path / "data", "profiles", "show", "219")["execution"]["entry_tick"] == 219


def test_validation_ends_with_1_and_names_the_field(root: Path, tmp_path: Path) -> None:
    wrong = write(tmp_path / "wrong.json", {**EARLIER, "scaling": {"mode": "yolo"}})
    ended = quick("--data-dir", root, "profiles", "validate", "mine", wrong, "--json")
    assert ended.code == 1
    assert [one["valid"] for one in ended.json] == [True, False]
    assert "scaling.mode" in ended.json[1]["problems"][0]


def test_a_profile_is_removed_only_when_it_is_said_so(tmp_path: Path) -> None:
    quick("--data-dir", tmp_path, "profiles", "new", "gone")
    assert "--yes" in refused(tmp_path, "profiles", "delete", "gone")
    assert ask(tmp_path, "profiles", "delete", "gone", "--yes") == {"deleted": "gone"}
    assert "no profile" in refused(tmp_path, "profiles", "delete", "gone", "--yes")


@pytest.mark.parametrize(
    ("line", "word"),
    [
        (("profiles", "show", "nothing"), "Presets: fixed_baseline"),
        (("profiles", "new", "../x"), "no name"),
        (("profiles", "new", "mine"), "--force"),
        (("profiles", "new", "x", "--set", "execution.entry_tick"), "--set"),
        (("profiles", "new", "x", "--set", "execution.entry_tick=-3"), "must be 0 to 4960"),
        (("profiles", "new", "x", "--set", "execution.tick=3"), "no profile has this field"),
        (("profiles", "import", "nowhere"), "nowhere"),
        (("simulate",), "--compare"),
        (("simulate", "nothing"), "Presets: fixed_baseline"),
        (("simulate", "mine", "--preset", "quarter_kelly"), "not both"),
        (("simulate", "--preset", "mine"), "Those: fixed_baseline"),
        (("simulate", "mine", "--runs", "0"), "runs: must be 1"),
        (("simulate", "mine", "--win-rate", "0.3"), "--games win-rate"),
        (("simulate", "mine", "--games", "win-rate", "--win-rate", "3"), "between 0 and 1"),
        (("simulate", "mine", "--games", "recorded"), "--games generated"),
        (("simulate", "mine", "--report", "page.txt"), ".html"),
        (("simulate", "mine", "--plot", "missing/fan.svg"), "missing"),
        (("simulate", "fixed_baseline", "--save"), "profiles new"),
    ],
)
def test_what_cannot_be_done_is_refused_in_one_line(
    line: tuple[str, ...], word: str, root: Path
) -> None:
    assert word in refused(root, *line)


# Simulations -------------------------------------------------------------------------------------


def test_the_same_seed_gives_the_same_document(root: Path) -> None:
    words = ("simulate", "mine", "--runs", "300", "--seed", "5")
    one, other = ask(root, *words), ask(root, *words)
    assert one["simulations"] == other["simulations"]
    for told in (one["manifest"], other["manifest"]):
        told.pop("made_at")
    assert one["manifest"] == other["manifest"]
    assert ask(root, *words[:-1], "6")["simulations"] != one["simulations"]


def test_a_simulation_shows_the_houses_edge_beside_what_it_found(root: Path) -> None:
    (found,) = ask(root, "simulate", "mine", "--runs", "3000")["simulations"]
    assert found["ev_per_stake"]["fair"] == pytest.approx(-0.0916, abs=1e-4)
    assert found["ev_per_stake"]["low"] < -0.0916 < found["ev_per_stake"]["high"]
    assert found["ev_of_games"] is None
    assert sum(found["halts"].values()) == 3000


def test_figures_are_the_same_on_the_terminal_and_in_the_document(root: Path) -> None:
    words = ("simulate", "mine", "--runs", "400")
    (found,) = ask(root, *words)["simulations"]
    printed = quick("--data-dir", root, *words).out
    assert f"{100 * found['ev_per_stake']['value']:+.2f} %" in printed
    assert f"{float(found['median_final']):.4f}" in printed
    assert percent(found["probability_profit"]["value"]) in printed
    assert percent(found["risk"]["mean_max_drawdown"]) in printed


def test_a_comparison_has_every_preset_and_the_profile(root: Path) -> None:
    told = ask(root, "simulate", "mine", "--compare", "--runs", "50")["simulations"]
    assert [one["profile"] for one in told] == ["mine", *PRESETS]
    printed = quick("--data-dir", root, "simulate", "--compare", "--runs", "50").out
    assert all(name in printed for name in PRESETS)


def test_reports_and_plots_are_written(root: Path, tmp_path: Path) -> None:
    page, plot = tmp_path / "page.html", tmp_path / "finals.svg"
    words = ("--report", page, "--plot", plot, "--figure", "finals", "--runs", "200")
    ask(root, "simulate", "mine", *words)
    assert page.read_text().count("<svg") == 4
    assert "<script" not in page.read_text()
    assert plot.read_text().startswith("<svg")


def test_figures_can_be_kept_in_the_profile(tmp_path: Path) -> None:
    quick("--data-dir", tmp_path, "profiles", "new", "kept")
    (found,) = ask(tmp_path, "simulate", "kept", "--runs", "100", "--save")["simulations"]
    metrics = ask(tmp_path, "profiles", "show", "kept")["monte_carlo_metrics"]
    assert metrics["iterations"] == 100
    assert metrics["probability_profit"] == found["probability_profit"]["value"]


def test_recorded_games_can_be_drawn_from(tmp_path: Path) -> None:
    tree = Tree(tmp_path / "d")
    whole = [recorded_game(f"g{n}", game_of_length(rug), n) for n, rug in enumerate((150, 30, 7))]
    unseen = tree.game("g9", "s2", rug_tick=60)
    tree.add(*(structs.replace(game, origin="127.0.0.1:9") for game in (*whole, unseen)))
    line = ("simulate", "fixed_baseline", "--games", "recorded", "--runs", "50")
    assert "--games generated" in refused(tree.root, *line)  # no game of the real site
    (found,) = ask(tree.root, *line, "--origin", "demo")["simulations"]
    assert (found["pool"], found["pool_games"], found["left_out"]) == ("recorded", 3, 1)
    assert any("recorded games" in remark for remark in found["remarks"])


def test_a_long_simulation_stops_at_once_when_it_is_interrupted(tmp_path: Path) -> None:
    rich = ("--set", "execution.initial_balance=100000")
    quick("--data-dir", tmp_path, "profiles", "new", "endless", *rich)
    words = ("--quiet", "simulate", "endless", "--runs", "2000000", "--games-per-run", "5000")
    process = subprocess.Popen(
        [*COMMAND, "--data-dir", str(tmp_path), *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment(),
    )
    at_work = psutil.Process(process.pid)
    wait_until(lambda: at_work.cpu_times().user > BEGUN_CPU_S, "it simulates")
    process.send_signal(signal.SIGINT)
    asked = time.monotonic()
    out, err = process.communicate(timeout=60)
    ended = Ended(process.returncode, out, err)
    assert time.monotonic() - asked < 10
    assert (ended.code, ended.out) == (1, "")
    assert "Stopped" in ended.error_line
