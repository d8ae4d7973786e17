"""The example programs do what they say, and refuse with exit code 2 what they cannot do."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from tests.agent_support import make_agent, one_minded
from tests.docs_support import PROJECT

from vectra_player import extras
from vectra_player.rl.agent import read_agent, sha256_of, write_agent
from vectra_player.rl.agent_strategy import AgentStrategy, strategy_of, write_strategy
from vectra_player.strategy.loading import make

EXAMPLES = PROJECT / "examples"
AGENTS = sorted((EXAMPLES / "agents").glob("*.agent"))


def example(name: str) -> ModuleType:
    """Load a program without running it."""
    spec = importlib.util.spec_from_file_location(f"example_{name}", EXAMPLES / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def refused(module: ModuleType, *words: str, capsys: pytest.CaptureFixture[str]) -> str:
    """Run a program that has to refuse; return what it says."""
    with pytest.raises(SystemExit) as end:
        module.main(words)
    assert end.value.code == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.count("\n") == 1
    return said.err.strip()


@pytest.mark.parametrize(
    "name", ["train_ppo", "adopt_agent", "evaluate_agent", "replay_agent", "export_dataset"]
)
def test_every_example_has_a_help(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        example(name).main(["--help"])
    assert end.value.code == 0
    assert capsys.readouterr().out.startswith("usage:")


# Training --------------------------------------------------------------------------------------


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What is asked of the training, which is not run: tests/unit/rl/test_ppo.py trains."""
    ppo = pytest.importorskip("vectra_player.rl.ppo", reason="the extra `train` is not installed")
    found: list[Any] = []

    def train(env: str, **options: Any) -> Any:
        found.append((env, options["steps"], options["seed"]))
        return make_agent(env)  # type: ignore[arg-type]

    monkeypatch.setattr(ppo, "train", train)
    return found


