"""Recompute revealed games from their seeds and compare every bit that was recorded of them.

Many games are screened in one compiled batch; whatever does not agree at once is examined alone,
in plain Python, so that a mismatch can be named with its tick and both values. Used by the
commands, the audit, the proof page and `mcp`.
"""

from __future__ import annotations

import math
import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt

from vectra_player.analysis.jobs_pool import IN_PROCESS, ChunkEngine, Done
from vectra_player.analysis.play import Progress, unheard
from vectra_player.fairness.checks import (
    Check,
    Commitment,
    GameCheck,
    Mismatch,
    Status,
    Verification,
)
from vectra_player.fairness.evidence import (
    UNKNOWN,
    Claim,
    Evidence,
    FileEvidence,
    Span,
    distinct_games,
    evidence_between,
    spans_of,
)
from vectra_player.game.price_path import (
    RULES,
    PricePath,
    PricePaths,
    commitment,
    price_path,
    price_paths,
)
from vectra_player.store import observations
from vectra_player.store.dataset import is_remote
from vectra_player.store.reads import Origins, StoreReader

Whole = npt.NDArray[np.int64]

FEW_GAMES = 24
"""Up to so many games plain Python is faster than loading the compiler."""


def verify_store(
    reader: StoreReader,
    origins: Origins = "real",
    game_ids: Sequence[str] | None = None,
    *,
    engine: ChunkEngine = IN_PROCESS,
    progress: Progress = unheard,
) -> Verification:
    """Verify the revealed games of a store, all or those named, wherever the engine computes.

    A named game whose seed is not recorded is incomplete; unnamed ones are counted. `progress` is
    told (games done, all of them).
    """
    spans = spans_of(reader, origins, game_ids)
    total = sum(span.games for span in spans)
    found: dict[int, tuple[GameCheck, ...]] = {}
    done = 0
    with closing(_verified(reader, origins, spans, engine)) as results:
        for place, games in results:
            found[place] = games
            done += spans[place].games
            progress(done, total)
    checks = [check for place in sorted(found) for check in found[place]]
    if game_ids is None:
        unrevealed = observations.unrevealed_count(reader, origins)
        return Verification(games=tuple(checks), unrevealed=unrevealed)
    return Verification(games=(*checks, *_lacking(game_ids, checks)))


def _verified(
    reader: StoreReader, origins: Origins, spans: Sequence[Span], engine: ChunkEngine
) -> Done[tuple[GameCheck, ...]]:
    """Let games be read where they are verified if they can be, else read them here."""
    where = reader.root.location
    if engine.apart and (engine.here or is_remote(where)):
        return engine.run(_SpanWork(where, origins, engine.threads), spans)
    evidence = (evidence_between(reader, span, origins) for span in spans)
    return engine.run(_EvidenceWork(engine.threads), evidence)


@dataclass(frozen=True)
class _SpanWork:
    """Reads games, of a data directory or a URL, and verifies them."""

    where: str
    origins: Origins
    threads: int

    def __call__(self, span: Span) -> tuple[GameCheck, ...]:
        with StoreReader(self.where) as reader:
            evidence = evidence_between(reader, span, self.origins)
        return tuple(verify(evidence, threads=self.threads))


@dataclass(frozen=True)
class _EvidenceWork:
    """Verifies games that were read elsewhere."""

    threads: int

    def __call__(self, evidence: Evidence) -> tuple[GameCheck, ...]:
        return tuple(verify(evidence, threads=self.threads))


def verify_file(
    read: FileEvidence, game_ids: Sequence[str] | None = None, *, threads: int | None = None
) -> Verification:
    """Verify what a file of history entries holds, all or the games named.

    A line that is no entry fails; a named game without a seed is incomplete.
    """
    if game_ids is not None:
        read = read.only(game_ids)
    unfinished = tuple(
        _plain(name, "incomplete", "its entry says that it has not rugged")
        for name in read.unfinished
    )
    unreadable = tuple(
        _plain(f"line {record.line}", "failed", record.reason) for record in read.unreadable
    )
    games = (*verify(read.evidence, threads=threads), *unfinished, *unreadable)
    if game_ids is None:
        return Verification(games=games, unrevealed=len(read.unrevealed))
    return Verification(games=(*games, *_lacking(game_ids, games)))


