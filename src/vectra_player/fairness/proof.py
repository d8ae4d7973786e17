"""One game's proof as one page: seed, commitment, every check, every tick, and how to repeat it.

Opens by double click, without a network, and needs nothing of this project to be repeated: the
program on the page is the source of the rules that were used. Used by the command `verify`.
"""

from __future__ import annotations

import inspect
import shlex
from datetime import UTC, datetime

from vectra_player.analysis.charts import Figure, chart_of, token
from vectra_player.analysis.report import Code, Prose, Report, Section, Table
from vectra_player.errors import UsageError
from vectra_player.fairness.checks import GameCheck
from vectra_player.fairness.evidence import Claim, Evidence
from vectra_player.fairness.verify import examine
from vectra_player.game import kernels
from vectra_player.game.kernels import Rules
from vectra_player.game.price_path import (
    RULES,
    PricePath,
    commitment,
    price_path,
    rules_of,
    seed_text,
)
from vectra_player.game.seedrandom import key_of

_ORDER = {"failed": 0, "verified": 1, "incomplete": 2}


def proof_page(evidence: Evidence) -> Report:
    """Lay out the proof of the one game that the evidence is of.

    Where recordings say different things the page shows the one that fails. Raises UsageError
    when there is no evidence: the game's seed was never recorded.
    """
    claims = [evidence.claim(index) for index in range(len(evidence))]
    if not claims:
        raise UsageError(
            "No recording has this game's seed, so there is nothing to prove.",
            advice="A seed is published after its game; record on, or import a history.",
        )
    checks = [(examine(claim), claim) for claim in claims]
    check, claim = min(checks, key=lambda pair: _ORDER[pair[0].status])
    version = claim.version or ""
    path = price_path(claim.seed, claim.game_id, version) if version in RULES else None
    return Report(
        title=f"Proof of game {claim.game_id}",
        summary=_summary(check, claim, path),
        sections=(
            _commitment_section(check, claim),
            *((_checks_section(check, claim, path), _ticks_section(claim, path)) if path else ()),
            *((_repeat_section(claim),) if path else ()),
            Section("What this cannot show", (Prose((_CANNOT_SHOW,)),)),
        ),
        manifest={
            "game": claim.game_id,
            "rules": f"{claim.version}, docs/fairness.md",
            "repeat it": f"vectra-player verify {claim.game_id}",
        },
    )


_CANNOT_SHOW = (
    "There is no client seed. This page shows that the game follows from a seed that was fixed "
    "when its hash was announced. It does not show that the seed was not chosen for this game; "
    "only an audit of many games can speak to that."
)


def _summary(check: GameCheck, claim: Claim, path: PricePath | None) -> tuple[str, ...]:
    if check.status == "failed":
        return (f"This game does not follow from its seed: {check.reason}.",)
    if check.status == "incomplete" or path is None:
        return (f"This game cannot be verified: {check.reason}.",)
    compared = (
        f"All {check.compared:,} recorded prices are equal to the recomputed ones in every bit."
        if check.compared
        else "No price of it was recorded; hash and peak are the evidence."
    )
    seen = {
        "seen": "The commitment was recorded before the outcome.",
        "late": "The commitment was recorded only after the outcome.",
        "not seen": "The commitment was not recorded before the reveal.",
    }[check.commitment]
    ended = (
        f"It rugged at tick {path.rug_tick:,} after a peak of {path.peak:.4f}."
        if path.rug_tick is not None
        else f"It reached the last tick, after a peak of {path.peak:.4f}."
    )
    return ("This game follows from its seed.", compared, f"{ended} {seen}")


def _commitment_section(check: GameCheck, claim: Claim) -> Section:
    rows = (
        ("server seed", claim.seed),
        ("game", claim.game_id),
        ("hash published", claim.hash or "not recorded"),
        ("hash of the seed", commitment(claim.seed)),
        ("another hash was shown", claim.other_hash or "no"),
        ("commitment first seen", _time(claim.seen_at)),
        ("rug or reveal", _time(claim.decided_at)),
        ("seconds before", "–" if check.seconds_before is None else f"{check.seconds_before:.1f}"),
        ("game version", claim.version or "not stated"),
    )
    return Section("Seed and commitment", (Table(("", "value"), rows),))


def _checks_section(check: GameCheck, claim: Claim, path: PricePath) -> Section:
    wrong = {mismatch.check for mismatch in check.mismatches}
    rug_tick = len(path.prices) - 1

    def row(name: str, recorded: str | None, computed: str, *keys: str) -> tuple[str, ...]:
        result = "differs" if wrong & set(keys) else "equal" if recorded else "not recorded"
        return name, recorded or "–", computed, result

    published, heard = len(claim.published), len(claim.ticks)
    rows = (
        row("hash", _short(claim.hash), _short(commitment(claim.seed)) or "", "hash"),
        row("last tick", _text(claim.rug_tick), str(rug_tick), "length"),
        row("peak", _text(claim.peak), repr(path.peak), "peak"),
        row("rug price", _text(claim.rug_price), repr(path.prices[-1]), "rug_price"),
        row(
            "published prices",
            f"{published:,} prices" if published else None,
            f"{len(path.prices):,} prices",
            "path",
        ),
        row(
            "prices heard live",
            f"{heard:,} prices" if heard else None,
            f"{len(path.prices):,} prices",
            "tick",
        ),
    )
    parts: list[Prose | Table] = [Table(("check", "recorded", "recomputed", "result"), rows)]
    if check.mismatches:
        parts.append(Prose(tuple(f"{found.reason}." for found in check.mismatches)))
    return Section("Checks", tuple(parts))


