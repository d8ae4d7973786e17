"""Deleting a session, or everything of one player, from every row of the store.

A player's own events go; where others' events (leaderboards, game histories) name the player, the
id and the name are replaced by a meaningless one. Derived rows are made again from what is left.
Used by `cli` (`store delete`).
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from vectra_player.errors import UsageError
from vectra_player.model.rows import DOC_TYPES
from vectra_player.store.check_rows import DELETIONS_FILE, Deletion, read_deletions
from vectra_player.store.days import (
    DayReplacer,
    day_files,
    exclusive,
    sessions_in,
    without_sessions,
)
from vectra_player.store.derivation import Deriver
from vectra_player.store.episodes import DOC_TYPE, without_players
from vectra_player.store.fsops import FileOps, replace_file
from vectra_player.store.journal import Journal
from vectra_player.store.layout import DataDir
from vectra_player.store.pseudonyms import replace_names
from vectra_player.store.reads import record_key
from vectra_player.store.rebuild import mark_pending, rebuild_held

_JSON = re.compile(r"[\[{]")


class DeleteReport(NamedTuple):
    """What went: rows removed by doc type, events whose text was masked, sessions derived anew."""

    removed: dict[str, int]
    masked: int
    sessions: list[str]


def delete_session(data_dir: DataDir, session_id: str) -> DeleteReport:
    """Remove every row of a session.

    Raises:
        StoreLockedError: a recorder is running.
        UsageError: events wait in the journal, or there is no such session.
    """
    with exclusive(data_dir):
        days = DayReplacer(data_dir, "delete")
        removed: dict[str, int] = {}
        touched = []
        for doc_type in DOC_TYPES:
            for date, paths in day_files(data_dir, doc_type).items():
                if not any(session_id in sessions_in(path) for path in paths):
                    continue
                touched.append((doc_type, date))
                for path in paths:
                    gone = days.keep(
                        doc_type, date, path, lambda table: without_sessions(table, [session_id])
                    )
                    removed[doc_type] = removed.get(doc_type, 0) + gone
        if not touched:
            days.discard()
            raise UsageError(
                f"There is no session {session_id}.", advice="`vectra-player sessions` lists them."
            )
        # Before it goes, so that a copy of the store may follow.
        _record(data_dir, [session_id], {}, {})
        days.exchange(touched)
        _forget(data_dir, session_id)
    return DeleteReport(removed, 0, [session_id])


def delete_player(
    data_dir: DataDir,
    *,
    player_id: str | None = None,
    username: str | None = None,
    deriver: Deriver | None = None,
) -> DeleteReport:
    """Remove a player's events and episodes, and mask the player everywhere else.

    Given an id, the names that stand beside it anywhere are masked too.

    Raises:
        StoreLockedError: a recorder is running.
        UsageError: neither id nor name given, or events wait in the journal.
    """
    if not player_id and not username:
        raise UsageError("Whom?", advice="Give --player ID or --username NAME.")
    with exclusive(data_dir):
        names = _names_of(data_dir, player_id) if player_id else set()
        eraser = _Eraser(data_dir, player_id, username, names)
        eraser.run()
        sessions = sorted(eraser.sessions)
        removed = {"ws_event": sum(len(seqs) for seqs in eraser.deleted.values())}
        if eraser.episodes:
            removed[DOC_TYPE] = eraser.episodes
        if sessions:
            rebuild_held(data_dir, sessions, deriver=deriver)
    return DeleteReport(removed, eraser.masked, sessions)


class _Eraser:
    """One pass over all ws_event files."""

    def __init__(
        self, data_dir: DataDir, player_id: str | None, username: str | None, names: set[str]
    ) -> None:
        self._data_dir = data_dir
        self._player_id = player_id
        self._username = username
        self._id_stand_in = _id_stand_in(player_id or "")
        self._name_stand_in = f"deleted_{secrets.token_hex(4)}"
        self._names_meant = names | {username or ""} - {""}
        self._masked_names = {_quoted(name)[1:-1] for name in names | {username or ""}} - {""}
        self.sessions: set[str] = set()
        self.deleted: dict[str, list[int]] = {}
        self.originals: dict[str, list[str]] = {}
        self.masked = 0
        self.episodes = 0

    def run(self) -> None:
        """Rewrite the days that name the player."""
        days = DayReplacer(self._data_dir, "delete")
        episodes = self._erase_episodes(days)
        touched = []
        for date, paths in day_files(self._data_dir, "ws_event").items():
            named = [path for path in paths if self._names(path)]
            if not named:
                continue
            touched.append(("ws_event", date))
            for path in paths:
                days.keep("ws_event", date, path, self._erase if path in named else _unchanged)
        if touched:
            # Should this process die, `store check` finds derived rows of what is gone.
            _record(self._data_dir, self.sessions, self.deleted, self.originals)
            mark_pending(self._data_dir, touched, FileOps())
        # Episodes first: they are found by the player's name in the events.
        days.exchange([*episodes, *touched])

    def _erase_episodes(self, days: DayReplacer) -> list[tuple[str, str]]:
        """Stage the days of episodes without the player's; a rebuild does not make those."""
        touched = []
        for date, paths in day_files(self._data_dir, DOC_TYPE).items():
            tables = {path: pq.read_table(path, partitioning=None) for path in paths}
            left = {path: self._without_player(table) for path, table in tables.items()}
            gone = sum(tables[path].num_rows - left[path].num_rows for path in paths)
            if gone:
                touched.append((DOC_TYPE, date))
                self.episodes += gone
                for path in paths:
                    days.put_table(DOC_TYPE, date, path.name, left[path])
        return touched

    def _without_player(self, table: pa.Table) -> pa.Table:
        return without_players(table, player_id=self._player_id, names=self._names_meant)

    def _names(self, path: Path) -> bool:
        table = pq.read_table(path, columns=["raw", "player_id", "username"], partitioning=None)
        return bool(pc.any(self._own(table)).as_py()) or any(
            self._mask(str(raw)) != raw for raw in table.column("raw").to_pylist()
        )

    def _own(self, table: pa.Table) -> Any:
        mine: Any = pa.chunked_array([pa.array([False] * table.num_rows, pa.bool_())])
        for name, value in (("player_id", self._player_id), ("username", self._username)):
            if value:
                equal: Any = pc.equal(table.column(name), pa.scalar(value))
                mine = pc.or_(mine, pc.fill_null(equal, False))
        return mine

    def _erase(self, table: pa.Table) -> pa.Table:
        own = self._own(table)
        for row in table.filter(own).select(["session_id", "seq", "raw"]).to_pylist():
            self.deleted.setdefault(row["session_id"], []).append(row["seq"])
            self._note(row["session_id"], row["raw"])
        rest = table.filter(pc.invert(own))
        raws, sizes = [], []
        for raw, size, session in zip(
            rest.column("raw").to_pylist(),
            rest.column("size_bytes").to_pylist(),
            rest.column("session_id").to_pylist(),
            strict=True,
        ):
            masked = self._mask(str(raw))
            if masked != raw:
                self.masked += 1
                self._note(str(session), str(raw))
                size = len(masked.encode())
            raws.append(masked)
            sizes.append(size)
        for name, values in (("raw", raws), ("size_bytes", sizes)):
            index = rest.schema.get_field_index(name)
            field = rest.schema.field(index)
            rest = rest.set_column(index, field, pa.array(values, field.type))
        return rest

    def _note(self, session_id: str, raw: str) -> None:
        self.sessions.add(session_id)
        self.originals.setdefault(session_id, []).append(record_key(raw).hex())

    def _mask(self, raw: str) -> str:
        if self._player_id:
            raw = raw.replace(self._player_id, self._id_stand_in)
        if any(name in raw for name in self._masked_names):
            raw = replace_names(raw, self._masked_name)
        return raw

    def _masked_name(self, name: str) -> str:
        return self._name_stand_in if name in self._masked_names else name