def verify(evidence: Evidence, *, threads: int | None = None) -> Iterator[GameCheck]:
    """Check each game once, all its claims together, in order."""
    clean = screen(evidence, threads=threads)
    for claims in distinct_games(evidence):
        if len(claims) == 1 and clean[claims[0]]:
            yield _clean(evidence, claims[0])
        else:
            yield _worst(examine(evidence.claim(index)) for index in claims)


def screen(evidence: Evidence, *, threads: int | None = None) -> npt.NDArray[np.bool_]:
    """Tell which claims agree with their seed in every bit and lack nothing: (n_claims,)."""
    clean = np.zeros(len(evidence), np.bool_)
    versions = np.asarray([version or "" for version in evidence.versions])
    for version in RULES:
        rows = np.flatnonzero(versions == version)
        if len(rows):
            seeds = [evidence.seeds[row] for row in rows]
            game_ids = [evidence.game_ids[row] for row in rows]
            paths = compute(seeds, game_ids, version, threads=threads)
            clean[rows] = _agreeing(evidence, rows, paths)
    hashed = zip(evidence.seeds, evidence.hashes, evidence.other_hashes, strict=True)
    kept = [other is None and commitment(seed) == told for seed, told, other in hashed]
    return clean & np.asarray(kept, np.bool_)


def compute(
    seeds: Sequence[str], game_ids: Sequence[str], version: str, *, threads: int | None = None
) -> PricePaths:
    """Compute many games compiled, a few in plain Python: the same to the last bit."""
    if len(seeds) > FEW_GAMES:
        return price_paths(seeds, game_ids, version, threads=threads or os.cpu_count() or 1)
    paths = [price_path(*names, version) for names in zip(seeds, game_ids, strict=True)]
    offsets = np.zeros(len(paths) + 1, np.int64)
    np.cumsum([len(path.prices) for path in paths], out=offsets[1:])
    return PricePaths(
        offsets=offsets,
        prices=np.asarray([price for path in paths for price in path.prices], np.float64),
        rugged=np.asarray([path.rugged for path in paths], np.bool_),
        peaks=np.asarray([path.peak for path in paths], np.float64),
        lows=np.asarray([path.low for path in paths], np.float64),
        draws=np.asarray([path.draws for path in paths], np.int64),
    )


def _agreeing(evidence: Evidence, rows: Whole, paths: PricePaths) -> npt.NDArray[np.bool_]:
    slots = np.diff(paths.offsets)
    last = paths.prices[paths.offsets[1:] - 1]
    rug_ticks, rug_prices = evidence.rug_ticks[rows], evidence.rug_prices[rows]
    lengths = np.diff(evidence.published_offsets)[rows]
    agree: npt.NDArray[np.bool_] = evidence.peaks[rows] == paths.peaks
    agree &= (rug_ticks == UNKNOWN) | (rug_ticks == slots - 1)
    agree &= np.isnan(rug_prices) | (rug_prices == last)
    agree &= (lengths == 0) | (lengths == slots)
    agree[_differing_published(evidence, rows, paths, agree & (lengths > 0))] = False
    agree[_differing_ticks(evidence, rows, paths)] = False
    return agree


def _differing_published(
    evidence: Evidence, rows: Whole, paths: PricePaths, chosen: npt.NDArray[np.bool_]
) -> Whole:
    """Return which of the chosen games, published in the right lengths, have a wrong price."""
    games = np.flatnonzero(chosen)
    told, offsets = _parts(evidence.published, evidence.published_offsets, rows[games])
    computed, _ = _parts(paths.prices, paths.offsets, games)
    places = np.flatnonzero(told.view(np.int64) != computed.view(np.int64))
    return games[np.searchsorted(offsets, places, "right") - 1]


