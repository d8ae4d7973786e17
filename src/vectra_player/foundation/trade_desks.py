"""One door to every account: paper beside the game, and the page's own. Built by `app`."""

from __future__ import annotations

from vectra_player.errors import UsageError
from vectra_player.foundation.click_desk import ClickDesk
from vectra_player.foundation.monitor.backend import RunControl
from vectra_player.foundation.paper_desk import PaperDesk
from vectra_player.foundation.paper_records import Actor, TradeAnswer, TradeState, WalletRequest
from vectra_player.strategy.actions import Action

PAPER = "PAPER"
MODES = (PAPER, "PRACTICE", "LIVE")


class TradeDesks:
    """Sends what is asked to the desk of its mode; see `monitor.backend.TradeControl`."""

    def __init__(self, paper: PaperDesk, page: ClickDesk) -> None:
        self._paper = paper
        self._page = page

    @property
    def runs(self) -> RunControl:
        """Return who knows the strategy runs that act here."""
        return self._paper.runs

    @property
    def measured_ms(self) -> float | None:
        """Return how long orders through the page took, in the middle; None: too few to say."""
        return self._page.measured_ms

    def state(self, mode: str) -> TradeState:
        """Return everything of the account of a mode. Raises UsageError: it is not possible."""
        return self._desk(mode).state(mode)

    def act(self, action: Action, actor: Actor, mode: str, run: str | None) -> TradeAnswer:
        """Take in an action. Raises UsageError: no game is known, or the mode is not possible."""
        return self._desk(mode).act(action, actor, mode, run)

    def reset(self, wallet: WalletRequest, actor: Actor) -> TradeAnswer:
        """Begin anew with another wallet. Raises UsageError: the page's account is not ours."""
        return self._desk(wallet.mode).reset(wallet, actor)

    def _desk(self, mode: str) -> PaperDesk | ClickDesk:
        if mode not in MODES:
            raise UsageError(
                f"No mode of trading is called {mode!r}.", advice=f"Say {', '.join(MODES)}."
            )
        return self._paper if mode == PAPER else self._page
