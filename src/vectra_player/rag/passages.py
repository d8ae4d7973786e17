"""A passage: the unit that is embedded, indexed and given back, with where it comes from.

Made by `knowledge` and `recordings`, kept by `index`, answered by `retrieve`. Pure.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from typing import Final, Literal

import msgspec

Collection = Literal["vectra_knowledge", "rugs_events"]
Kind = Literal["knowledge", "definition", "game", "event", "session", "anomaly", "alert", "note"]

KNOWLEDGE: Final = "vectra_knowledge"
EVENTS: Final = "rugs_events"
COLLECTIONS: Final[tuple[Collection, ...]] = (KNOWLEDGE, EVENTS)
"""The collections this product owns; it never touches another one."""

_RULES: Final = re.compile(r"^\|[\s:|-]+\|?[ \t]*$\n?", re.MULTILINE)
_ROW_ENDS: Final = re.compile(r"^\| ?| ?\|$", re.MULTILINE)

MAX_ROWS: Final = 20
"""Row ids a passage names; a summary of more says how many there are."""


class Passage(msgspec.Struct, frozen=True, kw_only=True):
    """One passage. `names`: exact names it explains. `rows`: ids of the rows it rests on.

    A row id is `doc_type/session_id/seq/sub`, which is unique in a store.
    """

    id: str
    collection: Collection
    kind: Kind
    title: str
    text: str
    source: str
    names: tuple[str, ...] = ()
    game_id: str | None = None
    session_id: str | None = None
    event_name: str | None = None
    rows: tuple[str, ...] = ()

    @property
    def embedded(self) -> str:
        """The text a model reads: what only draws a table is left out."""
        return f"{self.title}\n{undrawn(self.text)}"

    @property
    def content_hash(self) -> str:
        """A hash of everything but the id: equal hashes, nothing to write."""
        values = msgspec.structs.astuple(self)[1:]
        return hashlib.blake2b(msgspec.msgpack.encode(values), digest_size=12).hexdigest()

    def metadata(self) -> dict[str, str]:
        """Return where it comes from as flat text, without what is empty."""
        values = {
            "kind": self.kind,
            "title": self.title,
            "source": self.source,
            "names": " ".join(self.names),
            "game_id": self.game_id or "",
            "session_id": self.session_id or "",
            "event_name": self.event_name or "",
            "rows": " ".join(self.rows),
        }
        return {name: value for name, value in values.items() if value}


def undrawn(text: str) -> str:
    """Return a text without what only draws its tables."""
    return _ROW_ENDS.sub("", _RULES.sub("", text)).replace(" | ", ": ")


def row_id(doc_type: str, row: Mapping[str, object]) -> str:
    """Return the id of a row that has `session_id`, `seq` and `sub`."""
    return f"{doc_type}/{row['session_id']}/{row['seq']}/{row['sub']}"
