"""Make what lies in a bucket equal to what is filed here, day by day.

Of each day that differs: its new files are put and read back, then its manifest, then the index
that names it is replaced in one request. A reader sees the day before or the day after. What the
day before held is removed a grace time later. Killed anywhere, the next sync goes on from there:
what was on its way is written down before it is sent.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Final, NamedTuple

from vectra_player.clock import Clock, SystemClock
from vectra_player.errors import DamageError, UsageError
from vectra_player.store.dataset import ATTEMPTS
from vectra_player.store.layout import DataDir
from vectra_player.store.remote import manifest as names
from vectra_player.store.remote.local import Facts, LocalFile, list_day, list_days
from vectra_player.store.remote.manifest import Day, DayManifest, RemoteFile, sha_of
from vectra_player.store.remote.objects import ObjectStore
from vectra_player.store.remote.ownership import Claim, OwnIndex, open_own
from vectra_player.store.remote.place import check_place
from vectra_player.store.remote.removals import deleted_sessions, lost
from vectra_player.store.remote.state import StateFiles

GRACE_S: Final = 3600
"""How long a replaced file stays: longer than a reader that listed it goes on reading."""

_AT_ONCE: Final = 4
_SMALL_BYTES: Final = 16 << 20
"""Files up to this are sent several at a time; a larger one alone, which bounds the memory."""

_SENDS: Final = 3

Progress = Callable[[int], None]


class SyncReport(NamedTuple):
    """What a sync did. Each object that was put was read back and its SHA-256 compared.

    `present`: files that were there already. `removed`: objects of earlier days. `left`: days that
    could not be shipped, with the reason. `requests`: what it asked the storage, by kind.
    """

    store: str
    days: int
    sent: int
    present: int
    removed: int
    bytes: int
    left: dict[str, str]
    requests: dict[str, int]


class SyncOptions(NamedTuple):
    """How to sync.

    `full`: read every object there, and send again what is not as it should be. `allow_removals`:
    let events leave the copy that are gone here though nobody deleted them.
    """

    grace_s: float = GRACE_S
    full: bool = False
    claim: Claim = "own"
    allow_removals: bool = False


_USUAL: Final = SyncOptions()


def sync(
    data_dir: DataDir,
    url: str,
    options: SyncOptions = _USUAL,
    *,
    clock: Clock | None = None,
    progress: Progress = lambda files: None,
    objects: ObjectStore | None = None,
) -> SyncReport:
    """Ship what is filed to an fsspec URL; see the module.

    Raises:
        UsageError: another sync runs, another copy of this directory ships there, a data directory
            lies there, or the storage refuses for good; nothing was changed by this call then.
        RemoteError: the storage fails; what was sent counts for the next call.
        DamageError: what was sent cannot be read back as it was.
    """
    clock = clock or SystemClock()
    objects = objects or ObjectStore(url)
    check_place(data_dir, objects)
    with open_own(data_dir, objects, options.claim, clock) as own:
        return _Sync(data_dir, objects, own, options, clock, progress).run()


class _Sync:
    def __init__(
        self,
        data_dir: DataDir,
        objects: ObjectStore,
        own: OwnIndex,
        options: SyncOptions,
        clock: Clock,
        progress: Progress,
    ) -> None:
        self._data_dir = data_dir
        self._objects = objects
        self._own = own
        self._store = own.index.store
        self._options = options
        self._full = options.full or own.lost
        self._deleted = deleted_sessions(data_dir)
        self._clock = clock
        self._progress = progress
        self._files = StateFiles(data_dir, objects.url)
        self._facts = Facts(self._files.facts())
        self._sent = self._present = self._bytes = 0
        self._left: dict[str, str] = {}

    def run(self) -> SyncReport:
        """Ship every day that differs, then remove what nobody needs any more."""
        days = list_days(self._data_dir)
        explained = self._options.allow_removals or self._deleted
        if not days and self._own.index.days and not explained:
            raise UsageError(
                f"Nothing is filed here, but {len(self._own.index.days):,} days of this store are "
                f"at {self._objects.url}: a sync would remove them.",
                advice="Restore them from a backup, or add --allow-removals if that is meant.",
            )
        try:
            for date in sorted({*days, *self._own.index.days}):
                self._day_while_it_changes(date, days.get(date, []))
            self._forget_unfinished()
            removed = self._remove_retired()
        finally:
            self._files.write_facts(self._facts.now)
        return SyncReport(
            store=self._store,
            days=len(self._own.index.days),
            sent=self._sent,
            present=self._present,
            removed=removed,
            bytes=self._bytes,
            left=self._left,
            requests=dict(self._objects.requests),
        )

    def _day_while_it_changes(self, date: str, files: Sequence[LocalFile]) -> None:
        """Ship a day; one that is compacted meanwhile is listed again."""
        for _ in range(ATTEMPTS):
            try:
                return self._day(date, files)
            except FileNotFoundError:
                files = list_day(self._data_dir, date)
            except DamageError as error:
                # What the bucket holds of the day may be better than what is here.
                self._left[date] = str(error)
                return None
        self._left[date] = "It was exchanged again and again. The next sync ships it."
        return None

    def _day(self, date: str, files: Sequence[LocalFile]) -> None:
        facts = {self._facts.of(file): file for file in files}
        now = names.make_manifest(self._store, date, facts)
        data = names.encode(now)
        entry = Day(sha_of(data), len(data)) if files else None
        before = self._own.index.days.get(date)
        if before == entry and not self._full:
            self._present += len(files)
            return
        had = self._manifest_before(date, before)
        if not self._options.allow_removals and (why := lost(had, now, self._deleted)):
            self._left[date] = why
            return
        there = set() if self._full else {file.sha256 for file in had.files}
        todo = {file: local for file, local in facts.items() if file.sha256 not in there}
        doubted = {*self._own.state.sending, *self._own.index.retired}
        names_ = [names.file_name(self._store, date, file) for file in todo]
        if entry is not None:
            names_.append(names.day_name(self._store, date, entry.sha256))
        self._own.announce(names_)
        self._present += len(files) - len(todo)
        self._deliver(date, todo, doubted)
        if entry is not None:
            self._put(names_[-1], data, entry.sha256, doubted=self._full)
        self._commit(date, entry, had, now)
        self._own.settle(names_)

    def _manifest_before(self, date: str, before: Day | None) -> DayManifest:
        if before is None:
            return DayManifest(self._store, date, ())
        try:
            return self._manifest(date, before)
        except DamageError:
            # Which files it named is not known: each is looked at, and strays are found at the end.
            self._full = True
            return DayManifest(self._store, date, ())

    def _manifest(self, date: str, day: Day) -> DayManifest:
        data = self._objects.read(names.day_name(self._store, date, day.sha256))
        return names.read_manifest(data, self._store, date, day, self._objects.url)

    def _deliver(self, date: str, todo: dict[RemoteFile, LocalFile], doubted: set[str]) -> None:
        """Put files and read them back; small ones several at a time."""

        def deliver(file: RemoteFile) -> bool:
            name = names.file_name(self._store, date, file)
            return self._put_file(name, file, todo[file], self._full or name in doubted)

        small = [file for file in todo if file.size <= _SMALL_BYTES]
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            for file, sent in zip(small, pool.map(deliver, small), strict=True):
                self._count(file, sent)
        for file in todo:
            if file.size > _SMALL_BYTES:
                self._count(file, deliver(file))

    def _count(self, file: RemoteFile, sent: bool) -> None:
        self._sent += sent
        self._present += not sent
        self._bytes += file.size * sent
        self._progress(self._sent + self._present)

    def _put_file(self, name: str, file: RemoteFile, local: LocalFile, doubted: bool) -> bool:
        """Put a file; False where it was there."""
        if doubted and self._objects.holds(name, file.size, file.sha256):
            return False
        data = local.path.read_bytes()
        if sha_of(data) != file.sha256:
            raise DamageError(
                f"{local.path} is not what it was.", advice="Run `vectra-player store check`."
            )
        self._put(name, data, file.sha256, doubted=False)
        return True

    def _put(self, name: str, data: bytes, sha: str, *, doubted: bool) -> None:
        """Put an object and read it back until it is what it should be."""
        if doubted and self._objects.holds(name, len(data), sha):
            return
        for _ in range(_SENDS):
            self._objects.write(name, data)
            if self._objects.holds(name, len(data), sha):
                return
        raise DamageError(
            f"{name} does not come back from {self._objects.url} as it was sent.",
            advice="Look at the storage; the next sync tries again.",
        )

    def _commit(self, date: str, entry: Day | None, had: DayManifest, now: DayManifest) -> None:
        """Let the index name the day as it is now; what only the day before named is retired."""
        index = self._own.index
        before = index.days.get(date)
        gone = {names.file_name(self._store, date, file) for file in had.files}
        kept = {names.file_name(self._store, date, file) for file in now.files}
        if before is not None:
            gone.add(names.day_name(self._store, date, before.sha256))
        days = {day: value for day, value in index.days.items() if day != date}
        if entry is not None:
            kept.add(names.day_name(self._store, date, entry.sha256))
            days[date] = entry
        retired = {**index.retired, **dict.fromkeys(gone, self._now_s())}
        retired = {name: at for name, at in retired.items() if name not in kept}
        if (days, retired) != (index.days, index.retired):
            self._own.commit(days, retired)

    def _forget_unfinished(self) -> None:
        """Remove what a sync that was cut short left and nothing names; retire strays."""
        index = self._own.index
        unfinished = set(self._own.state.sending)
        if not unfinished and not self._full:
            return
        named = self._named(unfinished)
        unneeded = unfinished - named - set(index.retired)
        self._objects.remove(sorted(unneeded))
        self._own.settle(unfinished)
        if not self._full:
            return
        there = {name for name in self._objects.sizes() if names.owner_of(name) == self._store}
        strays = there - named - unneeded - set(index.retired)
        if strays:
            self._own.commit(index.days, {**index.retired, **dict.fromkeys(strays, self._now_s())})

    def _named(self, unfinished: set[str]) -> set[str]:
        """Return the objects that the index needs, of all days or of those that are asked about."""
        found = {names.index_name(self._store)}
        for date, day in self._own.index.days.items():
            if not self._full and not any(date in name for name in unfinished):
                continue
            found.add(names.day_name(self._store, date, day.sha256))
            files = self._manifest(date, day).files
            found |= {names.file_name(self._store, date, file) for file in files}
        return found

    def _remove_retired(self) -> int:
        index, now = self._own.index, self._now_s()
        # A clock that was set back must not keep them for ever.
        due = sorted(
            name
            for name, at in index.retired.items()
            if at > now or now - at >= self._options.grace_s
        )
        if due:
            self._objects.remove(due)
            kept = {name: at for name, at in index.retired.items() if name not in due}
            self._own.commit(index.days, kept)
        return len(due)

    def _now_s(self) -> int:
        return self._clock.now_us() // 1_000_000
