"""Find a strategy: built in by its name, a user's by the name of its file or by its path.

Loading a file runs it, as importing it would; listing does not. Used by commands, backtests and
the process that runs user strategies.
"""

from __future__ import annotations

import ast
import hashlib
import re
import sys
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType
from typing import Any, Literal

from msgspec import Struct

from vectra_player.errors import UsageError, VectraError
from vectra_player.strategy.api import Params, Strategy
from vectra_player.strategy.builtin import baselines, playbooks, sidebets
from vectra_player.strategy.profile import DEFAULT_STRATEGY, Profile

FOLDER = "strategies"
"""Directory of a data directory that holds strategies of the user."""

NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")

BUILT_IN: Mapping[str, type[Strategy]] = {
    kind.name: kind
    for kind in (
        playbooks.Conservative,
        playbooks.Aggressive,
        sidebets.Sidebet,
        playbooks.Momentum,
        playbooks.Pullback,
        playbooks.MeanReversion,
        playbooks.Breakout,
        baselines.NeverBet,
        baselines.CoinFlip,
    )
}


class Listed(Struct, frozen=True):
    """A strategy that can be named. `problem` says why its file cannot be used."""

    name: str
    origin: Literal["built-in", "file"]
    summary: str
    problem: str = ""


def listed(folder: Path | None = None) -> list[Listed]:
    """List the built-in strategies and those of a folder; nobody's code is run."""
    found = [
        Listed(name, "built-in", _first_line(kind.description())) for name, kind in BUILT_IN.items()
    ]
    files = sorted(folder.glob("*.py")) if folder is not None and folder.is_dir() else []
    return found + [_listed_file(path) for path in files]


def find(name: str, folder: Path | None = None) -> type[Strategy]:
    """Return a strategy's class by name, or by path: FILE.py or FILE.py:CLASS.

    A built-in name cannot be taken by a file of the folder. Raises UsageError when there is no
    such strategy or its file cannot be used.
    """
    path, _, wanted = name.partition(".py:")
    if wanted:
        return load_file(Path(f"{path}.py"), wanted)
    if name.endswith(".py") or "/" in name:
        return load_file(Path(name))
    if name in BUILT_IN:
        return BUILT_IN[name]
    if folder is not None and NAME.fullmatch(name) and (folder / f"{name}.py").is_file():
        return load_file(folder / f"{name}.py")
    raise UsageError(
        f"There is no strategy {name!r}.",
        advice="`vectra-player strategy list` shows all; "
        f"`vectra-player strategy new {name}` begins one."
        if NAME.fullmatch(name)
        else "`vectra-player strategy list` shows all; a file is named by its path.",
    )


def make(
    name: str, params: Params | Mapping[str, Any] | None = None, folder: Path | None = None
) -> Strategy:
    """Make a strategy by name with its parameters checked. Raises UsageError as `find`.

    What its constructor raises on purpose, such as DamageError, comes out as it is.
    """
    kind = find(name, folder)
    try:
        return kind(params)
    except VectraError:
        raise
    except Exception as error:  # a constructor of the user's
        raise UsageError(f"The strategy {name} could not be made: {_told(error)}.") from error


def of_profile(profile: Profile, folder: Path | None = None) -> Strategy:
    """Make the strategy a profile names. Raises UsageError as `make`."""
    if profile.strategy == DEFAULT_STRATEGY:
        return sidebets.ProfileSidebet(profile)
    return make(profile.strategy, profile.params, folder)


def load_file(path: Path, wanted: str | None = None) -> type[Strategy]:
    """Run a file and return the strategy class it defines, or the one that is wanted.

    Raises UsageError: the file cannot be read or run, or defines no such class, or several.
    """
    module = _run(path, _source(path))
    kinds = {
        name: value
        for name, value in vars(module).items()
        if isinstance(value, type)
        and issubclass(value, Strategy)
        and value.__module__ == module.__name__
    }
    if wanted is not None and wanted in kinds:
        return kinds[wanted]
    if wanted is not None or not kinds:
        what = f"no strategy class {wanted}" if wanted else "no class derived from Strategy"
        raise UsageError(
            f"{path} defines {what}.",
            advice="`vectra-player strategy new NAME` makes a file to begin with.",
        )
    if len(kinds) > 1:
        raise UsageError(
            f"{path} defines several strategies: {', '.join(kinds)}.",
            advice=f"Name one: {path}:{next(iter(kinds))}.",
        )
    return next(iter(kinds.values()))


def _source(path: Path) -> str:
    try:
        return path.read_text("utf-8")
    except FileNotFoundError:
        raise UsageError(f"There is no file {path}.") from None
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{path} cannot be read: {error}.") from None


def _run(path: Path, source: str) -> ModuleType:
    # A name of its own for each content: two files, or two states of one, never mix.
    digest = hashlib.sha256(f"{path.absolute()}\n{source}".encode()).hexdigest()[:16]
    module = ModuleType(f"vectra_user_strategy_{digest}")
    module.__file__ = str(path)
    sys.modules[module.__name__] = module  # dataclasses and pickles look there
    try:
        exec(compile(source, str(path), "exec"), module.__dict__)  # noqa: S102 - the user's own code
    except (Exception, SystemExit) as error:
        del sys.modules[module.__name__]
        raise UsageError(
            f"{path}, line {_line(error, path)}: {_told(error)}.", advice="Mend it and try again."
        ) from error
    return module


def _line(error: BaseException, path: Path) -> str:
    """Return the line of the user's file that failed."""
    if isinstance(error, SyntaxError) and error.filename == str(path):
        return str(error.lineno)
    line, trace = "?", error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == str(path):
            line = str(trace.tb_lineno)
        trace = trace.tb_next
    return line


def _told(error: BaseException) -> str:
    text = error.msg if isinstance(error, SyntaxError) else str(error)
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def _listed_file(path: Path) -> Listed:
    try:
        tree = ast.parse(_source(path), str(path))
    except SyntaxError as error:
        return Listed(path.stem, "file", "", f"line {error.lineno}: {error.msg}")
    except (UsageError, ValueError) as error:
        return Listed(path.stem, "file", "", str(error))
    problem = _name_problem(path.stem)
    classes = (node for node in tree.body if isinstance(node, ast.ClassDef))
    documented = (ast.get_docstring(node) for node in classes if _may_be_strategy(node))
    return Listed(path.stem, "file", _first_line(next(filter(None, documented), "")), problem)


def _may_be_strategy(node: ast.ClassDef) -> bool:
    return any("Strategy" in ast.unparse(base) for base in node.bases)


def _name_problem(name: str) -> str:
    if name in BUILT_IN:
        return "its name is that of a built-in strategy; name it by its path"
    return "" if NAME.fullmatch(name) else "its name is not of a-z, 0-9, _ and -; use its path"


def _first_line(text: str) -> str:
    return text.partition("\n")[0]
