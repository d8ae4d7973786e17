"""What the gate keeps is there again, or known to be damaged; never silently less."""

from __future__ import annotations

import stat
import zlib
from decimal import Decimal
from pathlib import Path

import pytest
from tests.gate_support import FullDisk, QuickOps

from vectra_player.errors import DamageError
from vectra_player.trading.losses import Book
from vectra_player.trading.memory import Halt, Saved, TradeMemory, UnderWay

WHOLE = Saved(
    halts=(Halt(reason="mismatch", detail="Cash differs.", by="", at_us=3),),
    under_way=(
        UnderWay(
            action_id="a",
            action_type="BUY",
            mode="live",
            actor="bot",
            at_us=5,
            amount=Decimal("0.010000001"),
        ),
    ),
    book=Book(origin="https://rugs.fun", equity=Decimal("1.5"), day=20_000, loss_day=Decimal(1)),
    orders=(1, 2),
    sells=(3,),
)


@pytest.fixture
def memory(tmp_path: Path) -> TradeMemory:
    (tmp_path / "run").mkdir()
    return TradeMemory(tmp_path / "run", QuickOps())


def test_nothing_is_kept_at_first(memory: TradeMemory) -> None:
    assert memory.load() == Saved()


def test_what_is_kept_comes_back_to_the_lamport(memory: TradeMemory) -> None:
    memory.keep(WHOLE)
    memory.keep(WHOLE)
    assert memory.load() == WHOLE
    assert stat.S_IMODE(memory.path.stat().st_mode) == 0o600
    assert list(memory.path.parent.iterdir()) == [memory.path]


def test_a_bit_that_flips_anywhere_is_noticed(memory: TradeMemory) -> None:
    memory.keep(WHOLE)
    good = memory.path.read_bytes()
    for place in range(len(good)):
        bad = bytearray(good)
        bad[place] ^= 1 << place % 7
        memory.path.write_bytes(bad)
        with pytest.raises(DamageError):
            memory.load()


def test_every_cut_is_noticed(memory: TradeMemory) -> None:
    memory.keep(WHOLE)
    good = memory.path.read_bytes()
    for length in range(0, len(good), 3):
        memory.path.write_bytes(good[:length])
        with pytest.raises(DamageError):
            memory.load()


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"{}",
        b"[]",
        b"null",
        b'{"version":2,"crc32":0,"state":{}}',
        b'{"version":1,"crc32":0,"state":{}}',
        b'{"version":1,"crc32":2745614147,"state":{},"more":1}',
        b'{"version":1,"crc32":2745614147,"state":[]}',
    ],
)
def test_another_file_is_not_taken_for_an_empty_one(memory: TradeMemory, text: bytes) -> None:
    memory.path.write_bytes(text)
    with pytest.raises(DamageError, match=r"trade\.json"):
        memory.load()


@pytest.mark.parametrize("amount", ["NaN", "Infinity", "-Infinity", "sNaN"])
def test_an_amount_that_is_no_number_is_damage(memory: TradeMemory, amount: str) -> None:
    state = b'{"book":{"origin":"x","equity":"%s","day":1}}' % amount.encode()
    text = b'{"version":1,"crc32":%d,"state":%s}' % (zlib.crc32(state), state)
    memory.path.write_bytes(text)
    with pytest.raises(DamageError, match="no number"):
        memory.load()


def test_a_link_or_a_folder_in_its_place_is_damage(memory: TradeMemory, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere.json"
    TradeMemory(tmp_path, QuickOps()).keep(WHOLE)
    (tmp_path / "trade.json").rename(elsewhere)
    memory.path.symlink_to(elsewhere)
    with pytest.raises(DamageError):
        memory.load()
    memory.path.unlink()
    memory.path.mkdir()
    with pytest.raises(DamageError):
        memory.load()


def test_a_disk_that_refuses_leaves_what_was_kept(tmp_path: Path) -> None:
    disk = FullDisk()
    memory = TradeMemory(tmp_path, disk)
    memory.keep(WHOLE)
    disk.full = True
    with pytest.raises(OSError, match="No space"):
        memory.keep(Saved())
    assert memory.load() == WHOLE


def test_a_damaged_file_is_set_aside_to_be_looked_into(memory: TradeMemory) -> None:
    memory.set_aside()
    memory.path.write_bytes(b"?")
    memory.set_aside()
    assert memory.load() == Saved()
    assert (memory.path.parent / "trade.damaged.json").read_bytes() == b"?"
