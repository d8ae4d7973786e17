"""Command line, profile and refusals: what is decided before Chrome runs."""

from __future__ import annotations

import stat
import sys
from pathlib import Path

import pytest

from vectra_player.errors import SourceError
from vectra_player.sources.chrome import launch

FAKE = Path(__file__).with_name("fake_chrome.py")


@pytest.mark.parametrize("headless", [True, False])
@pytest.mark.parametrize("port", [None, 9222])
def test_no_flag_weakens_the_browser(headless: bool, port: int | None) -> None:
    words = launch.arguments(
        Path("chrome"), Path("profile"), headless=headless, port=port, as_root=False
    )
    forbidden = ("remote-allow-origins", "no-sandbox", "disable-web-security", "load-extension")
    assert not [word for word in words if any(flag in word for flag in forbidden)]
    assert not [word for word in words if "remote-debugging-address" in word]
    assert ("--headless=new" in words) == headless
    assert ("--remote-debugging-port=9222" in words) == (port is not None)
    assert "--remote-debugging-pipe" in words
    assert "--user-data-dir=profile" in words


def test_only_root_runs_without_the_sandbox() -> None:
    words = launch.arguments(Path("c"), Path("p"), headless=True, port=None, as_root=True)
    assert "--no-sandbox" in words


def test_a_missing_chrome_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(SourceError, match="VECTRA_CHROME"):
        launch.find_chrome(tmp_path / "none")
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(launch, "MAC_PATHS", ())
    with pytest.raises(SourceError, match="Neither Google Chrome nor Chromium"):
        launch.find_chrome(None)


def test_an_old_chrome_is_refused() -> None:
    launch.check_version("HeadlessChrome/156.0.1.2")
    with pytest.raises(SourceError, match="too old"):
        launch.check_version("Chrome/99.0.4844.51")


def test_the_profile_is_made_for_its_owner_alone(tmp_path: Path) -> None:
    profile = tmp_path / "a" / "b"
    launch.prepare_profile(profile)
    assert stat.S_IMODE(profile.stat().st_mode) == 0o700
    profile.chmod(0o755)
    launch.prepare_profile(profile)
    assert stat.S_IMODE(profile.stat().st_mode) == 0o700


def test_a_profile_that_is_a_link_or_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    (tmp_path / "file").touch()
    for name in ("link", "file"):
        with pytest.raises(SourceError):
            launch.prepare_profile(tmp_path / name)


def test_long_profile_paths_still_get_a_socket(tmp_path: Path) -> None:
    profile = tmp_path / ("x" * 120)
    path = launch.socket_path(profile)
    assert len(str(path)) < launch.SOCKET_PATH_LIMIT
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert path == launch.socket_path(profile)
    path.parent.rmdir()


async def test_a_locked_profile_is_told_from_other_failures(tmp_path: Path) -> None:
    locked = tmp_path / "locked"
    locked.write_text(f"#!/bin/sh\nexec {sys.executable} {FAKE} --locked\n")
    broken = tmp_path / "broken"
    broken.write_text("#!/bin/sh\necho Missing X server or DISPLAY >&2\nexit 1\n")
    for program in (locked, broken):
        program.chmod(0o755)
    profile = tmp_path / "p"
    launch.prepare_profile(profile)
    with pytest.raises(SourceError, match="in use by another Chrome"):
        await launch.start_host(locked, profile, headless=True)
    with pytest.raises(SourceError, match=r"exit code 1.*FOUNDATION_HEADLESS"):
        await launch.start_host(broken, profile, headless=False)
