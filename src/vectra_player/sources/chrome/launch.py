"""Find Chrome, prepare its profile, and start it under a chrome-host. Called by `source`."""

from __future__ import annotations

import asyncio
import hashlib
import os
import re
import shutil
import stat
import sys
import tempfile
from asyncio.subprocess import DEVNULL, PIPE
from pathlib import Path

import msgspec

from vectra_player.errors import SourceError
from vectra_player.sources.chrome.wire import FALLBACK_FOLDER

NAMES = ("google-chrome", "google-chrome-stable", "chromium", "chromium-browser")
MAC_PATHS = (
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
)
MIN_VERSION = 120
"""Filters of Target.setAutoAttach and headless=new are settled from here on."""
FLAGS = (
    "--no-first-run",
    "--no-default-browser-check",
    "--disable-quic",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-background-timer-throttling",
    "--disable-backgrounding-occluded-windows",
    "--disable-renderer-backgrounding",
    "--hide-crash-restore-bubble",
)
"""capture.md, recommendation 6. No flag here may weaken the browser's own security."""
PROFILE_LOCKED = 21
"""Chrome's exit code when another Chrome uses the profile (capture.md, loss modes)."""
SOCKET_NAME = "vectra-host.sock"
SOCKET_PATH_LIMIT = 100
"""Unix socket paths hold 104 bytes on macOS and 108 on Linux."""


class Started(msgspec.Struct):
    """What a chrome-host says of its start."""

    error: str = ""
    code: int = 0
    words: str = ""
    version: str = ""
    host_pid: int = 0
    chrome_pid: int = 0


def find_chrome(wanted: Path | None) -> Path:
    """Return the Chrome or Chromium to launch.

    Raises:
        SourceError: there is none, or `wanted` is no program.
    """
    if wanted is not None:
        if os.access(wanted, os.X_OK) and wanted.is_file():
            return wanted
        raise SourceError(f"{wanted} is no program.", advice="Set VECTRA_CHROME to Chrome's path.")
    for name in (*NAMES, *MAC_PATHS):
        if found := shutil.which(name):
            return Path(found)
    raise SourceError(
        "Neither Google Chrome nor Chromium is installed.",
        advice="Install one, or set VECTRA_CHROME to its path.",
    )


def check_version(product: str) -> None:
    """Refuse a browser that is too old; `product` is like `Chrome/156.0.8078.79`.

    Raises:
        SourceError: it is older than this code understands.
    """
    found = re.search(r"/(\d+)\.", product)
    if found and int(found[1]) < MIN_VERSION:
        raise SourceError(
            f"{product} is too old: at least version {MIN_VERSION} is needed.",
            advice="Update it, or set VECTRA_CHROME to a newer one.",
        )


def arguments(
    chrome: Path, profile: Path, *, headless: bool, port: int | None, as_root: bool
) -> list[str]:
    """Return the command line; `port` is opened beside the pipe when given."""
    asked = [
        *(["--headless=new"] if headless else []),
        *([f"--remote-debugging-port={port}"] if port is not None else []),
        # Chrome's sandbox cannot start as root; a user's Chrome must have it.
        *(["--no-sandbox"] if as_root else []),
    ]
    pipe = ["--remote-debugging-pipe", f"--user-data-dir={profile}"]
    return [str(chrome), *pipe, *FLAGS, *asked, "about:blank"]


def prepare_profile(profile: Path) -> None:
    """Create the profile directory, 0700, or check that it is ours alone.

    Raises:
        SourceError: it cannot be made, or belongs to somebody else.
    """
    try:
        profile.mkdir(mode=0o700, parents=True, exist_ok=True)
        status = profile.lstat()
        if not stat.S_ISDIR(status.st_mode) or status.st_uid != os.getuid():
            raise SourceError(f"Chrome profile {profile} is not a directory of yours.")
        if status.st_mode & 0o077:
            profile.chmod(0o700)
    except OSError as error:
        raise SourceError(f"Chrome profile {profile}: {error.strerror}.") from error


def socket_path(profile: Path) -> Path:
    """Return where the host of this profile listens; its directory is 0700 and exists."""
    path = profile / SOCKET_NAME
    if len(os.fsencode(path)) < SOCKET_PATH_LIMIT:
        return path
    digest = hashlib.sha256(os.fsencode(profile.absolute())).hexdigest()[:16]
    folder = Path(tempfile.gettempdir()) / f"{FALLBACK_FOLDER}{os.getuid()}-{digest}"
    prepare_profile(folder)
    return folder / SOCKET_NAME


async def start_host(
    chrome: Path, profile: Path, *, headless: bool, port: int | None = None
) -> Started:
    """Start Chrome and the chrome-host that holds it, in a process session of their own.

    Raises:
        SourceError: the profile is locked, Chrome is too old or would not start.
    """
    command = arguments(chrome, profile, headless=headless, port=port, as_root=os.getuid() == 0)
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "vectra_player.sources.chrome.host", str(socket_path(profile))),
        *command,
        stdin=DEVNULL,
        stdout=PIPE,
        stderr=PIPE,
        cwd="/",
    )
    answer, errors = await process.communicate()
    try:
        started = msgspec.json.decode(answer, type=Started)
    except msgspec.DecodeError:
        last = errors.decode("utf-8", "replace").strip()[-500:]
        raise SourceError(f"chrome-host did not start: {last}") from None
    if started.error:
        raise _failure(started, chrome, profile)
    check_version(started.version)
    return started


def _failure(started: Started, chrome: Path, profile: Path) -> SourceError:
    # With a window, Chrome hands over to the one that runs and ends with 0.
    if started.code in (0, PROFILE_LOCKED):
        return SourceError(
            f"Chrome profile {profile} is in use by another Chrome.",
            advice="Close that Chrome, or choose another profile with CHROME_PROFILE.",
        )
    words = started.words.strip().splitlines()[-1:] or ["it said nothing"]
    headless = "display" in started.words.lower() or "ozone" in started.words.lower()
    advice = "There is no display: set FOUNDATION_HEADLESS=true." if headless else ""
    return SourceError(
        f"{chrome} did not start (exit code {started.code}): {words[0]}", advice=advice
    )
