"""Nothing acknowledged or filed is lost when the power goes, on a disk that honours fsync (D2)."""

from __future__ import annotations

import os
import random
import shutil
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest
from tests.crash.faults import Operated, RecordingOps
from tests.crash.power_loss import Disk, rules
from tests.store_support import DAY_US, SMALL, SMALL_DERIVER, START_US, make_frame, read

from vectra_player.errors import DamageError
from vectra_player.store.fsops import FileOps
from vectra_player.store.groups import decode
from vectra_player.store.journal import Journal, Plan, read_plan
from vectra_player.store.writer import EventStore

LONG = bool(os.environ.get("VECTRA_LONG_FAULTS"))
SETTINGS = msgspec.structs.replace(SMALL, file_frames=40, group_frames=10, retire_s=0.0)
FRAMES = 60


Files = tuple[tuple[str, bytes | None], ...]
"""Names below a root with what the files hold; None for a directory."""


def files_of(root: Path) -> Files:
    """Read a whole tree."""
    return tuple(
        (str(path.relative_to(root)), None if path.is_dir() else path.read_bytes())
        for path in sorted(root.rglob("*"))
    )


class Recorded:
    """One cycle (file twice, compact, stop): every file call, and the journal before each."""

    def __init__(self, root: Path, copies: Path, ops_type: type[RecordingOps]) -> None:
        self.root = root
        self.durable: list[int] = []
        self.journals: list[Path] = []
        self._copies = copies
        self._store: EventStore | None = None
        with EventStore.open(root, settings=SETTINGS, deriver=SMALL_DERIVER):
            pass
        shutil.rmtree(root / "journal")
        (root / "journal").mkdir(mode=0o700)
        self.disk: Callable[[], Disk] = lambda: Disk(copies / "base")
        shutil.copytree(root, copies / "base")
        self.ops = ops_type(self._before)
        self._record()

    def _record(self) -> None:
        with EventStore.open(
            self.root, settings=SETTINGS, deriver=SMALL_DERIVER, ops=self.ops
        ) as store:
            self._store = store
            self.session = store.start_session("demo", "127.0.0.1")
            for number in range(2, FRAMES + 2):
                store.append(make_frame(number, ts=START_US + (number % 2) * DAY_US + number))
                if number % 25 == 0:
                    store.flush()
            store.stop_session("done")
            store.compact()
        self._before(len(self.ops.done))

    def _before(self, number: int) -> None:
        """Copy the journal as it is; between two file calls of the filing nobody writes to it."""
        copy = self._copies / f"journal{number}"
        shutil.copytree(self.root / "journal", copy, ignore=shutil.ignore_patterns("reserve"))
        for shared_memory in copy.glob("*-shm"):
            shared_memory.unlink()
        self.journals.append(copy)
        self.durable.append(self._store.durable_seq if self._store else 0)

    def states(self, number: int, rng: random.Random, target: Path) -> list[Path]:
        """Build what the disk may hold after the first `number` calls, equal states once."""
        disk = self.disk()
        for operation in self.ops.done[:number]:
            disk.apply(self._moved(operation))
        made: dict[Files, Path] = {}
        for index, rule in enumerate(rules(rng).values()):
            root = target / f"{number}-{index}"
            disk.survivors(rule, root)
            files = files_of(root)
            if files in made:
                shutil.rmtree(root)
                continue
            made[files] = root
            shutil.rmtree(root / "journal", ignore_errors=True)
            shutil.copytree(self.journals[number], root / "journal")
        return list(made.values())

    def _moved(self, operation: Operated) -> Operated:
        base = self._copies / "base"
        target = operation.target and base / operation.target.relative_to(self.root)
        return operation._replace(path=base / operation.path.relative_to(self.root), target=target)


def check(root: Path, session: str, durable: int) -> None:
    """Recover a state and compare it with what had been acknowledged."""
    with EventStore.open(root, settings=SETTINGS, deriver=SMALL_DERIVER):
        pass
    rows = read(root, "ws_event")
    seqs = [seq for who, seq, _ in rows if who == session]
    assert seqs == list(range(1, len(seqs) + 1))
    assert len(seqs) >= durable
    ticks = sorted(tick for (tick,) in read(root, "game_tick", "tick"))
    packets = [raw for _, _, raw in rows if raw.startswith("42")]
    assert ticks == list(range(len(packets)))


