"""A group: the frames of one commit as one compressed blob with a checksum of its own.

SQLite's integrity check does not see a flipped bit inside a blob; this does. Pure; used by the
journal, filing and bulk imports.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import msgspec
import zstandard

from vectra_player.errors import DamageError
from vectra_player.model.frame import Frame

_DECODER = msgspec.msgpack.Decoder(list[Frame])
_ENCODER = msgspec.msgpack.Encoder()


class Group(NamedTuple):
    """Frames `first_seq`..`last_seq` of a session; `final` says that its derivation ends here."""

    session_id: str
    first_seq: int
    last_seq: int
    raw_bytes: int
    final: int
    crc: int
    blob: bytes

    @property
    def frames(self) -> int:
        """Number of frames."""
        return self.last_seq - self.first_seq + 1


class GroupEncoder:
    """Makes groups; not to be shared by threads."""

    def __init__(self) -> None:
        self._compressor = zstandard.ZstdCompressor(level=1, write_checksum=True)

    def encode(
        self, session_id: str, first_seq: int, frames: Sequence[Frame], *, final: bool = False
    ) -> Group:
        """Pack frames with consecutive seqs into a group."""
        try:
            packed = _ENCODER.encode(frames)
        except UnicodeEncodeError:
            packed = _ENCODER.encode([_without_surrogates(frame) for frame in frames])
        blob = self._compressor.compress(packed)
        last_seq = first_seq + len(frames) - 1
        raw_bytes = sum(len(frame.raw) for frame in frames)
        crc = _checksum(session_id, first_seq, last_seq, final, blob)
        return Group(session_id, first_seq, last_seq, raw_bytes, int(final), crc, blob)


def decode(group: Group) -> list[Frame]:
    """Unpack a group.

    Raises:
        DamageError: it is not what was written.
    """
    expected = _checksum(
        group.session_id, group.first_seq, group.last_seq, bool(group.final), group.blob
    )
    if expected != group.crc:
        raise DamageError("the checksum of a journal group fails")
    try:
        frames = _DECODER.decode(zstandard.ZstdDecompressor().decompress(group.blob))
    except (zstandard.ZstdError, msgspec.DecodeError) as error:
        raise DamageError(f"a journal group cannot be unpacked: {error}") from None
    if len(frames) != group.frames:
        raise DamageError(f"a journal group holds {len(frames)} frames, not {group.frames}")
    return frames


def split(frames: Sequence[Frame], max_frames: int, max_bytes: int) -> Iterator[Sequence[Frame]]:
    """Cut frames into runs for groups; a longer input only changes the last run."""
    start = size = 0
    for index, frame in enumerate(frames):
        if index - start >= max_frames or (index > start and size >= max_bytes):
            yield frames[start:index]
            start, size = index, 0
        size += len(frame.raw)
    if start < len(frames):
        yield frames[start:]


def _checksum(session_id: str, first_seq: int, last_seq: int, final: bool, blob: bytes) -> int:
    header = f"{session_id}/{first_seq}/{last_seq}/{int(final)}"
    return zlib.crc32(blob, zlib.crc32(header.encode()))


def _without_surrogates(frame: Frame) -> Frame:
    # Half a surrogate pair has no UTF-8 form; its JSON escape means the same to a JSON reader.
    return msgspec.structs.replace(
        frame, raw=frame.raw.encode("utf-8", "backslashreplace").decode()
    )
