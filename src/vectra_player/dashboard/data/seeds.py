"""A pasted seed: the game it gives, and whether that is the game that was recorded.

One game is computed in plain Python in some milliseconds; the comparison is `fairness.verify`'s,
with the pasted seed in place of the recorded one.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Annotated, Literal

import msgspec
from msgspec import Meta

from vectra_player.dashboard.data.game import read_game
from vectra_player.dashboard.data.store import Store
from vectra_player.dashboard.faults import MissingError
from vectra_player.dashboard.params import WrongParametersError

if TYPE_CHECKING:
    from vectra_player.fairness.checks import GameCheck
    from vectra_player.fairness.evidence import Claim
    from vectra_player.store.reads import StoreReader

_HASH = re.compile(r"[0-9a-f]{64}")
_WORST_FIRST = ("failed", "verified", "incomplete")


class SeedOrder(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A seed and what it is to be compared with. `version`: that of the recorded game, else v3."""

    seed: Annotated[str, Meta(max_length=512)]
    game_id: Annotated[str, Meta(max_length=128)]
    hash: Annotated[str, Meta(max_length=128)] = ""
    version: Literal["", "v1", "v2", "v3"] = ""


class Difference(msgspec.Struct, frozen=True):
    """Something recorded that the seed does not give; `tick` where it is a price."""

    check: str
    reason: str
    tick: int | None


class RecordedGame(msgspec.Struct, frozen=True, kw_only=True):
    """What the recordings of the game say to the seed.

    seed: whether the pasted one is the revealed one. compared: prices compared bit by bit.
    """

    seed: Literal["same", "other", "not revealed"]
    hash: str | None
    status: Literal["verified", "failed", "incomplete"]
    reason: str
    compared: int
    differences: list[Difference]


class SeedResult(msgspec.Struct, frozen=True, kw_only=True):
    """The game of a seed. `hash_agrees` None: no hash was given. Prices end with the rug price.

    rug_tick None: the game reached the last tick that the rules allow.
    """

    game_id: str
    version: str
    hash: str
    hash_agrees: bool | None
    rug_tick: int | None
    rug_price: float
    peak: float
    prices: tuple[float, ...]
    recorded: RecordedGame | None


def verify_seed(store: Store, order: SeedOrder) -> SeedResult:
    """Compute the game of a seed and compare it with what is recorded.

    Raises:
        WrongParametersError: a field is empty, no hash, or the game's version is not known.
        StoreBusyError: the store does not answer in time.
    """
    from vectra_player.game.price_path import commitment, price_path

    seed, game_id, told = order.seed.strip(), order.game_id.strip(), order.hash.strip().lower()
    _check(seed, game_id, told)
    claims = _claims(store, game_id)
    version = _version(order.version, claims)
    path = price_path(seed, game_id, version)
    found = commitment(seed)
    return SeedResult(
        game_id=game_id,
        version=version,
        hash=found,
        hash_agrees=found == told if told else None,
        rug_tick=path.rug_tick,
        rug_price=path.prices[-1],
        peak=path.peak,
        prices=path.prices,
        recorded=_compared(claims, seed, version) if claims else None,
    )


def require_seed(store: Store, game_id: str) -> None:
    """Raise MissingError unless a recording has the seed of a game: else there is no proof."""
    if not any(claim.seed for claim in _claims(store, game_id)):
        raise MissingError(
            f"No recording has the seed of game {game_id}, so there is nothing to prove.",
            advice="A seed is published after its game; record on, or import a history.",
        )


def _check(seed: str, game_id: str, told: str) -> None:
    wrong = {}
    if not seed:
        wrong["seed"] = "Paste the seed that was revealed after the game."
    if not game_id:
        wrong["game_id"] = "Give the id of the game: it is part of what the seed is mixed with."
    if told and not _HASH.fullmatch(told):
        wrong["hash"] = "A hash has 64 digits 0 to 9 and a to f."
    if wrong:
        raise WrongParametersError(wrong)


def _version(wanted: str, claims: list[Claim]) -> str:
    from vectra_player.game.price_path import RULES

    version = wanted or next((claim.version for claim in claims if claim.version), "v3")
    if version not in RULES:
        raise WrongParametersError(
            {"version": f"The game says {version}; the rules of {', '.join(RULES)} are known."}
        )
    return version


def _claims(store: Store, game_id: str) -> list[Claim]:
    """Return what recordings say of a game: of its reveal, else of what was watched."""
    from vectra_player.fairness.evidence import evidence_of

    def read(reader: StoreReader) -> list[Claim]:
        evidence = evidence_of(reader, game_id, "all")
        return [evidence.claim(index) for index in range(len(evidence))]

    revealed = store.kept(("claims", game_id), ("game", "game_tick"), read)
    return revealed or _watched(store, game_id)


def _watched(store: Store, game_id: str) -> list[Claim]:
    """Return a game whose seed nobody recorded, as far as it was seen."""
    from vectra_player.fairness.evidence import Claim

    try:
        game = read_game(store, game_id)
    except MissingError:
        return []
    facts, over = game.facts, game.facts.completeness != "unfinished"
    known = tuple((tick, price) for tick, price in enumerate(game.prices) if price is not None)
    return [
        Claim(
            game_id=game_id,
            version=facts.game_version,
            seed="",
            hash=facts.server_seed_hash,
            peak=facts.peak if over else None,
            rug_tick=facts.rug_tick,
            rug_price=facts.rug_price,
            ticks=known,
        )
    ]


def _compared(claims: list[Claim], seed: str, version: str) -> RecordedGame:
    """Judge the seed by every recording; one that contradicts it decides."""
    from vectra_player.fairness.verify import examine

    checks = [examine(claim._replace(seed=seed, version=version)) for claim in claims]
    worst: GameCheck = min(checks, key=lambda check: _WORST_FIRST.index(check.status))
    revealed = {claim.seed for claim in claims if claim.seed}
    return RecordedGame(
        seed="not revealed" if not revealed else "same" if revealed == {seed} else "other",
        hash=next((claim.hash for claim in claims if claim.hash), None),
        status=worst.status,
        reason=worst.reason,
        compared=max(check.compared for check in checks),
        differences=[
            Difference(found.check, found.reason, found.tick) for found in worst.mismatches
        ],
    )
