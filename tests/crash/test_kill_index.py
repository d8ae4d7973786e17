"""A killed index build leaves the old index or the new one, and the next build completes it."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest


@pytest.mark.slow
def test_builds_killed_at_random_moments_are_made_good() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.crash.kill_index", "3"],
        capture_output=True,
        text=True,
        timeout=110,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert re.search(r"^3 builds killed", done.stdout)
    assert "same ids and hashes" in done.stdout