def _differing_ticks(evidence: Evidence, rows: Whole, paths: PricePaths) -> Whole:
    """Return the games with a wrong price heard live; one after the end of its game is wrong."""
    ticks, offsets = _parts(evidence.ticks, evidence.tick_offsets, rows)
    told, _ = _parts(evidence.tick_prices, evidence.tick_offsets, rows)
    counts = np.diff(offsets)
    index = ticks + np.repeat(paths.offsets[:-1], counts)
    outside = (ticks < 0) | (index >= np.repeat(paths.offsets[1:], counts))
    index[outside] = 0
    wrong = told.view(np.int64) != paths.prices[index].view(np.int64)
    places = np.flatnonzero(wrong | outside)
    return np.searchsorted(offsets, places, "right") - 1


def _parts(values: Any, offsets: Whole, rows: Whole) -> tuple[Any, Whole]:
    """Return the parts of some rows end to end, with their new offsets: a view where it can be."""
    if not len(rows):
        return values[:0], np.zeros(1, np.int64)
    first, last = int(rows[0]), int(rows[-1]) + 1
    if last - first == len(rows):
        return values[offsets[first] : offsets[last]], offsets[first : last + 1] - offsets[first]
    lengths = np.diff(offsets)[rows]
    taken = np.zeros(len(rows) + 1, np.int64)
    np.cumsum(lengths, out=taken[1:])
    return values[np.arange(taken[-1]) + np.repeat(offsets[rows] - taken[:-1], lengths)], taken


def _clean(evidence: Evidence, index: int) -> GameCheck:
    seen, decided = int(evidence.seen_at[index]), int(evidence.decided_at[index])
    told, before = commitment_state(seen, decided)
    prices = evidence.published_offsets[index + 1] - evidence.published_offsets[index]
    heard = evidence.tick_offsets[index + 1] - evidence.tick_offsets[index]
    return GameCheck(
        game_id=evidence.game_ids[index],
        status="verified",
        version=evidence.versions[index],
        rebuilt=bool(evidence.rebuilt[index]),
        commitment=told,
        compared=int(prices + heard),
        seconds_before=before,
    )


def commitment_state(seen_at: int, decided_at: int) -> tuple[Commitment, float | None]:
    """Tell whether a commitment was captured before the outcome, and how many seconds before."""
    if seen_at == UNKNOWN:
        return "not seen", None
    if decided_at == UNKNOWN:
        return "late", None
    return ("seen" if seen_at < decided_at else "late"), (decided_at - seen_at) / 1e6


def examine(claim: Claim) -> GameCheck:
    """Check one game in plain Python and say all that differs, or what is missing."""
    told, before = commitment_state(
        UNKNOWN if claim.seen_at is None else claim.seen_at,
        UNKNOWN if claim.decided_at is None else claim.decided_at,
    )
    mismatches = list(_commitment_mismatches(claim))
    path = price_path(claim.seed, claim.game_id, claim.version or "") if _known(claim) else None
    if path is not None:
        mismatches += _path_mismatches(claim, path)
    missing = _missing(claim, path)
    status: Status = "failed" if mismatches else "incomplete" if missing else "verified"
    return GameCheck(
        game_id=claim.game_id,
        status=status,
        version=claim.version,
        rebuilt=claim.rebuilt,
        commitment=told,
        compared=0 if path is None else len(claim.published) + len(claim.ticks),
        seconds_before=before,
        reason=mismatches[0].reason if mismatches else missing,
        mismatches=tuple(mismatches),
    )


def _known(claim: Claim) -> bool:
    return claim.version in RULES


def _commitment_mismatches(claim: Claim) -> Iterator[Mismatch]:
    computed = commitment(claim.seed)
    if claim.hash is not None and computed != claim.hash:
        yield Mismatch(
            check="hash",
            reason="the seed does not have the hash that was published with it",
            recorded=claim.hash,
            recomputed=computed,
        )
    if claim.other_hash is not None:
        yield Mismatch(
            check="commitment",
            reason="another hash was shown before the outcome than the one revealed",
            recorded=claim.other_hash,
            recomputed=computed,
        )


