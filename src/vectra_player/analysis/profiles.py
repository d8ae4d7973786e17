"""Strategy profiles in the data directory: one JSON file each, whole or not there at all.

Names are checked and stay inside the folder; reading follows no link. Used by the commands and the
dashboard; `strategy.profile` says what a profile is, `analysis.earlier_profiles` reads old ones.
"""

from __future__ import annotations

import fcntl
import os
import re
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any, Literal, NamedTuple

from vectra_player.analysis.earlier_profiles import Converted, convert
from vectra_player.analysis.presets import PRESETS
from vectra_player.clock import Clock, SystemClock
from vectra_player.errors import UsageError
from vectra_player.store.fsops import FileOps, replace_file
from vectra_player.store.layout import DataDir
from vectra_player.strategy.profile import (
    NAME_PATTERN,
    MonteCarloMetrics,
    Profile,
    ProfileError,
    changed,
)

SUFFIX = ".json"
MAX_BYTES = 1_000_000
"""A profile has a few hundred bytes; a file beyond this is something else."""

Found = Literal["preset", "profile"]


class Listed(NamedTuple):
    """A stored profile, or why its file cannot be used."""

    name: str
    profile: Profile | None
    problems: tuple[str, ...]


class Imported(NamedTuple):
    """What became of one file of an import. `taken`: another profile has the name it would have."""

    path: Path
    outcome: Literal["imported", "unchanged", "refused"]
    name: str | None
    notes: tuple[str, ...]
    taken: str | None = None


class Difference(NamedTuple):
    """A field in which two profiles differ; None where one has no such field."""

    field: str
    left: Any
    right: Any


def checked_name(name: str) -> str:
    """Return a name that can be a profile's. Raises UsageError for another."""
    if not re.fullmatch(NAME_PATTERN, name):
        raise UsageError(
            f"{name!r} is no name of a profile.", advice="Use 1 to 64 letters, digits, - or _."
        )
    return name


