"""What was recorded of games with a revealed seed, as columns: everything a check compares with.

Comes from a store or from a file of history entries. Used by `fairness.verify` and the proof page.
Only independent observations are in it: a price that derivation computed from the seed is left out.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from vectra_player.errors import UsageError
from vectra_player.store import observations
from vectra_player.store.reads import Origins, StoreReader

UNKNOWN = -1
"""A tick or time nobody saw."""

CHUNK_GAMES = 10_000
"""Games read at a time: their prices take about 16 MB."""


class Claim(NamedTuple):
    """One game as recorded; what is not known is None, or an empty series.

    published: prices as the history entry or the game's own frames told them, rug price last; NaN
    where one is missing. ticks: (tick, price) pairs heard while the game ran.
    other_hash: a hash other than the revealed one that was shown before the reveal.
    seen_at: when the revealed hash was first shown. decided_at: rug or reveal, whichever was first.
    Both in microseconds. rebuilt: the entry had no prices.
    """

    game_id: str
    version: str | None
    seed: str
    hash: str | None
    peak: float | None = None
    rug_tick: int | None = None
    rug_price: float | None = None
    published: tuple[float, ...] = ()
    ticks: tuple[tuple[int, float], ...] = ()
    other_hash: str | None = None
    seen_at: int | None = None
    decided_at: int | None = None
    rebuilt: bool = False
    is_real: bool = True


class Span(NamedTuple):
    """Revealed games from one id to another, both included, and how many those are."""

    first: str
    last: str
    games: int


@dataclass(frozen=True)
class Evidence:
    """Claims as columns. Claim k has published[published_offsets[k]:published_offsets[k+1]].

    The same holds for ticks and tick_prices with tick_offsets. NaN and UNKNOWN stand for None.
    """

    game_ids: list[str]
    versions: list[str | None]
    seeds: list[str]
    hashes: list[str | None]
    other_hashes: list[str | None]
    peaks: npt.NDArray[np.float64]
    rug_ticks: npt.NDArray[np.int64]
    rug_prices: npt.NDArray[np.float64]
    published_offsets: npt.NDArray[np.int64]
    published: npt.NDArray[np.float64]
    tick_offsets: npt.NDArray[np.int64]
    ticks: npt.NDArray[np.int64]
    tick_prices: npt.NDArray[np.float64]
    seen_at: npt.NDArray[np.int64]
    decided_at: npt.NDArray[np.int64]
    rebuilt: npt.NDArray[np.bool_]
    is_real: npt.NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.game_ids)

    def claim(self, index: int) -> Claim:
        """Return one claim by itself."""
        first, last = (int(k) for k in self.published_offsets[index : index + 2])
        begin, end = (int(k) for k in self.tick_offsets[index : index + 2])
        heard = zip(self.ticks[begin:end].tolist(), self.tick_prices[begin:end].tolist())  # noqa: B905
        return Claim(
            game_id=self.game_ids[index],
            version=self.versions[index],
            seed=self.seeds[index],
            hash=self.hashes[index],
            peak=_known_number(self.peaks[index]),
            rug_tick=_known_whole(self.rug_ticks[index]),
            rug_price=_known_number(self.rug_prices[index]),
            published=tuple(self.published[first:last].tolist()),
            ticks=tuple(heard),
            other_hash=self.other_hashes[index],
            seen_at=_known_whole(self.seen_at[index]),
            decided_at=_known_whole(self.decided_at[index]),
            rebuilt=bool(self.rebuilt[index]),
            is_real=bool(self.is_real[index]),
        )


def pack(claims: Sequence[Claim]) -> Evidence:
    """Lay claims out as columns."""
    return Evidence(
        game_ids=[claim.game_id for claim in claims],
        versions=[claim.version for claim in claims],
        seeds=[claim.seed for claim in claims],
        hashes=[claim.hash for claim in claims],
        other_hashes=[claim.other_hash for claim in claims],
        peaks=_numbers(claim.peak for claim in claims),
        rug_ticks=_wholes(claim.rug_tick for claim in claims),
        rug_prices=_numbers(claim.rug_price for claim in claims),
        published_offsets=_offsets([len(claim.published) for claim in claims]),
        published=np.asarray([price for claim in claims for price in claim.published], np.float64),
        tick_offsets=_offsets([len(claim.ticks) for claim in claims]),
        ticks=np.asarray([tick for claim in claims for tick, _ in claim.ticks], np.int64),
        tick_prices=np.asarray([price for claim in claims for _, price in claim.ticks], np.float64),
        seen_at=_wholes(claim.seen_at for claim in claims),
        decided_at=_wholes(claim.decided_at for claim in claims),
        rebuilt=np.asarray([claim.rebuilt for claim in claims], np.bool_),
        is_real=np.asarray([claim.is_real for claim in claims], np.bool_),
    )


def from_store(
    reader: StoreReader, origins: Origins = "real", game_ids: Sequence[str] | None = None
) -> Iterator[Evidence]:
    """Read revealed games of a store in order of id, some thousands at a time.

    A game of which sessions say different things has a claim for each.
    """
    for span in spans_of(reader, origins, game_ids):
        yield evidence_between(reader, span, origins)


def spans_of(
    reader: StoreReader, origins: Origins = "real", game_ids: Sequence[str] | None = None
) -> list[Span]:
    """Divide the revealed games of a store, in order of id, into what is read at a time."""
    revealed = observations.revealed_ids(reader, origins)
    if game_ids is not None:
        wanted = set(game_ids)
        return [Span(name, name, 1) for name in revealed if name in wanted]
    parts = (
        revealed[start : start + CHUNK_GAMES] for start in range(0, len(revealed), CHUNK_GAMES)
    )
    return [Span(part[0], part[-1], len(part)) for part in parts]


def evidence_of(reader: StoreReader, game_id: str, origins: Origins = "real") -> Evidence:
    """Read one game of a store; without claims where its seed is not recorded."""
    return evidence_between(reader, Span(game_id, game_id, 1), origins)


def evidence_between(reader: StoreReader, span: Span, origins: Origins = "real") -> Evidence:
    """Read a span of revealed games."""
    first, last, _ = span
    table: Any = observations.claims(reader, first, last, origins)
    keys = _keys(table)
    heard: Any = observations.heard_ticks(reader, first, last, origins)
    rebuilt = table.column("rebuilt").to_numpy(zero_copy_only=False)
    published_offsets, published = _published(table, rebuilt)
    tick_offsets, order = _by_claim(keys, _keys(heard))
    hashes = table.column("server_seed_hash").to_pylist()
    shown = _shown_hashes(reader, table, keys, first, last, origins)
    return Evidence(
        game_ids=table.column("game_id").to_pylist(),
        versions=table.column("game_version").to_pylist(),
        seeds=table.column("server_seed").to_pylist(),
        hashes=hashes,
        other_hashes=[
            next((other for other, at in seen.items() if at is not None and other != told), None)
            for told, seen in zip(hashes, shown, strict=True)
        ],
        peaks=table.column("peak").to_numpy(),
        rug_ticks=np.where(rebuilt, UNKNOWN, _integers(table, "rug_tick")),
        rug_prices=np.where(rebuilt, np.nan, table.column("rug_price").to_numpy()),
        published_offsets=published_offsets,
        published=published,
        tick_offsets=tick_offsets,
        ticks=_integers(heard, "tick")[order],
        tick_prices=heard.column("price").to_numpy()[order],
        seen_at=_wholes(
            seen.get(told) if told else None for told, seen in zip(hashes, shown, strict=True)
        ),
        decided_at=_integers(table, "decided_at"),
        rebuilt=rebuilt,
        is_real=table.column("is_real").to_numpy(zero_copy_only=False),
    )


def _published(
    table: Any, rebuilt: npt.NDArray[np.bool_]
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float64]]:
    series = table.column("prices").combine_chunks()
    series = pc.if_else(pa.array(rebuilt), pa.scalar(None, series.type), series)
    lengths = pc.fill_null(pc.list_value_length(series), 0).to_numpy()
    flat = pc.fill_null(series.flatten(), math.nan)
    return _offsets(lengths), flat.to_numpy()


def _by_claim(keys: Any, heard: Any) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Return offsets of each claim's ticks, and the order that puts them there.

    Several claims of one game have the same ticks.
    """
    names = pc.unique(keys)
    found = np.asarray(pc.fill_null(pc.index_in(heard, value_set=names), UNKNOWN), np.int64)
    order = np.argsort(found, kind="stable")
    bounds = np.searchsorted(found[order], np.arange(len(names) + 1))
    claims = pc.index_in(keys, value_set=names).to_pylist()
    parts = [order[bounds[name] : bounds[name + 1]] for name in claims]
    joined = np.concatenate([np.empty(0, np.int64), *parts])
    return _offsets([len(part) for part in parts]), joined.astype(np.int64)