def run(
    tmp_path: Path, ops_type: type[RecordingOps], stride: int, *, to_the_first_loss: bool = False
) -> Counter[str]:
    """Check the states after every `stride`-th call; return counts."""
    copies = tmp_path / "copies"
    copies.mkdir()
    recorded = Recorded(tmp_path / "data", copies, ops_type)
    rng = random.Random(5)
    counts: Counter[str] = Counter(calls=len(recorded.ops.done))
    for number in range(0, len(recorded.ops.done) + 1, stride):
        for root in recorded.states(number, rng, tmp_path):
            try:
                check(root, recorded.session, recorded.durable[number])
            except AssertionError:
                counts["lost"] += 1
            counts["states"] += 1
            shutil.rmtree(root)
        if to_the_first_loss and counts["lost"]:
            break
    return counts


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_every_prefix_of_the_filing_calls_recovers_whatever_survives(tmp_path: Path) -> None:
    stride = 1 if LONG else 8
    counts = run(tmp_path, RecordingOps, stride)
    assert counts["calls"] > 60
    assert counts["states"] > 2 * counts["calls"] / stride, "hardly a call is uncertain"
    assert counts["lost"] == 0


class NoFileSync(RecordingOps):
    """Forgets to sync files."""

    def fsync(self, path: Path) -> None:
        """Do nothing."""


class NoDirectorySync(RecordingOps):
    """Forgets to sync directories."""

    def fsync_dir(self, path: Path) -> None:
        """Do nothing."""


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("forgetful", [NoFileSync, NoDirectorySync])
def test_the_check_notices_a_forgotten_sync(tmp_path: Path, forgetful: type[RecordingOps]) -> None:
    try:
        lost = run(tmp_path, forgetful, 5, to_the_first_loss=True)["lost"]
    except Exception:
        return
    assert lost > 0


def test_the_journal_survives_a_cut_of_its_log_at_any_byte(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"
    sizes, journal = record_commits(path)
    wal = path.with_name(path.name + "-wal").read_bytes()
    base = path.read_bytes()
    journal.close()
    start = sizes[0][0]
    points = range(start, len(wal) + 1, 1 if LONG else 211)
    for cut in points:
        copy = tmp_path / "cut" / "journal.sqlite"
        copy.parent.mkdir(exist_ok=True)
        copy.write_bytes(base)
        copy.with_name(copy.name + "-wal").write_bytes(wal[:cut])
        durable = max(seq for size, seq in sizes if size <= cut)
        assert frames_of(copy) >= durable, f"cut at {cut}: {durable} acknowledged"
        shutil.rmtree(copy.parent)


def record_commits(path: Path) -> tuple[list[tuple[int, int]], Journal]:
    """Commit groups; return the log's size and the durable seq after each."""
    from vectra_player.store.groups import GroupEncoder

    journal = Journal(path)
    encoder = GroupEncoder()
    sizes = []
    for number in range(12):
        frames = [make_frame(n) for n in range(number * 5, number * 5 + 5)]
        journal.commit([encoder.encode("s", number * 5 + 1, frames)])
        sizes.append((path.with_name(path.name + "-wal").stat().st_size, number * 5 + 5))
    return sizes, journal


def frames_of(path: Path) -> int:
    """Return how many frames a journal gives back, all checksums good."""
    journal = Journal(path)
    journal.close()
    groups = read_plan(path, Plan(0, 1 << 40)).groups
    return sum(len(decode(one.group)) for one in groups)


def test_a_flipped_bit_in_a_group_is_noticed(tmp_path: Path) -> None:
    from vectra_player.store.groups import GroupEncoder

    group = GroupEncoder().encode("s", 1, [make_frame(n) for n in range(20)])
    rng = random.Random(3)
    flips = range(len(group.blob) * 8) if LONG else rng.sample(range(len(group.blob) * 8), 500)
    for bit in flips:
        damaged = bytearray(group.blob)
        damaged[bit // 8] ^= 1 << (bit % 8)
        with pytest.raises(DamageError):
            decode(group._replace(blob=bytes(damaged)))
    for changed in (
        group._replace(session_id="t"),
        group._replace(first_seq=2),
        group._replace(last_seq=21),
        group._replace(final=1),
        group._replace(crc=group.crc ^ 1),
    ):
        with pytest.raises(DamageError):
            decode(changed)


def test_real_file_calls_are_what_the_model_plays() -> None:
    calls = {name for name in vars(FileOps) if not name.startswith("_")}
    assert calls == {
        *("write", "fsync", "fsync_dir", "rename", "exchange", "mkdir", "unlink", "rmdir"),
    }