class ProfileStore:
    """The profiles of one data directory. Reading changes nothing on disk."""

    def __init__(
        self, root: Path, *, clock: Clock | None = None, ops: FileOps | None = None
    ) -> None:
        self._root = root
        self._clock = clock or SystemClock()
        self._ops = ops or FileOps()
        self._thread = threading.RLock()
        self._nested = False
        self.folder = DataDir(root.expanduser().absolute()).profiles

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Keep other threads and processes from changing profiles in the block; it may be nested.

        For whoever reads a profile and writes what follows from it.
        """
        DataDir.open_or_create(self._root)
        with self._thread:
            if self._nested:
                yield
                return
            folder = os.open(self.folder, os.O_RDONLY | os.O_DIRECTORY)
            try:
                fcntl.flock(folder, fcntl.LOCK_EX)
                self._nested = True
                yield
            finally:
                self._nested = False
                os.close(folder)

    def names(self) -> list[str]:
        """List the stored names in order."""
        if self.folder.is_symlink() or not self.folder.is_dir():
            return []
        stems = (path.stem for path in self.folder.glob(f"*{SUFFIX}"))
        return sorted(stem for stem in stems if re.fullmatch(NAME_PATTERN, stem))

    def all(self) -> list[Listed]:
        """Read all stored profiles; one that cannot be used is listed with its problems."""
        return [self._listed(name) for name in self.names()]

    def path_of(self, name: str) -> Path:
        """Return the file of a stored profile. Raises UsageError where there is none."""
        path = self._path(name)
        if not path.is_file():
            raise UsageError(f"There is no profile {name!r}.", advice=_advice(self.names()))
        return path

    def load(self, name: str) -> Profile:
        """Read a stored profile. Raises UsageError where there is none, ProfileError if wrong."""
        profile = read_profile(self.path_of(name)).profile
        # A file copied by hand has its own name: that of the file.
        return profile if profile.name == name else profile.model_copy(update={"name": name})

    def save(self, profile: Profile, *, replace: bool = False) -> Path:
        """Write a profile, durable on return.

        Raises UsageError where the name is taken and `replace` is not set. A preset's name may be
        taken: the earlier system kept its presets as profiles.
        """
        path = self._path(profile.name)
        with self.alone():
            if path.exists() and not replace:
                raise UsageError(
                    f"There is a profile {profile.name!r} already.",
                    advice="Name another, or add --force.",
                )
            replace_file(self._ops, path, profile.to_json().encode())
        return path

    def keep_figures(self, profile: Profile, metrics: MonteCarloMetrics) -> bool:
        """Put what a simulation of `profile` found into its file, durable on return.

        Returns False where the stored profile is gone or another one by now: it stays as it is.
        """
        with self.alone():
            if profile.name not in self.names() or not self._same(profile):
                return False
            self.save(profile.model_copy(update={"monte_carlo_metrics": metrics}), replace=True)
        return True

    def delete(self, name: str) -> None:
        """Remove a profile. Raises UsageError where there is none."""
        path = self.path_of(name)
        with self.alone():
            self._ops.unlink(path)
            self._ops.fsync_dir(self.folder)

    def find(self, word: str) -> tuple[Found, Profile]:
        """Return the profile of that name, else the preset, or the profile in that file.

        Raises UsageError where there is none, ProfileError if it is wrong.
        """
        if word in PRESETS and word not in self.names():
            return "preset", PRESETS[word]
        if word.endswith(SUFFIX) or "/" in word:
            return "profile", read_profile(Path(word)).profile
        return "profile", self.load(word)

    def based_on(self, base: Profile, name: str, changes: Mapping[str, Any] = {}) -> Profile:
        """Return a new profile made of another; what a simulation found of that one stays there.

        Raises UsageError for a name that cannot be, ProfileError as `strategy.profile.changed`.
        """
        source = {"name": checked_name(name), "source": "manual", "monte_carlo_metrics": None}
        return self.created(changed(base.model_copy(update=source), changes))

    def created(self, profile: Profile) -> Profile:
        """Return the profile with the present time as its date."""
        return profile.model_copy(update={"created": self.now()})

    def now(self) -> datetime:
        """Return the present time, to a second, UTC."""
        return datetime.fromtimestamp(self._clock.now_us() // 1_000_000, UTC)

    def import_files(self, paths: Sequence[Path], *, replace: bool = False) -> list[Imported]:
        """Bring in files, or folders of them, of version 1 or 2. Raises UsageError for no file."""
        return [
            self._bring_in(path, partial(read_profile, path), replace=replace)
            for path in _files(paths)
        ]

    def import_text(
        self, text: str, name: str, *, replace: bool = False, rename: str | None = None
    ) -> Imported:
        """Bring in one text of version 1 or 2; `name` is that of its file, `rename` one to give."""

        def read() -> Converted:
            found = convert(text, name=Path(name).stem)
            if rename is None:
                return found
            renamed = found.profile.model_copy(update={"name": checked_name(rename)})
            return found._replace(profile=renamed)

        return self._bring_in(Path(name), read, replace=replace)

    def _bring_in(
        self, path: Path, read: Callable[[], Converted], *, replace: bool = False
    ) -> Imported:
        taken = None
        try:
            profile, notes = read()
            if profile.name in self.names():
                if self._same(profile):
                    return Imported(path, "unchanged", profile.name, notes)
                taken = profile.name
            self.save(profile, replace=replace)
        except ProfileError as error:
            return Imported(path, "refused", None, error.problems)
        except UsageError as error:
            return Imported(path, "refused", None, (str(error),), taken)
        return Imported(path, "imported", profile.name, notes)

    def _same(self, profile: Profile) -> bool:
        try:
            return self.load(profile.name) == profile
        except UsageError:
            return False

    def _listed(self, name: str) -> Listed:
        try:
            return Listed(name, self.load(name), ())
        except ProfileError as error:
            return Listed(name, None, error.problems)
        except UsageError as error:
            return Listed(name, None, (error.message,))

    def _path(self, name: str) -> Path:
        path = self.folder / f"{checked_name(name)}{SUFFIX}"
        if self.folder.is_symlink() or path.is_symlink():
            raise UsageError(f"{path} is a symbolic link.", advice="Put the file itself there.")
        return path


def read_profile(path: Path) -> Converted:
    """Read a profile from a file of version 1 or 2: (profile, warnings).

    Raises UsageError for a file that cannot be read, ProfileError for a wrong one.
    """
    try:
        if path.stat().st_size > MAX_BYTES:
            raise UsageError(f"{path} is too large for a profile.", advice="Name a JSON file.")
        text = path.read_bytes()
    except OSError as error:
        raise UsageError(
            f"{path} cannot be read ({error.strerror or error}).", advice="Name a JSON file."
        ) from None
    return convert(text, name=path.stem)


def differences(left: Profile, right: Profile) -> list[Difference]:
    """List the fields in which two profiles differ, their names and dates left out."""
    one, other = dict(_flat(_fields(left))), dict(_flat(_fields(right)))
    return [
        Difference(field, one.get(field), other.get(field))
        for field in dict.fromkeys([*one, *other])
        if one.get(field) != other.get(field)
    ]


def _fields(profile: Profile) -> dict[str, Any]:
    return profile.model_dump(mode="json", exclude={"name", "created"})


def _flat(tree: dict[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in tree.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value


def _files(paths: Sequence[Path]) -> list[Path]:
    found: list[Path] = []
    for path in paths:
        if path.is_dir():
            found += sorted(path.rglob(f"*{SUFFIX}"))
        elif path.is_file():
            found.append(path)
        else:
            raise UsageError(f"There is no file or folder {path}.")
    if not found:
        raise UsageError("There is no .json file in there.", advice="Name a folder of profiles.")
    return found


def _advice(names: Sequence[str]) -> str:
    own = ", ".join(names) if names else "none yet; make one with `vectra-player profiles new`"
    return f"Yours: {own}. Presets: {', '.join(PRESETS)}."