def _path_mismatches(claim: Claim, path: PricePath) -> Iterator[Mismatch]:
    length = len(claim.published)
    rug_tick = len(path.prices) - 1
    recorded_rug = claim.rug_tick if claim.rug_tick is not None else length - 1 if length else None
    yield from _first_difference("path", enumerate(claim.published), path)
    if recorded_rug is not None and recorded_rug != rug_tick:
        yield Mismatch(
            check="length",
            reason=f"the game ended at tick {recorded_rug}, its seed says {rug_tick}",
            tick=min(recorded_rug, rug_tick),
            recorded=recorded_rug,
            recomputed=rug_tick,
        )
    if claim.rug_price is not None and claim.rug_price != path.prices[-1]:
        yield _difference("rug_price", rug_tick, claim.rug_price, path.prices[-1], "the rug price")
    if claim.peak is not None and claim.peak != path.peak:
        yield _difference("peak", None, claim.peak, path.peak, "the peak")
    yield from _first_difference("tick", claim.ticks, path)


def _first_difference(
    check: Check, told: Iterable[tuple[int, float]], path: PricePath
) -> Iterator[Mismatch]:
    what = "the published price" if check == "path" else "the price heard live"
    for tick, price in told:
        computed = path.prices[tick] if 0 <= tick < len(path.prices) else None
        if check == "path" and math.isnan(price):
            continue  # a hole is missing, not different; `_missing` names it
        if computed is None or not _same_bits(price, computed):
            yield _difference(check, tick, price, computed, f"{what} of tick {tick}")
            return


def _same_bits(one: float, other: float) -> bool:
    return one == other and math.copysign(1.0, one) == math.copysign(1.0, other)


def _difference(
    check: Check, tick: int | None, recorded: float, computed: float | None, what: str
) -> Mismatch:
    says = "the game was over" if computed is None else f"its seed says {computed!r}"
    return Mismatch(
        check=check,
        reason=f"{what} is {recorded!r}, {says}",
        tick=tick,
        recorded=recorded,
        recomputed=computed,
    )


def _missing(claim: Claim, path: PricePath | None) -> str:
    """Say what keeps a game from being verified; empty where nothing does."""
    if claim.hash is None:
        return "no hash was published for its seed"
    if path is None:
        known = ", ".join(RULES)
        named = "is not stated" if claim.version is None else f"is {claim.version!r}"
        return f"its version {named}; the rules of {known} are known, others are not guessed"
    holes = sum(math.isnan(price) for price in claim.published)
    if holes:
        return f"{holes} of its published prices are missing"
    if claim.peak is None and not claim.published:
        return "no peak was published for it"
    return ""


def _worst(checks: Iterable[GameCheck]) -> GameCheck:
    """Join the claims of one game: any failure counts, else any verification, else none."""
    order: dict[Status, int] = {"failed": 0, "verified": 1, "incomplete": 2}
    found = sorted(checks, key=lambda check: (order[check.status], check.rebuilt))
    first = found[0]
    return msgspec.structs.replace(first, compared=max(check.compared for check in found))


def _plain(game_id: str, status: Status, reason: str) -> GameCheck:
    mismatches = (Mismatch(check="record", reason=reason),) if status == "failed" else ()
    return GameCheck(
        game_id=game_id,
        status=status,
        version=None,
        rebuilt=False,
        commitment="not seen",
        compared=0,
        reason=reason,
        mismatches=mismatches,
    )


def _lacking(named: Sequence[str], found: Sequence[GameCheck]) -> Iterator[GameCheck]:
    """Name the games whose seed nobody recorded."""
    known = {game.game_id for game in found}
    for name in dict.fromkeys(named):
        if name not in known:
            yield _plain(name, "incomplete", "no recording has this game's seed")
