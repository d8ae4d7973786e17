"""What a recorder says lies in a bucket: an index of days, a manifest a day. Pure.

```
<prefix>/stores/<store>/index.json                the one object that is ever replaced
<prefix>/stores/<store>/days/<date>-<hash>.json   the manifest of a day, named by its content
<prefix>/events_parquet/doc_type=<t>/date=<d>/<store>-<hash>.parquet
```

Names follow from what the index and the manifests say, so nothing in a bucket can lead anywhere
else. What came from a storage is checked as it is decoded.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import re
from collections.abc import Iterable
from typing import Annotated, Final, Literal, TypeVar

import msgspec

from vectra_player.errors import DamageError, StoreVersionError
from vectra_player.model.rows import DOC_TYPES

LAYOUT: Final = "vectra-remote-1"
STORES: Final = "stores"
EVENTS: Final = "events_parquet"

_STORE: Final = r"[0-9a-f]{16}"
_HASH_CHARS: Final = 32
"""Of a SHA-256 in a name: 128 bits. The whole one stands in index and manifest."""

StoreId = Annotated[str, msgspec.Meta(pattern=rf"^{_STORE}\Z")]
Sha = Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{64}\Z")]
Count = Annotated[int, msgspec.Meta(ge=0)]
Date = Annotated[str, msgspec.Meta(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}\Z")]

D = TypeVar("D")


class RemoteFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One Parquet file of a day. `first_ts`, `last_ts`: microseconds, both included."""

    doc_type: str
    sha256: Sha
    size: Count
    rows: Count
    first_ts: int
    last_ts: int
    sessions: tuple[str, ...]


class DayManifest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Every file of one UTC day of one store."""

    store: StoreId
    date: Date
    files: tuple[RemoteFile, ...]


class Day(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A day in the index: the SHA-256 and size of its manifest."""

    sha256: Sha
    size: Count


class Index(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What belongs to one store now.

    `serial` counts the replacements. `retired`: objects of earlier days, with the second since the
    epoch, by the recorder's clock, at which they left; they stay for those who read them then.
    """

    store: StoreId
    serial: int
    days: dict[Date, Day]
    retired: dict[str, int]
    layout: Literal["vectra-remote-1"] = "vectra-remote-1"


def index_name(store: str) -> str:
    """Return the name of a store's index."""
    return f"{STORES}/{store}/index.json"


def day_name(store: str, date: str, sha256: str) -> str:
    """Return the name of a day's manifest."""
    return f"{STORES}/{store}/days/{date}-{sha256[:_HASH_CHARS]}.json"


def file_name(store: str, date: str, file: RemoteFile) -> str:
    """Return the name of a Parquet file."""
    folder = f"{EVENTS}/doc_type={file.doc_type}/date={date}"
    return f"{folder}/{store}-{file.sha256[:_HASH_CHARS]}.parquet"


_OBJECT: Final = re.compile(
    rf"{STORES}/(?P<a>{_STORE})/index\.json"
    rf"|{STORES}/(?P<b>{_STORE})/days/\d{{4}}-\d\d-\d\d-[0-9a-f]{{{_HASH_CHARS}}}\.json"
    rf"|{EVENTS}/doc_type=\w+/date=\d{{4}}-\d\d-\d\d/(?P<c>{_STORE})-[0-9a-f]{{{_HASH_CHARS}}}\.parquet",
    re.ASCII,
)


def owner_of(name: str) -> str | None:
    """Return the store an object belongs to by its name; None for an object that is not ours."""
    found = _OBJECT.fullmatch(name)
    return None if found is None else found["a"] or found["b"] or found["c"]


def is_store(name: str) -> bool:
    """Say whether a folder under `stores/` has the name of a store."""
    return re.fullmatch(_STORE, name) is not None


def make_manifest(store: str, date: str, files: Iterable[RemoteFile]) -> DayManifest:
    """Build a day's manifest: the same files give the same bytes."""
    ordered = sorted(files, key=lambda file: (file.doc_type, file.first_ts, file.sha256))
    return DayManifest(store, date, tuple(ordered))


def encode(value: Index | DayManifest) -> bytes:
    """Return the bytes of an index or a manifest."""
    return msgspec.json.encode(value, order="deterministic")


def sha_of(data: bytes | memoryview) -> str:
    """Return the SHA-256 of bytes."""
    return hashlib.sha256(data).hexdigest()


def read_index(data: bytes, store: str, url: str) -> Index:
    """Decode the index of a store.

    Raises:
        StoreVersionError: a newer version wrote it.
        DamageError: it is not what a recorder wrote, or names what is not of this store: a sync
            removes what it names.
    """
    what = f"The index of store {store} at {url}"
    index = _decoded(data, Index, what)
    if index.store != store:
        raise damaged(what, f"it is of store {index.store}")
    if not all(map(_is_date, index.days)):
        raise damaged(what, "it names a day that is none")
    for name in index.retired:
        if owner_of(name) != store or name == index_name(store):
            raise damaged(what, f"it retires {name!r}, which is no object of its own")
    return index


def read_manifest(data: bytes | None, store: str, date: str, day: Day, url: str) -> DayManifest:
    """Decode the manifest of a day whose hash the index gives.

    Raises:
        DamageError: it is missing or not what the recorder wrote.
    """
    what = f"The manifest of {date} of store {store} at {url}"
    if data is None:
        raise damaged(what, "it is missing")
    if sha_of(data) != day.sha256:
        raise damaged(what, "its hash is another")
    manifest = _decoded(data, DayManifest, what)
    if (manifest.store, manifest.date) != (store, date) or not _is_date(date):
        raise damaged(what, "it is of another day or store")
    if unknown := {file.doc_type for file in manifest.files} - set(DOC_TYPES):
        raise StoreVersionError(
            f"{what} names tables this version does not know: {', '.join(sorted(unknown))}.",
            advice="Update vectra-player.",
        )
    return manifest


def _decoded(data: bytes, kind: type[D], what: str) -> D:
    try:
        layout = msgspec.json.decode(data, type=_Layout).layout
        if layout is not None and layout != LAYOUT:
            raise StoreVersionError(
                f"{what} has layout {layout!r}.", advice="Update vectra-player."
            )
        return msgspec.json.decode(data, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise damaged(what, str(error)) from error


class _Layout(msgspec.Struct):
    layout: str | None = None


def _is_date(text: str) -> bool:
    try:
        dt.date.fromisoformat(text)
    except ValueError:
        return False
    return True


def damaged(what: str, why: str) -> DamageError:
    """Return the error for something in a bucket that is not as it was put there."""
    return DamageError(
        f"{what} is damaged: {why}.",
        advice="Run `vectra-player store sync --full` where it was recorded: that mends it.",
    )
