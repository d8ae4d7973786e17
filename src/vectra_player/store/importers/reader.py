"""Read files in bounded memory: whole lines of a file, or the elements of a JSON array.

The text of every record stays exactly as it stands in the file. Used by `store.importers` only.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from vectra_player.store.importers.records import MAX_LINE_BYTES, BadLine, Chunk

CHUNK_BYTES = 1 << 20
BOM = b"\xef\xbb\xbf"

_WHITE = re.compile(r"[ \t\r\n,]*")
_JSON = json.JSONDecoder()
_TOO_LONG = f"line over {MAX_LINE_BYTES >> 20} MiB"


def read_lines(path: Path, limit: int | None = None) -> Iterator[Chunk | BadLine]:
    """Yield the file's lines in chunks of about 1 MiB, a line never cut.

    A line over MAX_LINE_BYTES is yielded as a `BadLine` without its bytes. `limit` ends the
    reading after about so many bytes. Raises OSError.
    """
    with path.open("rb") as file:
        head = file.read(len(BOM))
        offset = len(BOM) if head == BOM else 0
        file.seek(offset)
        line, rest = 1, b""
        while limit is None or offset < limit:
            block = file.read(CHUNK_BYTES)
            if not block:
                if rest:
                    yield Chunk(rest, line, offset, complete=False)
                return
            cut = block.rfind(b"\n") + 1
            if cut:
                chunk = Chunk(rest + block[:cut], line, offset)
                yield chunk
                line += chunk.data.count(b"\n")
                offset += len(chunk.data)
                rest = block[cut:]
            else:
                rest += block + file.read(len(rest))  # doubling keeps a long line linear
                whole = rest.rfind(b"\n") + 1
                if whole:
                    chunk = Chunk(rest[:whole], line, offset)
                    yield chunk
                    line += chunk.data.count(b"\n")
                    offset += whole
                    rest = rest[whole:]
                elif len(rest) > MAX_LINE_BYTES:
                    length = len(rest) + _skip_line(file)
                    yield BadLine(line, offset, length, _TOO_LONG, None)
                    line, offset, rest = line + 1, offset + length, b""


def _skip_line(file: IO[bytes]) -> int:
    """Read on to the end of a line and return the number of bytes passed."""
    passed = 0
    while block := file.readline(CHUNK_BYTES):
        passed += len(block)
        if block.endswith(b"\n"):
            break
    return passed


def split_lines(chunk: Chunk) -> Iterator[tuple[int, int, bytes]]:
    """Yield line number, byte offset and bytes (without the newline) of each line."""
    offset = chunk.offset
    lines = chunk.data.split(b"\n")
    if not lines[-1]:
        lines.pop()
    for number, text in enumerate(lines, chunk.line):
        yield number, offset, text.removesuffix(b"\r")
        offset += len(text) + 1


def read_elements(path: Path, limit: int | None = None) -> Iterator[Chunk | BadLine]:
    """Yield each element of a top-level JSON array as a chunk of its own, text unchanged.

    What does not parse ends the array: the rest up to the end of the file is one bad line.
    Raises OSError.
    """
    with path.open("rb") as file:
        window = _Window(file)
        if not window.skip_to_array():
            return
        while limit is None or window.offset < limit:
            element = window.next_element()
            if element is None:
                return
            yield element
            if isinstance(element, BadLine):
                return


class _Window:
    """The part of a file that is in memory, as text; `offset` and `line` are those of `_pos`."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._text = ""
        self._pos = 0
        self._ended = False
        self.offset = 0
        self.line = 1

    def skip_to_array(self) -> bool:
        """Pass the opening bracket; false when there is none."""
        self._fill()
        start = len(self._text) - len(self._text.lstrip("\ufeff \t\r\n"))
        if self._text[start : start + 1] != "[":
            return False
        self._advance(start + 1)
        return True

    def next_element(self) -> Chunk | BadLine | None:
        """Return the next element, or None after the last."""
        while True:
            match = _WHITE.match(self._text, self._pos)
            self._advance(match.end() if match else self._pos)
            if self._pos == len(self._text):
                if not self._fill():
                    return BadLine(self.line, self.offset, 0, "array is not closed", b"")
                continue
            if self._text[self._pos] == "]":
                return None
            end = self._element_end()
            if end is not None:
                chunk = Chunk(_bytes(self._text[self._pos : end]), self.line, self.offset)
                self._advance(end)
                return chunk
            if len(self._text) - self._pos > MAX_LINE_BYTES or not self._fill():
                return self._rest()

    def _element_end(self) -> int | None:
        try:
            _, end = _JSON.raw_decode(self._text, self._pos)
        except (ValueError, RecursionError):
            return None
        return end if end < len(self._text) or self._ended else None

    def _rest(self) -> BadLine:
        data = _bytes(self._text[self._pos :])
        return BadLine(self.line, self.offset, len(data), "array element does not parse", data)

    def _advance(self, end: int) -> None:
        passed = self._text[self._pos : end]
        self.line += passed.count("\n")
        self.offset += len(_bytes(passed))
        self._pos = end

    def _fill(self) -> bool:
        """Double what is in memory; false at the end of the file."""
        held = self._text[self._pos :]
        block = self._file.read(max(CHUNK_BYTES, len(held)))
        while block and _cut_character(block):
            more = self._file.read(1)
            if not more:
                break
            block += more
        self._ended = not block
        self._text, self._pos = held + block.decode("utf-8", "surrogateescape"), 0
        return bool(block)


def _cut_character(block: bytes) -> bool:
    """Tell whether the block ends inside a UTF-8 character."""
    for back in range(1, min(4, len(block)) + 1):
        byte = block[-back]
        if byte & 0xC0 == 0x80:
            continue
        need = 4 if byte >= 0xF0 else 3 if byte >= 0xE0 else 2 if byte >= 0xC0 else 1
        return need > back
    return False


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")
