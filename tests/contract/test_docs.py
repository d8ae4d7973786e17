"""What the documentation tells a reader to type works, in the order in which it is told."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from tests.command_support import warm_script
from tests.docs_support import PROJECT, blocks, console_commands, pages

VENV = Path(sys.prefix)
GAME = "20251220-0123456789ab4def"
PLAYER = "some-player"
MARK = "@@ended"
SHORT_GAMES = "82"
"""A seed of the demo server whose first games are rugged after 31, 50 and 45 ticks."""


class NotRun(NamedTuple):
    """Why a command is not run here, and the test that covers it instead."""

    reason: str
    covered_by: str


REAL_SITE = "records the real site in a visible Chrome"
CAPTURE_TEST = "tests/e2e/test_chrome_capture.py::test_every_packet_of_a_page_is_recorded"
OUTLET_TEST = (
    "tests/crash/test_outlet_kill.py"
    "::test_recorder_broker_and_collector_are_killed_and_every_row_arrives_once"
)
NOT_RUN = {
    "./test.sh": NotRun(
        "runs this very suite",
        "tests/contract/test_docs.py::test_the_scripts_hand_over_to_the_command_and_to_these_tests",
    ),
    "./run.sh --source chrome": NotRun(REAL_SITE, CAPTURE_TEST),
    "FOUNDATION_HEADLESS=true ./run.sh --source chrome --games 10": NotRun(
        "records the real site",
        "tests/e2e/test_chrome_crashes.py::test_a_chrome_has_one_recorder_and_a_headless_one_closes_with_it",
    ),
    "CDP_PORT=9222 ./run.sh --source chrome": NotRun(
        "needs the reader's own Chrome",
        "tests/e2e/test_chrome_port.py::test_an_open_page_is_whole_from_the_moment_of_attaching",
    ),
    "vectra-player strategy run conservative --games 5": NotRun(
        "plays five games of three minutes",
        "tests/contract/test_strategy_run.py::test_a_strategy_plays_whole_games_on_paper",
    ),
    **{
        command: NotRun(
            "needs a run beside the live game",
            "tests/contract/test_strategy_run.py::test_a_strategy_plays_whole_games_on_paper",
        )
        for command in (
            "vectra-player drift",
            "vectra-player drift RUN_ID",
            "vectra-player drift --mode live --since 2026-01-31",
            "vectra-player drift --report drift.html",
            "vectra-player --json drift",
        )
    },
    "vectra-player index build": NotRun(
        "embeds for ten seconds",
        "tests/contract/test_index.py::test_the_command_tells_what_it_did",
    ),
    'vectra-player index query "Does a sidebet win when the rug comes at the last tick?"': NotRun(
        "needs that index",
        "tests/contract/test_index.py::test_a_question_is_answered_with_passages_and_where_they_come_from",
    ),
    **{
        command: NotRun("needs a broker that all can reach", OUTLET_TEST)
        for command in (
            "nats-server -c nats.conf",
            "VECTRA_OUTLET=nats://192.168.1.5:4222 ./run.sh --source public",
            "vectra-player outlet status",
            "vectra-player outlet send",
            "vectra-player --data-dir ~/rugs_all collect nats://192.168.1.5:4222",
        )
    },
    ".venv/bin/python examples/train_ppo.py my-agent --env sidebet": NotRun(
        "trains for minutes",
        "tests/unit/rl/test_ppo.py::test_it_learns_to_bet_where_betting_pays",
    ),
    "vectra-player strategy run my-agent --cash 1": NotRun(
        "plays live games until it is interrupted",
        "tests/contract/test_strategy_run.py::test_a_strategy_plays_whole_games_on_paper",
    ),
    "./run.sh --source practice": NotRun(
        "shows a Chrome on a screen",
        "tests/e2e/test_trading.py::test_buy_sidebet_and_sale_go_through_the_page_and_are_confirmed",
    ),
    "vectra-player trade check": NotRun(
        "looks at a page that is open",
        "tests/e2e/test_trading.py::test_every_button_is_found_on_the_open_page",
    ),
    "./run.sh --source public": NotRun(
        "records the real site",
        "tests/unit/sources/test_public_ws.py::test_both_directions_are_kept_as_exact_packets",
    ),
}
PYTHON_NOT_RUN = {
    "docs/how-to/episodes.md": NotRun(
        "reads the data set exported before",
        "tests/unit/rl/test_dataset.py::test_minari_loads_it_and_gives_the_environment_back",
    ),
    "docs/how-to/write-a-subscriber.md": NotRun(
        "follows a feed until it is interrupted",
        "tests/contract/test_subscriber_page.py::test_the_first_program_prints_the_game_and_ends_when_told",
    ),
}
UNTIL_INTERRUPTED = {
    "./run.sh": "game=",
    "vectra-player demo-server --port 8765 --speed 4": "The game runs at http://127.0.0.1:",
    "vectra-player foundation": "not-recording",
    "vectra-player dashboard": "Dashboard: http://127.0.0.1:",
    "FOUNDATION_PORT=0 FOUNDATION_HTTP_PORT=0 ./run.sh": "game=",
    "vectra-player up --source replay:GAME_ID": "Feed: ws://127.0.0.1:",
}
"""Commands that go on until Ctrl-C, and what they print once they work."""

INSTALLS = re.compile(
    r"\.venv/bin/python -m pip install --require-hashes -r (requirements/\w+\.txt)$"
)
"""The one way in which a page installs an extra: as it is locked. It takes a minute, and these
tests run where everything is installed."""

WHILE_SERVED = {
    "vectra-player open",
    "vectra-player open --print",
    "vectra-player open games",
    "vectra-player open monitor",
    "vectra-player open artifacts/live-monitor/ --print",
    "vectra-player replay GAME_ID",
    "vectra-player strategy run conservative --replay GAME_ID",
}
"""Commands that talk to a running service; they are run beside one."""

MADE_UP = re.compile(r"((?:generated[: ]|--runs )\d+)0\b")
"""How many games or runs a command is told to make, less the last nought."""

SEVERAL = re.compile(r"(--jobs|--nworkers) 2\b")
"""How many processes a command is told to start. One is enough to show that the line is right; that
several share the work is shown by `tests/crash/test_dask.py` and `tests/unit/analysis`.
"""

SYNOPSES = "docs/reference/commands.md"
"""Made from the command line itself; its console blocks show options, not what to type."""
COMMANDS = [found for page in pages() if page != SYNOPSES for found in console_commands(page)]
PAGES_WITH_COMMANDS = sorted({command.page for command in COMMANDS})

FIRST_TOLD = {command.text: command.page for command in reversed(COMMANDS)}
"""The first page that tells a command. What serves, or asks who serves, leaves nothing behind for
the commands after it, and is run for that page alone."""


class Desk(NamedTuple):
    """Where a reader sits: a folder with recordings, and the variables of the shell."""

    folder: Path
    variables: dict[str, str]


def write_capture(path: Path) -> None:
    """Write a small event capture: one game of ten ticks, a trade, and a line that is broken."""
    rows = [
        {
            "ts": f"2025-12-20T10:00:{tick // 4:02d}.{tick % 4 * 250:03d}000+00:00",
            "event": "gameStateUpdate",
            "data": {
                "gameId": GAME, "active": True, "rugged": tick == 10, "tickCount": tick,
                "price": 1.0 + tick / 100 if tick < 10 else 0.02, "cooldownTimer": 0,
            },
        }
        for tick in range(11)
    ]  # fmt: skip
    trade = {
        "id": "d2b5b0f0-3a51-4f0e-9a86-0c8f6f3b9a11", "gameId": GAME, "playerId": "did:privy:a1",
        "username": PLAYER, "level": 3, "type": "buy", "price": 1.05, "tickIndex": 5,
        "coin": "solana", "amount": 0.0105, "qty": 0.01, "leverage": 1,
    }  # fmt: skip
    rows.insert(6, {**rows[5], "event": "standard/newTrade", "data": trade})
    lines = [json.dumps({"seq": number, **row}) for number, row in enumerate(rows, 1)]
    path.write_text("\n".join([*lines, '{"seq": 14, "ts": "2025-12-20T10:00']) + "\n", "utf-8")


def write_earlier_directory(root: Path) -> None:
    """Write a data directory as an earlier system left it."""
    (root / "manifests").mkdir(parents=True)
    (root / "manifests" / "schema_version.json").write_text('{"version": "1.0.0"}', "utf-8")
    day = root / "events_parquet" / "doc_type=ws_event" / "date=2025-12-20"
    day.mkdir(parents=True)
    row = {
        "session_id": "old-1", "seq": 1, "ts": "2025-12-20T10:00:00+00:00", "source": "cdp",
        "doc_type": "ws_event", "game_id": GAME, "event_name": "gameStateUpdate",
        "raw_json": json.dumps({"gameId": GAME, "tickCount": 3}),
    }  # fmt: skip
    pq.write_table(pa.Table.from_pylist([row]), day / "a.parquet")
    root.chmod(0o700)


def lay_out_environment(folder: Path) -> None:
    """Make a `.venv` that is the one of these tests but for its `vectra-player`."""
    programs = folder / "bin"
    programs.mkdir(parents=True)
    for path in VENV.iterdir():
        if path.name != "bin":
            (folder / path.name).symlink_to(path)
    for path in (VENV / "bin").iterdir():
        if path.name != "vectra-player":
            (programs / path.name).symlink_to(path)
    warm_script(programs / "vectra-player")


def lay_out(folder: Path) -> Desk:
    """Make the folder a reader works in; `~/rugs_data` is its data directory.

    Its `vectra-player` is forked from a process that has imported everything. What is typed after
    activating the environment starts as it does for the reader, all of the quickstart, and so does
    `./run.sh`.
    """
    lay_out_environment(folder / ".venv")
    (folder / "recordings").mkdir()
    write_capture(folder / "recordings" / "evening.jsonl")
    write_earlier_directory(folder / "old-rugs-data")
    (folder / "examples").symlink_to(PROJECT / "examples")
    script = folder / "run.sh"
    script.write_text(f'#!/bin/sh\nexec "{VENV}/bin/vectra-player" up "$@"\n', "utf-8")
    script.chmod(0o755)
    inherited = {name: os.environ[name] for name in ("TMPDIR", "TZ") if name in os.environ}
    return Desk(
        folder,
        {
            "PATH": f"{folder / '.venv' / 'bin'}:{os.environ['PATH']}",
            "HOME": str(folder),
            "RUGS_DATA_DIR": str(folder / "rugs_data"),
            "VECTRA_DEMO_SEED": SHORT_GAMES,
            "FOUNDATION_PORT": "0",
            "FOUNDATION_HTTP_PORT": "0",
            "VECTRA_DASHBOARD_PORT": "0",
            "BROWSER": "true",
            "LANG": "C.UTF-8",
            **inherited,
        },
    )


def run(desk: Desk, *words: str) -> str:
    """Run a program that has to succeed and return what it printed."""
    done = subprocess.run(
        words, cwd=desk.folder, env=desk.variables, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, f"{words}: {done.stdout}{done.stderr}"
    return done.stdout


@pytest.fixture(scope="session")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Desk:
    """A folder whose data directory holds two demo games and an imported capture."""
    desk = lay_out(tmp_path_factory.mktemp("docs"))
    run(desk, "vectra-player", "record", "--games", "2", "--speed", "100")
    run(desk, "vectra-player", "import", "recordings/")
    return desk


@pytest.fixture
def desk(recorded: Desk, tmp_path: Path) -> Desk:
    """A copy of the recorded folder for one page."""
    fresh = lay_out(tmp_path)
    shutil.copytree(recorded.folder / "rugs_data", tmp_path / "rugs_data")
    return fresh


@pytest.fixture(scope="session")
def names(recorded: Desk) -> dict[str, str]:
    """What stands for the placeholders of the pages."""
    sessions = json.loads(run(recorded, "vectra-player", "--json", "sessions"))
    imported = next(row["session_id"] for row in sessions if row["source"] == "import")
    return {"SESSION_ID": imported, "GAME_ID": GAME}


def fill(text: str, names: dict[str, str]) -> str:
    """Replace placeholders; have a tenth of the games and runs made, and one process started."""
    smaller = SEVERAL.sub(r"\1 1", MADE_UP.sub(r"\1", text))
    return re.sub("|".join(names), lambda match: names[match[0]], smaller)


def interrupted(desk: Desk, command: str, working: str) -> str | None:
    """Run until it works, interrupt it, and return what was wrong with that, if anything."""
    seen: list[str] = []
    with subprocess.Popen(
        ["bash", "-c", f"exec env {command}"], cwd=desk.folder, env=desk.variables,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    ) as process:  # fmt: skip
        assert process.stdout is not None
        for line in process.stdout:
            seen.append(line)
            if working in line:
                process.send_signal(signal.SIGINT)
                break
        seen += process.stdout
    if process.returncode == 0 and working in "".join(seen):
        return None
    return f"$ {command}\n{''.join(seen)}exit {process.returncode}"


@contextmanager
def served(desk: Desk) -> Iterator[None]:
    """Keep a service running beside the block; what it says of its end is not looked at."""
    with subprocess.Popen(
        ["vectra-player", "foundation"], cwd=desk.folder, env=desk.variables,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    ) as process:  # fmt: skip
        assert process.stdout is not None
        said = [process.stdout.readline()]
        while said[-1] and "Feed: ws://127.0.0.1:" not in said[-1]:
            said.append(process.stdout.readline())
        assert said[-1], "".join(said)
        try:
            yield
        finally:
            process.send_signal(signal.SIGINT)
            process.communicate(timeout=60)


def failures_of(desk: Desk, commands: list[str]) -> list[str]:
    """Run commands one after another in one shell; return those that failed, with their output."""
    script = "\n".join(f"{command}\nprintf '\\n{MARK} %s\\n' $?" for command in commands)
    done = subprocess.run(
        ["bash"], input=script, cwd=desk.folder, env=desk.variables, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=280,
    )  # fmt: skip
    outputs = re.split(rf"^{MARK} (\d+)$", done.stdout, flags=re.MULTILINE)
    codes = outputs[1::2]
    assert len(codes) == len(commands), done.stdout
    ran = zip(commands, outputs[::2], codes, strict=False)
    return [f"$ {command}\n{output}exit {code}" for command, output, code in ran if code != "0"]


@pytest.mark.slow
@pytest.mark.timeout(400)
@pytest.mark.parametrize("page", PAGES_WITH_COMMANDS)
def test_the_commands_of_a_page_work_in_order(page: str, desk: Desk, names: dict[str, str]) -> None:
    told = [command.text for command in console_commands(page)]
    told = [text for text in told if text not in NOT_RUN and not INSTALLS.match(text)]
    apart = {*UNTIL_INTERRUPTED, *WHILE_SERVED}
    failures = failures_of(desk, [fill(text, names) for text in told if text not in apart])
    told = [text for text in told if FIRST_TOLD.get(text) == page]
    asking = [fill(text, names) for text in told if text in WHILE_SERVED]
    if asking:
        with served(desk):
            failures += failures_of(desk, asking)
    endless = (interrupted(desk, fill(text, names), UNTIL_INTERRUPTED[text])
               for text in told if text in UNTIL_INTERRUPTED)  # fmt: skip
    assert failures + [failure for failure in endless if failure] == []


@pytest.mark.parametrize(
    "page", [page for page in pages() if blocks(page, "python") and page not in PYTHON_NOT_RUN]
)
def test_the_python_of_a_page_works(page: str, recorded: Desk) -> None:
    for block in blocks(page, "python"):
        run(recorded, "python", "-W", "error", "-c", block)


def test_the_scripts_hand_over_to_the_command_and_to_these_tests() -> None:
    run_script, test_script = (
        (PROJECT / name).read_text("utf-8") for name in ("run.sh", "test.sh")
    )
    assert run_script.endswith('exec "$root/.venv/bin/vectra-player" up "$@"\n')
    assert '\nexec "$bin/python" -m pytest ' in test_script
    assert test_script.endswith(' "$@"\n')


@pytest.mark.parametrize("left_out", [*NOT_RUN.values(), *PYTHON_NOT_RUN.values()])
def test_what_is_not_run_is_covered_by_a_test_that_exists(left_out: NotRun) -> None:
    path, _, name = left_out.covered_by.partition("::")
    assert f"def {name}" in (PROJECT / path).read_text("utf-8")


@pytest.mark.parametrize("command", sorted([*NOT_RUN, *UNTIL_INTERRUPTED, *WHILE_SERVED]))
def test_every_exception_is_still_in_the_documentation(command: str) -> None:
    assert command in [found.text for found in COMMANDS]


def test_what_a_page_installs_is_locked() -> None:
    installs = [match[1] for told in COMMANDS if (match := INSTALLS.match(told.text))]
    assert installs
    assert [name for name in installs if not (PROJECT / name).is_file()] == []


def test_the_readme_and_the_quickstart_have_commands() -> None:
    assert {"README.md", "docs/quickstart.md", "docs/how-to/store.md"} <= set(PAGES_WITH_COMMANDS)
