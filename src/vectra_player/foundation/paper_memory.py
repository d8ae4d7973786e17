"""Keeps the paper wallet over a restart of the service: `run/paper.json` in the data directory.

What was open when the service ended was not seen to its end, so a holding counts as lost and a
stake comes back, as in any game whose end nobody saw. Used by `foundation.paper_desk`.
"""

from __future__ import annotations

import os
from pathlib import Path

import msgspec
import structlog

from vectra_player.foundation.paper import PaperAccount, Saved

log = structlog.get_logger(__name__)


class PaperMemory:
    """One file, replaced whole. A file that cannot be read or written is told in the log."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._last: Saved | None = None

    def load(self) -> Saved | None:
        """Return what was kept; None where there is nothing that can be read."""
        try:
            self._last = msgspec.json.decode(self._path.read_bytes(), type=Saved)
        except FileNotFoundError:
            return None
        except (OSError, msgspec.DecodeError, ValueError) as error:
            log.warning("paper wallet not read", error=repr(error))
            return None
        return self._last

    def keep(self, account: PaperAccount) -> None:
        """Write the account down if it changed, without waiting for the disk."""
        saved = account.saved()
        if saved == self._last:
            return
        staged = self._path.with_suffix(f".{os.getpid()}")
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            descriptor = os.open(staged, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            with os.fdopen(descriptor, "wb") as file:
                file.write(msgspec.json.encode(saved))
            staged.rename(self._path)
        except OSError as error:
            log.warning("paper wallet not kept", error=repr(error))
            return
        self._last = saved
