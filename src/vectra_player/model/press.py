"""What a listener in the game page tells of a press: made by `sources.chrome`, read by trading."""

from __future__ import annotations

import msgspec

from vectra_player.model.units import Millis


class PressSeen(msgspec.Struct, frozen=True, kw_only=True):
    """A press that reached the page, by whomever.

    `button` is the name of `trading/selectors.toml` (BUY, SELL, SIDEBET, CLEAR, +0.001 ... MAX,
    10% ... 100%), empty when the press hit none of them. `label` is the text of what was hit,
    `amount` the text of the amount field and `percentage` the chosen share after the press; all
    three are the page's words. `at_ms` is the page's wall clock, with fractions.

    `token`: of a press of ours, as it was announced; empty for everybody else's. `withheld`: the
    press was ours and would have hit something else, so the page never saw it.
    """

    button: str
    label: str = ""
    at_ms: float
    trusted: bool
    amount: str | None = None
    percentage: str | None = None
    target_id: str = ""
    token: str = ""
    withheld: bool = False

    @property
    def press_ts(self) -> Millis:
        """Return the moment in whole ms UTC."""
        return round(self.at_ms)
