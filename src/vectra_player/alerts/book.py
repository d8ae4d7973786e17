"""The rules in force: the built-in ones, the user's file over them, and what was measured.

The only reader of `rules/alerts.toml`. A file that cannot be read leaves the built-in rules at
work and says so; a change is noticed by size and time of the file, when somebody asks.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from vectra_player.alerts import measured as measurements
from vectra_player.alerts.measured import load_measured
from vectra_player.alerts.odds import NOTHING, Measured
from vectra_player.alerts.rules import (
    LONGEST_FILE,
    Read,
    Rule,
    RuleFault,
    default_rules,
    read_rules,
)
from vectra_player.errors import UsageError
from vectra_player.store.fsops import FileOps, make_directories, replace_file

FILE = "alerts.toml"


class Book(NamedTuple):
    """Rules by type and where they are from. changed: those the user's file has a table for."""

    rules: Mapping[str, Rule]
    changed: frozenset[str] = frozenset()
    faults: tuple[RuleFault, ...] = ()
    measured: Measured = NOTHING

    def origin(self, name: str) -> str:
        """Say where a rule is from."""
        return "user" if name in self.changed else "built-in"


class RuleFiles:
    """The two files of a rules folder, and the book they make."""

    def __init__(self, folder: Path) -> None:
        """`folder`: `rules` of a data directory; it need not exist."""
        self.folder = folder
        self._seen: object = None

    def changed(self) -> bool:
        """Tell whether a file is another one than when it was last read."""
        return self._stamps() != self._seen

    def read(self) -> Book:
        """Read both files; never fails."""
        self._seen = self._stamps()
        read = read_file(self.folder / FILE)
        measured, wrong = load_measured(self.folder)
        faults = read.faults
        if wrong:
            advice = "Write it anew with `vectra-player alerts test --save`."
            faults = (*faults, RuleFault(measurements.FILE, "", "", wrong, advice))
        return Book(read.rules, read.changed, faults, measured)

    def _stamps(self) -> tuple[object, ...]:
        return tuple(_stamp(self.folder / name) for name in (FILE, measurements.FILE))


def read_file(path: Path, *, required: bool = False) -> Read:
    """Read a file of rules over the built-in ones.

    Raises UsageError where it is `required` and cannot be read; else that is a fault.
    """
    try:
        text = _text(path)
    except FileNotFoundError as error:
        if required:
            raise UsageError(f"There is no file {path}.", advice="Name a file of rules.") from error
        return Read(default_rules())
    except (OSError, ValueError) as error:
        problem = error.strerror if isinstance(error, OSError) else str(error)
        if required:
            raise UsageError(f"{path} cannot be read: {problem}.", advice="Mend it.") from error
        return Read(
            default_rules(), faults=(RuleFault(path.name, "", "", f"cannot be read: {problem}"),)
        )
    return read_rules(text, path.name)


def save_rules(folder: Path, text: str) -> Read:
    """Keep a file of rules that has no fault; return what it says. Raises UsageError."""
    read = read_rules(text, FILE)
    if read.faults:
        raise UsageError(f"The rules are not kept: {'; '.join(str(one) for one in read.faults)}")
    _keep(folder, FILE, text)
    return read


def save_measured(folder: Path, text: bytes) -> Path:
    """Keep what was measured; return where."""
    return _keep(folder, measurements.FILE, text)


def _keep(folder: Path, name: str, text: str | bytes) -> Path:
    ops = FileOps()
    make_directories(ops, folder)
    path = folder / name
    replace_file(ops, path, text.encode() if isinstance(text, str) else text)
    ops.fsync_dir(folder)
    return path


def _text(path: Path) -> str:
    if path.stat().st_size > 4 * LONGEST_FILE:
        raise ValueError(f"is longer than {LONGEST_FILE:,} characters")
    try:
        return path.read_bytes().decode()
    except UnicodeDecodeError as error:
        raise ValueError(f"is no UTF-8 text (byte {error.start + 1})") from None


def _stamp(path: Path) -> tuple[int, int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_ino, found.st_size, found.st_mtime_ns
