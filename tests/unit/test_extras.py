"""What is not installed is named with a line that installs it, from a file that is there."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest
from tests.conftest import PROJECT

from vectra_player import extras
from vectra_player.app.dashboard import require_dashboard
from vectra_player.app.mcp import require_mcp
from vectra_player.errors import UsageError


def known() -> dict[str, Any]:
    project = tomllib.loads((PROJECT / "pyproject.toml").read_text())
    found: dict[str, Any] = project["project"]["optional-dependencies"]
    return found


@pytest.mark.parametrize("extra", known())
def test_a_checkout_installs_every_extra_from_a_lock_that_holds_it(extra: str) -> None:
    start, _, lock = extras.install_line(extra).rpartition(" -r ")
    assert start.endswith("-m pip install --require-hashes")
    locked = Path(lock).read_text()
    for package in known()[extra]:
        name = package.partition(">")[0].partition("=")[0].partition("[")[0]
        assert f"\n{name}==" in f"\n{locked}", (extra, name)


def test_elsewhere_the_extra_itself_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(extras, "_LOCKS", Path("/nowhere"))
    assert extras.install_line("analysis").endswith("-m pip install 'vectra-player[analysis]'")


@pytest.mark.parametrize("require", [require_dashboard, require_mcp])
def test_dashboard_and_assistant_say_what_to_install(
    monkeypatch: pytest.MonkeyPatch, require: Any
) -> None:
    require()
    monkeypatch.setattr(extras, "find_spec", lambda name: None)
    with pytest.raises(UsageError, match="not installed") as refused:
        require()
    assert "requirements/user.txt" in refused.value.advice