def _shown_hashes(
    reader: StoreReader, table: Any, keys: Any, first: str, last: str, origins: Origins
) -> list[dict[str, int | None]]:
    """Return for each claim the hashes shown for its game, each with when it was first shown."""
    found: dict[str, dict[str, int | None]] = {}
    _note(found, observations.announced_hashes(reader, first, last, origins))
    watched = table.column("watched").to_pylist()
    told = table.column("server_seed_hash").to_pylist()
    names: list[str] = keys.to_pylist()
    unseen = [
        key
        for key, hash_, is_watched in zip(names, told, watched, strict=True)
        if is_watched and found.get(key, {}).get(hash_) is None
    ]
    if unseen:
        ids = [key.rpartition("/")[0] for key in unseen]
        _note(found, observations.hashes_in_frames(reader, ids, origins))
    return [found.get(key, {}) for key in names]


def _note(found: dict[str, dict[str, int | None]], table: Any) -> None:
    rows = zip(
        _keys(table).to_pylist(),
        table.column("hash").to_pylist(),
        table.column("first_seen").to_pylist(),
        strict=True,
    )
    for key, hash_, first_seen in rows:
        seen = found.setdefault(key, {})
        earlier = seen.get(hash_)
        seen[hash_] = min((at for at in (earlier, first_seen) if at is not None), default=None)


