"""What an audit means, for somebody who never took a course in statistics.

Used by `fairness.audit`. Every number in a sentence is one of the record.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from vectra_player.fairness.results import SMALL, Finding, Hazard, Power, Replay, Timing, Verdict
from vectra_player.game.sidebet import FAIR_EXPECTED_VALUE, WINDOW_TICKS, expected_value, win_chance

FEWEST_RUGS = 50
"""Below it a history says next to nothing about the chance of a rug."""

CANNOT_SHOW = (
    "There is no client seed. The commitment proves that a seed was not exchanged after it was "
    "announced. It cannot prove that the seed was not chosen beforehand, among many, for the game "
    "it gives. Only the outcomes of many games can speak to that, and that is what the tests here "
    "look at.",
    "A choice that changes the games less than the interval above allows stays unseen, however "
    "good the tests are. More games narrow it.",
    "Seeds that look random prove nothing about choice: a chosen seed looks as random as any.",
    "Nothing here says anything about a game that is still running, or about the next one.",
)


def verdict_of(facts: Mapping[str, Any]) -> Verdict:
    """Judge an audit by its facts; the one place that decides it."""
    replay: Replay | None = facts["replay"]
    timing: Timing = facts["timing"]
    if (replay is not None and replay.failed) or _broken_rules(facts):
        return "wrong"
    if any(finding.departs for finding in facts["findings"]):
        return "departure"
    if timing.unaccounted:
        return "unaccounted"
    return "no departure" if facts["hazard"].rugs >= FEWEST_RUGS else "too little data"


def conclusions_of(facts: Mapping[str, Any]) -> tuple[str, ...]:
    """Say what was found, the answer first."""
    return (
        _HEADLINES[verdict_of(facts)],
        *_replay_words(facts["replay"]),
        *_rule_words(facts),
        _timing_words(facts["timing"]),
        *_hazard_words(facts["hazard"]),
        _test_words(facts["findings"]),
        *_power_words(facts["power"]),
    )


_HEADLINES: dict[Verdict, str] = {
    "wrong": "Something is wrong. At least one game cannot have come about as published; see "
    "below.",
    "unaccounted": "The games themselves agree with fair ones, but there was time for one that "
    "nobody was shown.",
    "departure": "These games depart from fair ones more than chance explains. One fair history in "
    "twenty gives this alarm too, so look again with games recorded from now on.",
    "no departure": "Nothing here speaks against a fair game.",
    "too little data": "There are too few games to say much. Nothing found so far speaks against a "
    "fair game.",
}


def _replay_words(replay: Replay | None) -> tuple[str, ...]:
    if replay is None:
        return ()
    if replay.failed:
        return (
            f"{len(replay.failed):,} revealed games do not follow from their seeds: "
            f"{', '.join(replay.failed[:5])}{' and others' if len(replay.failed) > 5 else ''}.",
        )
    if not replay.verified:
        return ("No game here could be recomputed, because none has a revealed seed.",)
    seen = replay.commitment.get("seen", 0)
    return (
        f"{_games(replay.verified)} with a revealed seed were recomputed, and every one of "
        f"{replay.compared:,} recorded prices is equal to the last digit. This is proof, not "
        f"statistics. For {seen:,} of them the commitment was recorded before the outcome.",
    )


def _broken_rules(facts: Mapping[str, Any]) -> int:
    return int(facts["impossible_steps"] + facts["wrong_rug_prices"])


def _rule_words(facts: Mapping[str, Any]) -> tuple[str, ...]:
    """Tell of the rules that need no seed."""
    steps, prices = facts["impossible_steps"], facts["wrong_rug_prices"]
    words = []
    if steps:
        words.append(f"{steps:,} price steps are such as no rule of the published game can make.")
    if prices:
        words.append(f"{_games(prices)} ended at another price than the rule of the rug gives.")
    if not words and facts["complete"]:
        words.append(
            "Every price step is one that the published rules can make, and "
            f"{_games(facts['complete'])} known at every tick ended at exactly 0.02 times the "
            "lowest price. This needs no seed."
        )
    return tuple(words)


def _timing_words(timing: Timing) -> str:
    if timing.unaccounted:
        first = timing.unaccounted[0]
        return (
            f"Between {len(timing.unaccounted):,} pairs of neighbouring games there was time for a "
            f"game that nobody was shown, although somebody watched: after {first.before}, "
            f"{first.seconds:.0f} seconds are unaccounted for. A pause of the server looks alike."
        )
    if not timing.adjacent:
        return (
            timing.note
            or "No two games followed each other closely enough to look for one between."
        )
    return (
        f"{timing.adjacent:,} times two games follow each other with no room for a hidden one; the "
        f"time between them fits within {timing.largest_residual or 0.0:.1f} seconds, and a hidden "
        f"game takes 15. {timing.breaks:,} times nobody was watching in between."
    )


def _hazard_words(hazard: Hazard) -> tuple[str, ...]:
    if hazard.estimate is None or not hazard.rugs:
        return ()
    low, high = (
        expected_value(win_chance(chance, WINDOW_TICKS)) for chance in (hazard.low, hazard.high)
    )
    inside = hazard.low <= hazard.fair <= hazard.high
    return (
        f"{hazard.rugs:,} rugs in {hazard.ticks:,} ticks are {1000 * hazard.estimate:.2f} per "
        f"1,000 ticks. With so many ticks the true number lies between {1000 * hazard.low:.2f} and "
        f"{1000 * hazard.high:.2f}, 19 times in 20. The published number, "
        f"{1000 * hazard.fair:.0f}, is {'inside' if inside else 'outside'}.",
        f"For a sidebet that means a result between {_percent(low)} and {_percent(high)} percent "
        f"of the stake; the published rules give {_percent(FAIR_EXPECTED_VALUE)} percent.",
    )


def _test_words(findings: tuple[Finding, ...]) -> str:
    done = [finding for finding in findings if finding.p is not None]
    if not done:
        return "No statistical test had enough games."
    departing = [finding for finding in done if finding.departs]
    low = sum(finding.p < SMALL for finding in done if finding.p is not None)
    chance = (
        f"{low} of {len(done)} tests are below 5 percent taken by themselves, where chance gives "
        f"{len(done) * SMALL:.1f}"
    )
    if departing:
        named = ", ".join(finding.title.lower() for finding in departing)
        return f"{chance}; after correction for their number these still depart: {named}."
    return f"{chance}. After correction for their number none departs."


def _power_words(power: Power) -> tuple[str, ...]:
    if power.detectable is None:
        return ()
    return (
        f"{_games(power.rugs)} seen to rug would show, four times in five, a chance of a rug that "
        f"is {100 * (power.detectable - 1):.0f} percent too high. Smaller changes need more games.",
    )


def _percent(share: float) -> str:
    return f"{100 * share:+.1f}".replace("-", "−")


def _games(count: int) -> str:
    return f"{count:,} game{'' if count == 1 else 's'}"