def test_the_trained_agent_is_kept_as_a_strategy(
    asked: list[Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["mine", "--env", "trading", "--steps", "7", "--seed", "3"]
    example("train_ppo").main([*words, "--data-dir", str(tmp_path / "data")])
    assert asked == [("trading", 7, 3)]
    kept = tmp_path / "data" / "strategies"
    assert read_agent(kept / "mine.agent") == make_agent("trading")
    assert str(kept / "mine.py") in capsys.readouterr().out


def test_a_bad_name_is_refused_before_anything_is_trained(
    asked: list[Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    said = refused(
        example("train_ppo"), "never-bet", "--data-dir", str(tmp_path / "data"), capsys=capsys
    )
    assert "'never-bet' is no name for an agent." in said
    assert asked == []
    assert not (tmp_path / "data").exists()


def test_what_cannot_be_trained_or_kept_is_refused_before_anything_is_trained(
    asked: list[Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    train, words = example("train_ppo"), ["mine", "--data-dir", str(tmp_path / "data")]
    said = refused(train, *words, "--steps", "-3", capsys=capsys)
    assert said.startswith("-3 steps from seed 1 cannot be trained.")
    assert not (tmp_path / "data").exists()
    own = tmp_path / "data" / "strategies" / "mine.py"
    own.parent.mkdir(parents=True)
    own.write_text("class Mine(AgentStrategy): ...", "utf-8")
    assert f"{own} is another strategy" in refused(train, *words, capsys=capsys)
    assert asked == []


@pytest.mark.parametrize("name", ["train_ppo", "adopt_agent", "export_dataset"])
def test_nothing_is_made_at_an_address(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    words = ["mine", "--data-dir", "memory://bucket/recordings"]
    said = refused(example(name), *words, capsys=capsys)
    assert "memory://bucket/recordings can be read, not written" in said
    assert list(tmp_path.iterdir()) == []


def test_an_agent_of_somebody_else_is_kept_as_a_strategy(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    given, data = tmp_path / "given.agent", tmp_path / "data"
    sha256 = write_agent(make_agent("trading"), given)
    example("adopt_agent").main([str(given), "--name", "mine", "--data-dir", str(data)])
    assert f"{data / 'strategies' / 'mine.py'} is made." in capsys.readouterr().out
    assert sha256_of(data / "strategies" / "mine.agent") == sha256
    assert isinstance(make("mine", folder=data / "strategies"), AgentStrategy)


def test_what_is_no_agent_is_not_taken(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "given.agent").write_bytes(b"not an agent")
    words = [str(tmp_path / "given.agent"), "--data-dir", str(tmp_path / "data")]
    assert "is no agent's file" in refused(example("adopt_agent"), *words, capsys=capsys)
    assert not (tmp_path / "data").exists()


def test_without_the_extra_it_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(extras, "find_spec", lambda name: None if name == "skrl" else name)
    said = refused(example("train_ppo"), "mine", "--data-dir", str(tmp_path), capsys=capsys)
    assert "Training needs packages that are not installed: skrl." in said
    assert "requirements/train.txt" in said


# Evaluation ------------------------------------------------------------------------------------


def test_an_evaluation_plays_and_reports(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_agent(one_minded("sidebet", 1), tmp_path / "keen.agent")
    report = tmp_path / "report.md"
    words = [str(tmp_path / "keen.agent"), "--generated", "30", "--report", str(report)]
    example("evaluate_agent").main([*words, "--data-dir", str(tmp_path / "none")])
    printed = capsys.readouterr().out
    assert "No recorded games" in printed
    assert "the agent" in printed
    assert "By the published odds its bets bring -0.0" in printed
    text = report.read_text("utf-8")
    assert sha256_of(tmp_path / "keen.agent") in text
    assert "python examples/train_ppo.py keen --env sidebet" in text


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--report", "report.pdf"], "A report is written as .md or .html, not as '.pdf'."),
        (["--report", "none/report.md"], "There is no folder none to write a report to."),
        (["--generated", "0"], "'generated:0' does not say which games to play."),
        (["--seed", "-1"], "No games can be made from seed -1."),
    ],
)
def test_what_cannot_be_reported_or_played_is_refused_before_any_game(
    words: list[str],
    told: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    write_agent(make_agent(), tmp_path / "one.agent")
    module = example("evaluate_agent")
    monkeypatch.setattr(module, "try_out", None)
    words = ["one.agent", *words, "--data-dir", str(tmp_path)]
    assert told in refused(module, *words, capsys=capsys)


def test_the_seed_of_the_training_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_agent(make_agent(seed=5), tmp_path / "one.agent")
    words = [str(tmp_path / "one.agent"), "--seed", "5", "--data-dir", str(tmp_path)]
    said = refused(example("evaluate_agent"), *words, capsys=capsys)
    assert "The agent was trained on games of seed 5." in said


def test_an_agent_that_is_not_there_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("evaluate_agent", "replay_agent"):
        words = ["nobody", *(["game"] if name == "replay_agent" else [])]
        said = refused(example(name), *words, "--data-dir", str(tmp_path), capsys=capsys)
        assert "nobody.agent cannot be read: No such file" in said


# What is shipped -------------------------------------------------------------------------------


@pytest.mark.parametrize("path", AGENTS, ids=lambda path: path.stem)
def test_an_agent_that_is_shipped_can_play_and_is_what_its_report_says(
    path: Path, tmp_path: Path
) -> None:
    agent = read_agent(path)
    strategy_of(path)
    written = write_strategy(agent, tmp_path, path.stem)
    assert written.read_text("utf-8") == path.with_suffix(".py").read_text("utf-8")
    ending = "" if agent.env == "sidebet" else f"-{agent.env}"
    report = (PROJECT / "docs" / f"rl-report{ending}.md").read_text("utf-8")
    assert sha256_of(path) in report
    assert f"--steps {agent.training.steps} --seed {agent.training.seed}" in report


def test_two_agents_are_shipped() -> None:
    assert [path.stem for path in AGENTS] == ["sidebet-ppo", "trading-ppo"]