class UnreadableRecord(msgspec.Struct, frozen=True):
    """A line of a file that is no history entry."""

    line: int
    reason: str


@dataclass(frozen=True)
class FileEvidence:
    """What a file of history entries holds."""

    evidence: Evidence
    unrevealed: tuple[str, ...] = ()
    unfinished: tuple[str, ...] = ()
    unreadable: tuple[UnreadableRecord, ...] = ()

    def only(self, game_ids: Sequence[str]) -> FileEvidence:
        """Return what the file says of these games; what it cannot say of any is left out."""
        names, whole = set(game_ids), self.evidence
        claims = [whole.claim(k) for k in range(len(whole)) if whole.game_ids[k] in names]
        return FileEvidence(
            pack(claims),
            tuple(name for name in self.unrevealed if name in names),
            tuple(name for name in self.unfinished if name in names),
        )


class _Fair(msgspec.Struct, rename="camel"):
    server_seed: str | None = None
    server_seed_hash: str | None = None


class _Entry(msgspec.Struct, rename="camel"):
    id: str
    prices: list[float | None] | None = None
    peak_multiplier: float | None = None
    rugged: bool | None = None
    provably_fair: _Fair | None = None
    game_version: str | None = None


_ENTRY = msgspec.json.Decoder(_Entry)


def from_file(path: Path) -> FileEvidence:
    """Read a file of `gameHistory` entries, one JSON object a line.

    Raises UsageError where there is no such file or it has no entry at all.
    """
    if not path.is_file():
        raise UsageError(f"There is no file {path}.", advice="Name a file of history entries.")
    claims, unrevealed, unfinished, unreadable = [], [], [], []
    for number, line in enumerate(path.read_bytes().splitlines(), 1):
        if not line.strip():
            continue
        try:
            entry = _ENTRY.decode(line)
        except (msgspec.DecodeError, ValueError, RecursionError) as problem:
            unreadable.append(UnreadableRecord(number, f"no history entry: {problem}"))
            continue
        if entry.rugged is False:
            unfinished.append(entry.id)
        elif entry.provably_fair is None or entry.provably_fair.server_seed is None:
            unrevealed.append(entry.id)
        else:
            claims.append(_claim_of(entry, entry.provably_fair))
    if not claims and not unrevealed and not unfinished:
        raise UsageError(
            f"{path} has no history entry.",
            advice="Give one `gameHistory` entry a line; `import` reads other recordings.",
        )
    return FileEvidence(pack(claims), tuple(unrevealed), tuple(unfinished), tuple(unreadable))


def _claim_of(entry: _Entry, fair: _Fair) -> Claim:
    prices = entry.prices or []
    return Claim(
        game_id=entry.id,
        version=entry.game_version,
        seed=fair.server_seed or "",
        hash=fair.server_seed_hash,
        peak=entry.peak_multiplier,
        rug_tick=len(prices) - 1 if prices else None,
        rug_price=prices[-1] if prices else None,
        published=tuple(math.nan if price is None else price for price in prices),
        rebuilt=not prices,
    )


def distinct_games(evidence: Evidence) -> list[list[int]]:
    """Return the claims of each game together, by index."""
    games: dict[tuple[str, bool], list[int]] = {}
    for index, name in enumerate(zip(evidence.game_ids, evidence.is_real.tolist(), strict=True)):
        games.setdefault(name, []).append(index)
    return list(games.values())


def _keys(table: Any) -> Any:
    """Return what names each row's game: the demo server may play a real game once more."""
    real = table.column("is_real").cast(pa.string())
    joined = pc.binary_join_element_wise(table.column("game_id"), real, "/")
    return joined.combine_chunks()


def _integers(table: Any, name: str) -> npt.NDArray[np.int64]:
    return np.asarray(pc.fill_null(table.column(name).cast(pa.int64()), UNKNOWN), np.int64)


def _numbers(values: Iterable[float | None]) -> npt.NDArray[np.float64]:
    return np.asarray([math.nan if value is None else value for value in values], np.float64)


def _wholes(values: Iterable[int | None]) -> npt.NDArray[np.int64]:
    return np.asarray([UNKNOWN if value is None else value for value in values], np.int64)


def _offsets(lengths: Any) -> npt.NDArray[np.int64]:
    offsets = np.zeros(len(lengths) + 1, np.int64)
    np.cumsum(lengths, out=offsets[1:])
    return offsets


def _known_number(value: np.float64) -> float | None:
    return None if math.isnan(value) else float(value)


def _known_whole(value: np.int64) -> int | None:
    return None if value == UNKNOWN else int(value)
