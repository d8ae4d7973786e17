"""The pages that are indexed: the knowledge base, and the documentation of this product.

In a checkout they lie in the project, in an installed package beside this one. `docs/protocol.md`
and `docs/fairness.md` are left out: they are made from the knowledge base.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final, NamedTuple

from vectra_player.errors import UsageError

PAGES: Final = (
    "knowledge/**/*.md",
    "docs/concepts.md",
    "docs/statistics.md",
    "docs/risk-metrics.md",
    "docs/how-to/*.md",
    "docs/reference/schema.md",
    "docs/reference/settings.md",
)

_HERE = Path(__file__).resolve()
_ROOTS = (_HERE.parents[3], _HERE.parents[1] / "corpus")


class Page(NamedTuple):
    """A page: its path from the root of the project, and its text."""

    name: str
    text: str


def root() -> Path:
    """Return the folder that holds `knowledge/`.

    Raises:
        UsageError: this installation has none.
    """
    for folder in _ROOTS:
        if (folder / "knowledge").is_dir():
            return folder
    raise UsageError(
        "The knowledge base is not installed.", advice="Install vectra-player again, whole."
    )


def pages(folder: Path | None = None) -> Iterator[Page]:
    """Yield the pages in order of their names."""
    base = folder or root()
    found = {path for pattern in PAGES for path in base.glob(pattern)}
    for path in sorted(found):
        yield Page(path.relative_to(base).as_posix(), path.read_text("utf-8"))


def fingerprint(found: Iterable[Page]) -> str:
    """Return a hash of pages: equal, when nothing in them changed."""
    digest = hashlib.blake2b(digest_size=12)
    for page in found:
        digest.update(f"{page.name}\0{page.text}\0".encode())
    return digest.hexdigest()
