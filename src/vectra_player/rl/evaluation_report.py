"""The report of an evaluation: one record of words and tables, as Markdown or a one-file page.

It names all that is needed to come to the same figures again. Used by `examples/evaluate_agent.py`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from vectra_player.analysis.manifest import Manifest, make_manifest
from vectra_player.analysis.report import Code, Part, Prose, Report, Section, Table
from vectra_player.errors import UsageError
from vectra_player.rl.actions import CASH
from vectra_player.rl.agent import Agent
from vectra_player.rl.evaluate import (
    AGENT,
    AS_OFTEN,
    BY_CHANCE,
    COIN,
    COIN_CHANCE,
    NEVER,
    Line,
    Trial,
    verdict,
)
from vectra_player.store.fsops import FileOps, replace_file

_DECIDING = ("actions", "agent", "agent_strategy", "evaluate", "features", "kernels")
"""Modules of this package whose code can change a figure, beside those every manifest has."""


def report_of(
    agent: Agent, sha256: str, trials: Sequence[Trial], commands: Sequence[str], *, made_at: str
) -> Report:
    """Build the report. commands: what was typed to train and to evaluate. made_at: ISO 8601."""
    manifest = _manifest(agent, sha256, trials, made_at)
    sections = [
        *(Section(trial.title, (_figures(trial), _gaps(trial))) for trial in trials),
        Section("How to read it", (_reading(),)),
        Section(
            "How it was trained", (Prose(tuple(_method(agent))), _settings(agent), _lessons(agent))
        ),
        Section("How to repeat it", (Code("\n".join(commands)), Prose(_repeating()))),
    ]
    return Report(
        title=f"An agent trained in {agent.env_id}",
        summary=tuple(f"In {trial.title}: {verdict(trial)}" for trial in trials),
        sections=sections,
        manifest={**manifest.lines(), "agent (SHA-256)": sha256},
    )


def markdown(report: Report) -> str:
    """Return a report as Markdown."""
    blocks = [f"# {report.title}", *report.summary]
    for section in report.sections:
        blocks.append(f"## {section.title}")
        for part in section.parts:
            blocks += _blocks(part)
    blocks += ["## What it was made of", *_blocks(Table(("", ""), tuple(report.manifest.items())))]
    return "\n\n".join(blocks) + "\n"


def check_report(path: Path) -> None:
    """Raise UsageError for a file that no report can be written to."""
    if path.suffix not in (".md", ".html"):
        raise UsageError(f"A report is written as .md or .html, not as {path.suffix!r}.")
    if not path.absolute().parent.is_dir():
        raise UsageError(f"There is no folder {path.parent} to write a report to.")


def write_report(report: Report, path: Path) -> None:
    """Write a report as .md or .html. Raises UsageError as `check_report`."""
    check_report(path)
    text = markdown(report) if path.suffix == ".md" else report.html()
    try:
        replace_file(FileOps(), path, text.encode())
    except OSError as error:
        raise UsageError(f"{path} could not be written: {error.strerror}.") from error


def rows_of(lines: Sequence[Line]) -> tuple[tuple[str, ...], ...]:
    """Return what the agent and the others made of the games, a row each."""
    return tuple(
        (
            line.name,
            f"{line.evidence.mean:+.6f}",
            f"{line.evidence.low:+.6f} to {line.evidence.high:+.6f}",
            f"{line.expected:+.6f}",
            f"{line.played:,}",
            f"{line.buys:,}",
            f"{line.bets:,}",
            f"{line.bets_won:,}",
            f"{line.put_in:.2f}",
            f"{line.drawdown:.4f}",
        )
        for line in lines
    )


COLUMNS = (
    *("", "mean, SOL a game", "95 % interval", "fair mean", "games bet in", "buys", "sidebets"),
    *("won", "put in, SOL", "drawdown, SOL"),
)


def gaps_of(trial: Trial) -> tuple[tuple[str, ...], ...]:
    """Return how far the agent is ahead of each of the others, a row each."""
    return tuple(
        (f"ahead of {line.name}", f"{mean:+.6f}", f"{low:+.6f} to {high:+.6f}")
        for line in trial.lines
        if line.ahead is not None
        for mean, low, high in (line.ahead,)
    )


def _figures(trial: Trial) -> Table:
    return Table(COLUMNS, rows_of(trial.lines), trial.told)


def _gaps(trial: Trial) -> Table:
    evidence = trial.agent.evidence
    called = "The rule of a backtest calls it a winner."
    if not evidence.winner:
        called = f"The rule of a backtest calls it no winner: {'; '.join(evidence.why_not)}."
    return Table(("", "mean, SOL a game", "95 % interval"), gaps_of(trial), called)


def _reading() -> Table:
    rows = (
        ("mean", f"profit of a game, all games counted; each game began with {CASH} SOL"),
        ("95 % interval", "by drawing whole games with replacement (bootstrap)"),
        ("fair mean", "what the same bets bring on average by the published odds"),
        ("drawdown", "deepest fall of what the games brought together"),
        ("ahead of", "the agent's profit less that of the other in the same game, then the mean"),
        (AGENT, "does at each tick what has the highest score"),
        (BY_CHANCE, "draws among its actions by their scores, as it did in training"),
        (NEVER, "does nothing; the highest expectation there is"),
        (COIN, f"at each tick with a chance of {COIN_CHANCE:.0%}, the smallest stake"),
        (AS_OFTEN, "as many bets of the same sizes as the agent's, at random moments"),
        ("winner", "a profit beyond chance by the rule that backtests have for it"),
    )
    return Table(("word", "meaning"), rows)


def _method(agent: Agent) -> Iterator[str]:
    training = agent.training
    yield (
        f"Proximal policy optimisation for {training.steps:,} ticks in {agent.env_id}, seed "
        f"{training.seed}. {training.source} The reward is the change of the equity in units of "
        f"{_unit(agent)} and nothing else: no bonus for acting, none for trying, and the "
        "end of a game counts as much as its beginning."
    )
    yield (
        "The games it is judged by are others: generated ones come from another seed, recorded "
        "ones took no part in the training."
    )
    if training.lessons:
        first, last = training.lessons[0], training.lessons[-1]
        yield (
            f"In training it bet in {first.entered:.1%} of the first {first.games:,} games and in "
            f"{last.entered:.1%} of the last {last.games:,}. To wait has the highest score from "
            "the beginning, so what it learned shows where it draws its actions by chance."
        )


def _settings(agent: Agent) -> Table:
    told: dict[str, Any] = {
        "observations": f"{len(agent.features)}, version {agent.feature_version}",
        "actions": ", ".join(agent.actions),
        **agent.training.settings,
        **agent.training.versions,
    }
    rows = tuple((name, _plain(value)) for name, value in told.items())
    return Table(("setting", "value"), rows)


def _unit(agent: Agent) -> str:
    return f"{min(agent.stakes).normalize():f} SOL"


def _plain(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)


def _lessons(agent: Agent) -> Table:
    rows = tuple(
        (
            f"{lesson.steps:,}",
            f"{lesson.games:,}",
            f"{lesson.mean_reward:+.3f}",
            f"{lesson.entered:.1%}",
        )
        for lesson in agent.training.lessons
    )
    return Table(
        ("ticks so far", "games", f"mean, in {_unit(agent)}", "games bet in"),
        rows,
        "While it learns it draws its actions by chance, so it bets more often than afterwards. A "
        "game counts in the stretch it ends in. All begin together, so in the first stretch only "
        "short games end, in which sidebets win more often: its mean is above what they bring.",
    )


def _repeating() -> tuple[str, ...]:
    return (
        "The same seed gives the same agent on the same kind of machine with the same versions; "
        "elsewhere the last digits of its numbers differ, and with them single decisions. Compare "
        "the SHA-256 below: that of the games must agree, that of the agent says whether it is "
        "the same to the last bit.",
    )


def _manifest(agent: Agent, sha256: str, trials: Sequence[Trial], made_at: str) -> Manifest:
    return make_manifest(
        "evaluation",
        made_at=made_at,
        data=", ".join(trial.digest for trial in trials),
        question={
            "agent": sha256,
            "env": agent.env_id,
            "games": [trial.games for trial in trials],
        },
        seed=trials[0].seed,
        files=[Path(__file__).with_name(f"{name}.py") for name in _DECIDING],
    )


def _blocks(part: Part) -> Iterator[str]:
    """Yield the blocks of Markdown that a part of a report becomes."""
    if isinstance(part, Prose):
        yield from part.paragraphs
    elif isinstance(part, Code):
        yield f"```sh\n{part.text}\n```"
    elif isinstance(part, Table):
        head, line = _row(part.columns), _row(("---",) * len(part.columns))
        yield "\n".join((head, line, *map(_row, part.rows)))
        if part.note:
            yield part.note
    else:
        yield part.caption


def _row(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"
