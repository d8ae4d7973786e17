"""What players on a watch list do, as far as the sampled stream of trades shows it.

Used by `alerts.watchers` only. Trades are broadcast as a sample: a player's trade may go untold,
and one that is told may not be their first.
"""

from __future__ import annotations

from vectra_player.alerts.course import Course
from vectra_player.alerts.moment import Moment, Trigger
from vectra_player.alerts.odds import Measured, PlayerNote
from vectra_player.alerts.rules import Rule
from vectra_player.alerts.watchers.base import Found, Watcher
from vectra_player.alerts.words import amount, clean, percent
from vectra_player.protocol.game_payloads import NewTrade

WATCHED = "On your watch list; trades are told as a sample."
_ACTIONS = {
    "buy": "bought",
    "short_open": "opened a short",
    "sell": "sold",
    "short_close": "closed a short",
}


class _Exceptional(Watcher):
    triggers = (Trigger.TRADE,)
    types: tuple[str, ...]

    def __init__(self, rule: Rule, measured: Measured) -> None:
        super().__init__(rule, measured)
        self._records = dict.fromkeys(self.params["players"], WATCHED)
        if self.params["measured"]:
            self._records |= {one.player_id: record_of(one) for one in measured.players}

    def see(self, trigger: Trigger, moment: Moment, course: Course) -> Found | None:
        """Tell of a trade of a player watched."""
        trade = moment.event.payload
        if not isinstance(trade, NewTrade) or trade.type not in self.types or not self._records:
            return None
        if trade.player_id is None or trade.player_id == moment.after.player_id:
            return None
        record = self._records.get(trade.player_id)
        if record is None and trade.username is not None:
            record = self._records.get(trade.username)
        if record is None:
            return None
        values = {
            "player": clean(trade.username or trade.player_id),
            "action": _ACTIONS[trade.type],
            "amount": amount(trade.amount),
            "record": record,
        }
        return Found(values, trade.player_id, trade.username)


class ExceptionalEntry(_Exceptional):
    """A player watched went in."""

    types = ("buy", "short_open")


class ExceptionalExit(_Exceptional):
    """A player watched went out."""

    types = ("sell", "short_close")


def record_of(player: PlayerNote) -> str:
    """Say why a player is exceptional, and how much that is worth."""
    return (
        f"Sampled record: {player.what} {player.successes} of {player.tries} times, fair "
        f"{percent(player.fair)}; by luck alone somebody looks so good with a chance of up to "
        f"{percent(player.adjusted)}."
    )
