"""A killed `episodes build` leaves no episode twice, and the next one completes it."""

from __future__ import annotations

import subprocess
import sys

import pytest


@pytest.mark.slow
def test_builds_killed_at_their_file_calls_are_made_good() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.crash.kill_episodes", "3"],
        capture_output=True,
        text=True,
        timeout=110,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("3 builds killed")