def _ticks_section(claim: Claim, path: PricePath) -> Section:
    heard: dict[int, float] = dict(claim.ticks)
    told = dict(enumerate(claim.published))
    ticks = sorted({*range(len(path.prices)), *told, *heard})
    rows = tuple(_tick_row(tick, told.get(tick), heard.get(tick), path.prices) for tick in ticks)
    columns = ("tick", "published", "heard live", "recomputed", "result")
    note = (
        "Prices are written with as many digits as it takes to tell every bit. The last one is the "
        "rug price: the lowest price of the game times 0.02."
    )
    return Section("Every tick", (_figure(claim, path), Table(columns, rows, note, tall=True)))


def _tick_row(
    tick: int, told: float | None, heard: float | None, prices: tuple[float, ...]
) -> tuple[str, ...]:
    computed = prices[tick] if 0 <= tick < len(prices) else None
    recorded = [price for price in (told, heard) if price is not None and price == price]
    result = "differs" if any(price != computed for price in recorded) else "equal"
    return (
        str(tick),
        _text(told) or "–",
        _text(heard) or "–",
        _text(computed) or "–",
        (result if recorded else "–"),
    )


def _figure(claim: Claim, path: PricePath) -> Figure:
    import altair

    computed = [{"tick": tick, "price": price} for tick, price in enumerate(path.prices)]
    series = list(enumerate(claim.published)) or list(claim.ticks)
    recorded = [{"tick": tick, "price": price} for tick, price in series if price == price]
    axes = {
        "x": altair.X("tick:Q", title="tick").axis(format=",d", tickMinStep=1),
        "y": altair.Y("price:Q", title="price").scale(type="log", nice=False),
    }
    line = chart_of(computed).mark_line(color=token("own")).encode(**axes)
    dots = chart_of(recorded).mark_point(color=token("rug"), size=12, opacity=0.8).encode(**axes)
    return Figure(
        "path",
        "Recorded and recomputed prices",
        "The line is computed from the seed, the dots are what was recorded. A dot beside the line "
        "would be a price that the seed does not give.",
        line + dots if recorded else line,
    )


def _repeat_section(claim: Claim) -> Section:
    steps = (
        "The hash, with a tool that every system has. It must be the commitment above.",
        "The prices, with Python alone. Save the program below and run it with "
        "'python3 -I proof.py': it prints the hash, every price, and the peak.",
    )
    hashed = f"printf '%s' {shlex.quote(claim.seed)} | sha256sum"
    return Section(
        "Repeat it yourself",
        (Prose(steps[:1]), Code(hashed), Prose(steps[1:]), Code(program(claim))),
    )


def program(claim: Claim) -> str:
    """Return a program that computes one game with Python alone: the very rules, as source.

    Raises ValueError for an unknown version.
    """
    rules = rules_of(claim.version or "")
    bodies = (key_of, seed_text, kernels.schedule, kernels.next_double, kernels.move, kernels.walk)
    return "\n".join(
        (
            "from __future__ import annotations\n\nimport hashlib\nimport math",
            "from types import SimpleNamespace\n",
            f"SEED = {claim.seed!r}\nGAME = {claim.game_id!r}",
            f"RULES = SimpleNamespace({_constants(rules)})\n\n",
            "\n\n".join(inspect.getsource(body) for body in bodies),
            _MAIN.format(state=kernels.STATE_SIZE),
        )
    )


_MAIN = """
state, slots = [0] * {state}, [0.0] * (RULES.max_ticks + 2)
schedule(key_of(seed_text(SEED, GAME)), state)
length, rugged, draws, low, high = walk(state, RULES, slots)
print("hash", hashlib.sha256(SEED.encode()).hexdigest())
for tick in range(length):
    print(tick, repr(slots[tick]))
print("peak", repr(high), "rugged" if rugged else "not rugged")
"""


def _constants(rules: Rules) -> str:
    values = (
        (name, 'float("inf")' if value == float("inf") else repr(value))
        for name, value in rules._asdict().items()
    )
    return "".join(f"\n    {name}={value}," for name, value in values) + "\n"


def _short(hash_: str | None) -> str | None:
    """Return the begin of a hash; the page shows it whole above."""
    return None if hash_ is None else f"{hash_[:16]}…"


def _text(value: float | None) -> str | None:
    return None if value is None else repr(value)


def _time(micros: int | None) -> str:
    if micros is None:
        return "not recorded"
    return f"{datetime.fromtimestamp(micros / 1e6, UTC):%Y-%m-%d %H:%M:%S.%f} UTC"
