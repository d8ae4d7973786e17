"""Keeps what the gate must not forget over a restart: `run/trade.json` in the data directory.

An order stands in it, durable, before its first button may be pressed: after a crash it is told
as UNKNOWN and never pressed again. The file is replaced whole and carries a checksum. One that
cannot be read halts trading; it is never taken for an empty one. Used by `gate` only.
"""

from __future__ import annotations

import os
import zlib
from decimal import Decimal
from pathlib import Path
from typing import Literal

import msgspec
from msgspec import Struct

from vectra_player.errors import DamageError
from vectra_player.model.units import Micros
from vectra_player.store.fsops import FileOps, replace_file
from vectra_player.trading.losses import Book
from vectra_player.trading.records import Actor, ClickMode, OrderType

VERSION = 1
FILE_NAME = "trade.json"
DAMAGED_NAME = "trade.damaged.json"

HaltReason = Literal["kill", "unknown", "mismatch", "damaged", "disk", "other"]


class Halt(Struct, frozen=True, kw_only=True):
    """Why nothing is pressed until a person says so."""

    reason: HaltReason
    detail: str
    by: str
    at_us: Micros


class UnderWay(Struct, frozen=True, kw_only=True):
    """An order that has, or had, leave to be pressed.

    `unknown`: nobody saw what became of it. `told`: and that is recorded.
    """

    action_id: str
    action_type: OrderType
    mode: ClickMode
    actor: Actor
    at_us: Micros
    amount: Decimal | None = None
    percentage: int | None = None
    strategy: str | None = None
    game_id: str | None = None
    unknown: bool = False
    told: bool = False


class Saved(Struct, frozen=True, kw_only=True):
    """What is kept. `orders` and `sells`: times of the last minute's, which limit the next."""

    halts: tuple[Halt, ...] = ()
    under_way: tuple[UnderWay, ...] = ()
    book: Book | None = None
    orders: tuple[Micros, ...] = ()
    sells: tuple[Micros, ...] = ()


class _File(Struct, frozen=True, forbid_unknown_fields=True):
    version: int
    crc32: int
    state: msgspec.Raw


class TradeMemory:
    """One file in the data directory's `run/`."""

    def __init__(self, folder: Path, ops: FileOps | None = None) -> None:
        self.path = folder / FILE_NAME
        self._ops = ops or FileOps()

    def load(self) -> Saved:
        """Return what was kept; nothing where there is no file.

        Raises:
            DamageError: the file cannot be read, is damaged, or is of a newer version.
        """
        try:
            return _decoded(self._read())
        except FileNotFoundError:
            return Saved()
        except (OSError, msgspec.MsgspecError, ValueError) as error:
            raise DamageError(
                f"{self.path} cannot be read ({error}).",
                advice="What was lost today and which orders were open is not known.",
            ) from error

    def keep(self, saved: Saved) -> None:
        """Write it down, durable when this returns.

        Raises:
            OSError: the disk refused; the file is as it was.
        """
        state = msgspec.json.encode(saved)
        file = _File(VERSION, zlib.crc32(state), msgspec.Raw(state))
        replace_file(self._ops, self.path, msgspec.json.encode(file))

    def set_aside(self) -> None:
        """Move a damaged file out of the way, for whoever wants to look into it."""
        if self.path.exists():
            self._ops.rename(self.path, self.path.with_name(DAMAGED_NAME))

    def _read(self) -> bytes:
        descriptor = os.open(self.path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
        with os.fdopen(descriptor, "rb") as file:
            return file.read()


def _decoded(data: bytes) -> Saved:
    file = msgspec.json.decode(data, type=_File)
    if file.version != VERSION:
        raise ValueError(f"version {file.version}, written by another version of this program")
    if zlib.crc32(bytes(file.state)) != file.crc32:
        raise ValueError("its checksum is wrong")
    return msgspec.json.decode(file.state, type=Saved)