def _id_stand_in(player_id: str) -> str:
    prefix = "did:privy:" if player_id.startswith("did:privy:") else ""
    return prefix + "deleted" + secrets.token_hex(9)


def _quoted(name: str) -> str:
    return msgspec.json.encode(name).decode()


def _names_of(data_dir: DataDir, player_id: str) -> set[str]:
    """Return the names that stand beside an id in any event."""
    found: set[str] = set()
    for paths in day_files(data_dir, "ws_event").values():
        for path in paths:
            raws = pq.read_table(path, columns=["raw"], partitioning=None).column("raw")
            for raw in raws.to_pylist():
                if player_id in str(raw):
                    found.update(_names_beside(str(raw), player_id))
    return found


def _names_beside(raw: str, player_id: str) -> Iterator[str]:
    start = _JSON.search(raw)
    try:
        waiting = [msgspec.json.decode(raw[start.start() :])] if start else []
    except (ValueError, RecursionError):
        return
    while waiting:
        value = waiting.pop()
        if isinstance(value, list):
            waiting.extend(value)
        elif isinstance(value, dict):
            waiting.extend(value.values())
            name = value.get("username")
            if player_id in (value.get("id"), value.get("playerId")) and isinstance(name, str):
                yield name


def _unchanged(table: pa.Table) -> pa.Table:
    return table


def _record(
    data_dir: DataDir,
    sessions: Iterable[str],
    seqs: Mapping[str, Sequence[int]],
    records: Mapping[str, Sequence[str]],
) -> None:
    known = {one.session_id: one for one in read_deletions(data_dir)}
    for session_id in sessions:
        entry = known.setdefault(session_id, Deletion(session_id, []))
        entry.seqs = sorted({*entry.seqs, *seqs.get(session_id, ())})
        entry.records += records.get(session_id, ())
    text = msgspec.json.encode(list(known.values()))
    replace_file(FileOps(), data_dir.manifests / DELETIONS_FILE, text)


def _forget(data_dir: DataDir, session_id: str) -> None:
    if not data_dir.journal_file.exists():
        return
    journal = Journal(data_dir.journal_file)
    try:
        journal.commit([], [lambda one: one.forget_session(session_id)])
    finally:
        journal.close()
