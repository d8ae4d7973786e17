"""How the index stands: what it holds, by which model, and what it does not know yet.

Reads the seal, the checkpoint and how far the recordings go; loads neither Chroma nor the model.
Called by `cli`, `mcp` and the dashboard.
"""

from __future__ import annotations

from importlib.util import find_spec

import msgspec

from vectra_player.errors import DamageError
from vectra_player.rag import checkpoint, corpus, seal
from vectra_player.rag.embedder import MODEL_ID
from vectra_player.rag.extra import PACKAGES
from vectra_player.rag.place import IndexPlace
from vectra_player.store import summaries
from vectra_player.store.layout import DataDir
from vectra_player.store.reads import StoreReader


class IndexStatus(msgspec.Struct, frozen=True, kw_only=True):
    """The index of a data directory. `state`: ready, stale, missing or damaged; `reason` says why.

    `new_sessions` and `new_events` are recorded but not looked at; `removed_sessions` are gone.
    `built_at` in microseconds UTC.
    """

    state: str
    reason: str | None
    built_at: int | None
    model_id: str | None
    origins: str | None
    passages: dict[str, int]
    new_sessions: int
    new_events: int
    removed_sessions: int
    pages_changed: bool
    bytes: int
    missing_packages: list[str]


def index_status(data_dir: DataDir, model_id: str = MODEL_ID) -> IndexStatus:
    """Return how the index stands."""
    place = IndexPlace(data_dir)
    noted = checkpoint.read(data_dir)
    with StoreReader(data_dir.root) as reader:
        marks = summaries.session_marks(reader)
    seen = noted.sessions if noted else {}
    behind = {name: seq - seen.get(name, 0) for name, seq in marks.items()}
    pages_changed = noted is not None and corpus.fingerprint(corpus.pages()) != noted.pages
    new_events = sum(count for count in behind.values() if count > 0)
    removed = len(seen.keys() - marks.keys())
    state, reason = _state(place, noted, model_id)
    if state == "ready" and (new_events or removed or pages_changed):
        state, reason = "stale", _stale(new_events, removed, pages_changed)
    held = None if state == "missing" else noted
    return IndexStatus(
        state=state,
        reason=reason,
        built_at=held.built_at if held else None,
        model_id=held.model_id if held else None,
        origins=held.origins if held else None,
        passages={name: len(found) for name, found in held.passages.items()} if held else {},
        new_sessions=len(marks.keys() - seen.keys()),
        new_events=new_events,
        removed_sessions=removed,
        pages_changed=pages_changed,
        bytes=place.size(),
        missing_packages=[name for name in PACKAGES if find_spec(name) is None],
    )


def _state(
    place: IndexPlace, noted: checkpoint.Checkpoint | None, model_id: str
) -> tuple[str, str | None]:
    sealed = seal.read(place.folder)
    if sealed is None:
        there = place.folder.is_dir() and any(place.folder.iterdir())
        return ("damaged", "it was not finished") if there else ("missing", None)
    try:
        seal.check(place.folder, sealed)
    except DamageError as error:
        return "damaged", error.message
    if sealed.model_id != model_id:
        return "stale", f"it was made by another model, {sealed.model_id}"
    if noted is None or noted.build_id != sealed.build_id:
        return "stale", "its checkpoint is of another build"
    return "ready", None


def _stale(events: int, removed: int, pages: bool) -> str:
    parts = []
    if events:
        parts.append(f"{events:,} recorded events are newer")
    if removed:
        parts.append(f"{removed:,} sessions were deleted since")
    if pages:
        parts.append("pages changed")
    return ", ".join(parts)
