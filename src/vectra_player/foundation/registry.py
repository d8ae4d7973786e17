"""Find HTML tools: the built-in ones and those of the user, each told by its manifest.json.

A tool that cannot be used is listed as broken with its reason; nothing it holds is run or followed.
Called by `foundation.service` (list for pages) and by `cli.artifacts`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta, Struct

MANIFEST = "manifest.json"
BUILT_IN = Path(__file__).resolve().parent / "artifacts"
TEMPLATE = "template"
RESERVED = frozenset({"shared", TEMPLATE})
"""Names no tool may have: the path of the client library, and what new tools are copied from."""

NAME = re.compile(r"[a-z0-9-]{1,64}")
MAX_MANIFEST_BYTES = 16 << 10
MAX_TOOLS = 200
"""Most folders looked at; a directory that holds more is not a directory of tools."""

_Text = Annotated[str, Meta(min_length=1, max_length=200)]
_Name = Annotated[str, Meta(pattern=f"^{NAME.pattern}$")]
_Entry = Annotated[str, Meta(pattern=r"^[A-Za-z0-9_][A-Za-z0-9_-]{0,63}\.html$")]
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]")


class Manifest(Struct, frozen=True, forbid_unknown_fields=True):
    """What a tool says of itself."""

    name: _Name
    title: _Text
    description: Annotated[str, Meta(max_length=500)] = ""
    version: Annotated[str, Meta(max_length=32)] = "1.0.0"
    entry: _Entry = "index.html"
    needs: Annotated[list[Literal["feed", "api"]], Meta(max_length=2)] = []
    order: int = 100


class Tool(Struct, frozen=True, kw_only=True):
    """One folder as listed. `broken` says why it cannot be opened; `url` is null then."""

    name: str
    title: str
    description: str = ""
    version: str = ""
    needs: list[str] = []
    order: int = 100
    built_in: bool
    url: str | None = None
    broken: str | None = None


_manifests = msgspec.json.Decoder(Manifest)


class Registry:
    """The tools of the built-in folder and of the user's, read anew at each call."""

    def __init__(self, user_artifacts: Path, *, built_in: Path = BUILT_IN) -> None:
        self._user = user_artifacts
        self._built_in = built_in

    def tools(self) -> list[Tool]:
        """Return every tool: by `order`, then title; broken ones last."""
        found = [*self._scan(self._built_in, built_in=True)]
        taken = {tool.name for tool in found}
        for tool in self._scan(self._user, built_in=False):
            if tool.name in taken:
                tool = _broken(tool.name, "A built-in tool has this name.", built_in=False)
            found.append(tool)
        return sorted(found, key=lambda t: (t.broken is not None, t.order, t.title.lower()))

    def list(self) -> list[dict[str, Any]]:
        """Return `tools` as JSON values."""
        return [msgspec.to_builtins(tool) for tool in self.tools()]

    def _scan(self, root: Path, *, built_in: bool) -> Iterator[Tool]:
        try:
            folders = sorted(root.iterdir())
        except OSError:
            return
        folders = [f for f in folders if not f.name.startswith((".", "__"))][:MAX_TOOLS]
        for folder in folders:
            if built_in and folder.name in RESERVED:
                continue
            if folder.is_dir() or folder.is_symlink():
                yield _read(folder, built_in=built_in)


def _read(folder: Path, *, built_in: bool) -> Tool:
    """Read one folder. Never raises: what is wrong becomes the reason."""
    name = folder.name
    refusal = _wrong_folder(folder)
    if refusal:
        return _broken(name, refusal, built_in=built_in)
    try:
        manifest = _manifests.decode((folder / MANIFEST).read_bytes())
    except OSError as error:
        unread = f"{MANIFEST} cannot be read: {error.strerror or error}."
        return _broken(name, unread, built_in=built_in)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        return _broken(name, f"{MANIFEST}: {_clean(str(error), 300)}", built_in=built_in)
    wrong = _wrong_manifest(folder, manifest)
    if wrong:
        return _broken(name, wrong, built_in=built_in)
    return Tool(
        name=name,
        title=manifest.title,
        description=manifest.description,
        version=manifest.version,
        needs=list(manifest.needs),
        order=manifest.order,
        built_in=built_in,
        url=f"/artifacts/{name}/" + ("" if manifest.entry == "index.html" else manifest.entry),
    )


def _wrong_folder(folder: Path) -> str | None:
    """Say why a folder is refused before anything in it is read."""
    if not NAME.fullmatch(folder.name):
        return "The folder's name may have a-z, 0-9 and - only, 64 at most."
    if folder.name in RESERVED:
        return "This name is reserved."
    manifest = folder / MANIFEST
    if folder.is_symlink() or manifest.is_symlink():
        return "Symbolic links are not followed."
    if not manifest.is_file():
        return f"It has no {MANIFEST}."
    if manifest.stat().st_size > MAX_MANIFEST_BYTES:
        return f"{MANIFEST} is larger than {MAX_MANIFEST_BYTES} bytes."
    return None


def _wrong_manifest(folder: Path, manifest: Manifest) -> str | None:
    """Say why what a manifest claims cannot be served."""
    if manifest.name != folder.name:
        return f"{MANIFEST} says {manifest.name!r}, the folder is {folder.name!r}."
    texts = (manifest.title, manifest.description, manifest.version)
    if any(_CONTROL.search(text) for text in texts):
        return f"{MANIFEST} holds control characters."
    entry = folder / manifest.entry
    if entry.is_symlink() or not entry.is_file():
        return f"{manifest.entry} is not a file in the folder."
    return None


def _broken(name: str, reason: str, *, built_in: bool) -> Tool:
    shown = _clean(name, 64)
    return Tool(name=shown, title=shown, built_in=built_in, broken=reason)


def _clean(text: str, most: int) -> str:
    """Make text fit to be shown and encoded, whatever bytes a file system gave."""
    plain = text.encode("utf-8", "replace").decode()
    return _CONTROL.sub("�", plain)[:most]
