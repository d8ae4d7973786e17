"""One strategy over one game in four modes: backtest, replay, paper and practice.

`python -m tests.e2e.support.every_mode`. The server answers at once and plays slowly, so that a
press arrives within the tick it was decided at; a real click takes a frame of the screen and its
order a round trip, which no setting makes zero. What differs in spite of that must be explained by
drift as latency (the press came a tick later) or as rounding of the server.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

from tests.command_support import COMMAND, demo_server, environment, run
from tests.e2e.support.browser import kill_tree, processes_of
from tests.e2e.support.practice import ROOMY
from tests.foundation_support import site

PROFILE = "every_mode"
MAY_DIFFER = {"latency", "rounding", "follows"}
WHAT = ("kind", "action_type", "tick", "price", "amount", "qty", "profit")


def begun(root: Path, strategy: str, seed: int, *words: str) -> subprocess.Popen[str]:
    """Begin a run over one game."""
    given = ("strategy", "run", strategy, "--games", "1", "--seed", str(seed), *words)
    return subprocess.Popen(
        [*COMMAND, "--data-dir", str(root), "--json", *given],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment(),
    )


def ended(process: subprocess.Popen[str]) -> dict[str, Any]:
    """Return what a run told."""
    out, err = process.communicate(timeout=600)
    assert process.returncode == 0, (process.returncode, err)
    told: dict[str, Any] = json.loads(out)
    return told


def done(told: dict[str, Any]) -> list[dict[str, Any]]:
    """Return what a run did, in words that are the same in every mode."""
    return [
        {name: outcome.get(name) for name in WHAT if name in outcome}
        for outcome in told["result"]["outcomes"]
        if outcome["kind"] != "submitted"
    ]


def drift(root: Path, run_id: str) -> dict[str, Any]:
    """Return a run's drift report."""
    report = run("--data-dir", root, "--json", "drift", run_id)
    assert report.code == 0, report.err
    told: dict[str, Any] = report.json
    return told


def play(base: Path, strategy: str, seed: int, speed: str) -> list[str]:
    """Play in every mode; print the figures and return what is wrong."""
    root = base / "data"
    with demo_server(base / "truth", "--speed", speed, "--seed", "1448", "--instant") as game:
        settings = {
            "VECTRA_GAME_URL": f"{game.url}/?login=1",
            "HOME": str(base),
            "CHROME_PROFILE": PROFILE,
            "FOUNDATION_HEADLESS": "true",
            **ROOMY,
        }
        with site(root, "--source", "chrome", dashboard=False, **settings) as up:
            up.until(lambda told: told["state"]["player"]["id"], "the login")
            practice = begun(root, strategy, seed, "--mode", "practice")
            paper = begun(root, strategy, seed, "--cash", "10", "--latency-ms", "0")
            clicked, written = ended(practice), ended(paper)
            drifts = {
                name: drift(root, told["run_id"])
                for name, told in (("practice", clicked), ("paper", written))
            }
            played = drifts["paper"]["trades"][0]["game_id"]
            again = ended(
                begun(root, strategy, seed, "--replay", played, "--cash", "10", "--latency-ms", "0")
            )
            up.stop()
    return judged(drifts, done(written), done(again))


def judged(
    drifts: dict[str, dict[str, Any]], paper: list[dict[str, Any]], replay: list[dict[str, Any]]
) -> list[str]:
    """Print what was compared; return what is wrong."""
    wrong = [] if paper == replay else [f"paper {paper} and replay {replay} differ"]
    for mode, told in drifts.items():
        causes = Counter({one["cause"]: one["count"] for one in told["causes"]})
        print(
            f"{mode}: {len(told['trades'])} trades, {told['alike']} as in the backtest, "
            f"profit {told['profit']} and {told['backtest']}, causes {dict(causes)}"
        )
        for trade in told["trades"]:
            sides = [trade[side] or {} for side in ("run", "backtest")]
            shown = [(s.get("executed_tick"), s.get("price"), s.get("profit")) for s in sides]
            print("  ", trade["action"], *shown, trade["cause"], trade["said"])
        wrong += [f"{mode}: {cause}" for cause in causes if cause not in MAY_DIFFER]
    if drifts["paper"]["causes"]:
        wrong.append("paper differs from its backtest")
    print(f"paper and replay: {len(paper)} outcomes, {'alike' if paper == replay else 'not alike'}")
    return wrong


def main() -> None:
    """Run it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--strategy", default="conservative")
    parser.add_argument("--seed", type=int, default=3)
    parser.add_argument("--speed", default="0.5")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        base = Path(folder)
        try:
            wrong = play(base, given.strategy, given.seed, given.speed)
        finally:
            for process in processes_of(base / ".gamebot" / "chrome_profiles" / PROFILE):
                kill_tree(process.pid)
    print("\n".join(wrong) or "nothing is wrong")
    raise SystemExit(bool(wrong))


if __name__ == "__main__":
    main()
