"""Without nats-py nothing breaks but the outlet, which says what to install before it starts."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from vectra_player import extras
from vectra_player.app.outlet import address_of
from vectra_player.config import load
from vectra_player.errors import UsageError


def test_a_missing_package_is_told_before_anything_starts(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(extras, "find_spec", lambda name: None)
    assert address_of(load({"data_dir": tmp_path}, {}).settings) is None
    settings = load({"data_dir": tmp_path}, {"VECTRA_OUTLET": "nats://h:4222"}).settings
    with pytest.raises(UsageError, match="nats") as refused:
        address_of(settings)
    assert "requirements/cluster.txt" in refused.value.advice


def test_a_recorder_without_an_outlet_loads_nothing_of_nats() -> None:
    code = (
        "import sys, vectra_player.app.run, vectra_player.app.foundation, vectra_player.cli;"
        "sys.exit('nats' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
