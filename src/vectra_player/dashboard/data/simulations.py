"""Simulations that the page of profiles ran: the last one of each profile, kept under `results/`.

The job writes them, the routes read them. A profile that was changed since its simulation has
none: what was found belonged to other parameters.
"""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Any

import msgspec

from vectra_player.dashboard.data.laid_out import LaidOut
from vectra_player.store.fsops import FileOps, make_directories, replace_file
from vectra_player.store.layout import DataDir
from vectra_player.strategy.profile import Profile

FOLDER = "simulations"


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """What a simulation found, as the comparison of `simulate` words it; `made_at` in ms UTC.

    settings: the parts of the profile that decided. cells: by the headings of the comparison.
    """

    profile: str
    made_at: int
    settings: dict[str, Any]
    runs: int
    games: int
    seed: int
    pool: str
    pool_games: int
    cells: dict[str, str]
    profit_interval: str

    def of(self, profile: Profile) -> bool:
        """Tell whether it was made with the parameters that the profile has now."""
        now = profile.model_dump(mode="json", include=set(self.settings))
        return now == self.settings


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """A simulation with its whole report."""

    found: Found
    report: LaidOut


class _Head(msgspec.Struct):
    found: Found


def keep(data_dir: Path, kept: Kept) -> None:
    """Write a simulation in place of the profile's last one."""
    path = _path(data_dir, kept.found.profile)
    make_directories(FileOps(), path.parent)
    replace_file(FileOps(), path, msgspec.json.encode(kept, enc_hook=str))


def last_found(data_dir: Path, profile: Profile) -> Found | None:
    """Return what the last simulation of a profile found; None where there is none of it."""
    with contextlib.suppress(OSError, msgspec.DecodeError):
        text = _path(data_dir, profile.name).read_bytes()
        found = msgspec.json.decode(text, type=_Head).found
        return found if found.of(profile) else None
    return None


def last_kept(data_dir: Path, profile: Profile) -> Kept | None:
    """Return the last simulation of a profile with its report."""
    with contextlib.suppress(OSError, msgspec.DecodeError):
        kept = msgspec.json.decode(_path(data_dir, profile.name).read_bytes(), type=Kept)
        return kept if kept.found.of(profile) else None
    return None


def _path(data_dir: Path, name: str) -> Path:
    return DataDir(data_dir).results / FOLDER / f"{name}.json"
