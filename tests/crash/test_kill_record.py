"""The `record` command, killed with SIGKILL, loses and doubles nothing (D1, D6, D7).

The long form: `python -m tests.crash.kill_record --kills 2000`.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.crash.record_rig import Rig, Style


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_killed_record_command_loses_nothing_and_readers_are_never_wrong(tmp_path: Path) -> None:
    rig = Rig(tmp_path, 20251635, Style(True, start_s=1.5, run_s=0.6, a_directory=4))
    for counts in rig.run(4):
        assert counts["kills"] == 4
        assert counts["acknowledged"] > 100
        assert counts["restarts compared"] > 1
        assert counts["packets compared"] > 100
        assert counts["ticks"] > 30
        assert counts["reads"] > 10
