"""What each test of an audit can and cannot show, for somebody who never took such a course.

Pure words, by the key of the test. Used by the fairness page; docs/how-to/audit.md has how each
test is done, and what no test of this audit can show stands in `words.CANNOT_SHOW`.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple


class Reach(NamedTuple):
    """What a test would notice, and what it is blind to."""

    shows: str
    cannot: str


REACH: Mapping[str, Reach] = MappingProxyType(
    {
        "hazard": Reach(
            "a house that rugs more or less often than it says, on the whole",
            "when it does so: more often at some moments and less at others may cancel out",
        ),
        "length_chi2": Reach(
            "too many or too few games of one class of length, wherever the class lies",
            "a small shift of all lengths: the next test is better at that",
        ),
        "length_ks": Reach(
            "lengths that are shifted as a whole, most of all in the middle",
            "what happens only to the very shortest and the very longest games",
        ),
        "length_ad": Reach(
            "too many or too few very short and very long games",
            "anything in the middle that the two tests above would not see better",
        ),
        "age": Reach(
            "a rug that is likelier early or late in a game, whatever its chance is on the whole",
            "a chance that is wrong at every age alike",
        ),
        "peak": Reach(
            "games that climb too little or too much for how long they last, as when of two "
            "seeds the one with the lower peak is played",
            "a choice by length alone: peaks are compared among games of the same length",
        ),
        "low": Reach(
            "games that fall too deep or not deep enough for how long they last",
            "a choice by length alone, as with peaks",
        ),
        "big_share": Reach(
            "steps that are big more or less often than one time in eight",
            "whether big moves come at moments that suit the house",
        ),
        "big_sign": Reach(
            "big moves that go down more often than up, or the reverse",
            "how large they are, and when they come",
        ),
        "big_size": Reach(
            "sizes of big moves that are not spread evenly from 15 to 25 percent",
            "how often they come, and in which direction",
        ),
        "small_size": Reach(
            "small moves with another drift or another tremble than published",
            "a change smaller than the spread of as many steps; more steps narrow it",
        ),
        "god": Reach(
            "tenfold jumps that come much more often than published",
            "whether they come less often, or never, until millions of ticks are recorded",
        ),
        "runs": Reach(
            "long and short games that take turns, or come in runs",
            "ties between games further apart, and between games with a gap between them",
        ),
        "lag1": Reach(
            "a long game that makes the next one longer or shorter",
            "ties that are no trend, such as extremes of both kinds after a long game",
        ),
        "portmanteau": Reach(
            "ties of a game to any of the next five",
            "ties over more than five games, or to anything but lengths",
        ),
        "price": Reach(
            "a rug that is likelier where the price is high, or where it is low",
            "dependence on other things than the price one tick before",
        ),
        "trades": Reach(
            "a rug that is likelier when many trade, or when few do",
            "dependence on who trades, and on trades in the very tick of the rug",
        ),
        "stakes": Reach(
            "a rug that is likelier with much money on open sidebets",
            "games whose sidebets were not listed at the reveal, and dependence on who bets",
        ),
    }
)
"""By the key of a finding, in the order of an audit."""
