"""`/backtest/paper`: a strategy that trades beside the live game, on paper by default.

Acting lies below `/api/trade/` as on the monitor: a cookie alone is refused there by the guard,
and only this page, visited by the user, is given the trade token (docs/decisions/0016). The account
is foundation's; what the page does to it goes through its control API.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec
from flask import Response, request
from msgspec import Meta

from vectra_player.dashboard.backtest_orders import choices
from vectra_player.dashboard.faults import MissingError
from vectra_player.dashboard.guard import asked
from vectra_player.dashboard.neighbour import RefusedByFoundationError
from vectra_player.dashboard.pages import page
from vectra_player.dashboard.paper import PaperOrder, PaperRun
from vectra_player.dashboard.params import Nothing, WrongParametersError
from vectra_player.dashboard.services import Services
from vectra_player.errors import UsageError
from vectra_player.web.openapi import Endpoint
from vectra_player.web.security import http_door

PAPER_PAGE = "/backtest/paper"
TRADE_PAGES = frozenset({PAPER_PAGE})
"""The pages that may hold the trade token; nothing may frame them."""

NOT_FOUND = 404

_Sol = Annotated[float, Meta(gt=0, lt=1_000_000_000)]


Mode = Annotated[Literal["PAPER", "PRACTICE", "LIVE"], Meta(description="PAPER, PRACTICE or LIVE")]
"""PRACTICE and LIVE press the buttons of the page that is recorded."""

_MODES: dict[str, Mode] = {"paper": "PAPER", "practice": "PRACTICE", "live": "LIVE"}


class AccountWanted(msgspec.Struct, frozen=True):
    """Whose account."""

    mode: Mode = "PAPER"


class AmountOrder(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Buy or bet for an amount of SOL."""

    amount: _Sol
    mode: Mode = "PAPER"


class SellOrder(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Sell a part of the holding."""

    percentage: Annotated[float, Meta(ge=1, le=100)] = 100.0
    mode: Mode = "PAPER"


class WalletOrder(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A new wallet, as foundation's API takes it."""

    cash: Annotated[float, Meta(gt=0, le=1_000_000)] = 10.0
    latency_ms: Annotated[float, Meta(ge=0, le=60_000)] | None = None
    limits: dict[str, float | None] = {}


class PaperStatus(msgspec.Struct, frozen=True):
    """The run that is on, or the last one; null before the first."""

    run: PaperRun | None


class PaperRoutes:
    """The page of paper trading and what it asks and does."""

    def __init__(self, services: Services) -> None:
        self._services = services

    def endpoints(self) -> list[Endpoint]:
        """Return every method of every path."""
        account = dict[str, Any]
        return [
            Endpoint("GET", PAPER_PAGE, self.paper_page, "A strategy on paper, live."),
            Endpoint("GET", "/api/paper", self.paper_status, "The run of a strategy.",
                     PaperStatus),
            Endpoint("GET", "/api/trade", self.account, "An account of foundation's.", account,
                     params=AccountWanted),
            Endpoint("POST", "/api/trade/start", self.start_paper, "Start a strategy.",
                     PaperStatus, PaperOrder),
            Endpoint("POST", "/api/trade/stop", self.stop_paper, "Stop it.", PaperStatus,
                     Nothing),
            Endpoint("POST", "/api/trade/buy", self.buy, "Buy, on paper by default.", account,
                     AmountOrder),
            Endpoint("POST", "/api/trade/sell", self.sell, "Sell, on paper by default.", account,
                     SellOrder),
            Endpoint("POST", "/api/trade/sidebet", self.sidebet, "Bet, on paper by default.",
                     account, AmountOrder),
            Endpoint("POST", "/api/trade/reset", self.reset, "Begin with a new paper wallet.",
                     account, WalletOrder),
        ]  # fmt: skip

    def paper_page(self) -> Response:
        """Show the page; to a visit of the user's own, with what it needs to trade."""
        token = None
        if request.path in TRADE_PAGES:  # the guard keeps these, by their exact path, from frames
            door = http_door(self._services.port)
            token = self._services.keys.trade_token(asked(request.environ), door)
        return page("paper.html", trade_token=token)

    def paper_status(self) -> PaperStatus:
        """Return the run of a strategy."""
        return PaperStatus(self._services.paper.status())

    def account(self, params: AccountWanted) -> Any:
        """Ask foundation for the account. Raises MissingError while it keeps none."""
        try:
            return self._services.neighbour.get(f"/api/trade?mode={params.mode}")
        except RefusedByFoundationError as error:
            if error.status != NOT_FOUND:
                raise
            raise MissingError(
                "Foundation shows a replay as its main feed, so there is no game to trade in.",
                advice="Start `vectra-player up` with another --source.",
            ) from None

    def start_paper(self, body: PaperOrder) -> PaperStatus:
        """Start a strategy; foundation must keep an account of its mode to play on."""
        known = {choice.word: choice.problem for choice in choices(self._services.data_dir)}
        problem = known.get(body.name, "choose one of the list")
        if problem:
            raise WrongParametersError({"name": f"It cannot play: {problem}."})
        wallet = [name for name in ("cash", "latency_ms") if getattr(body, name) is not None]
        if wallet and body.mode != "paper":
            raise WrongParametersError(
                dict.fromkeys(wallet, f"Of a paper wallet; {body.mode} has the account's own.")
            )
        account = self.account(AccountWanted(_MODES[body.mode]))["account"]
        if not account["cash"] and account["holding"] is None:
            raise UsageError(
                f"The account of {body.mode} has no SOL, or is not known yet.",
                advice="A page must be logged in and have told of its account.",
            )
        return PaperStatus(self._services.paper.start(body))

    def stop_paper(self, body: Nothing) -> PaperStatus:
        """Stop the strategy; what it holds stays in the account."""
        return PaperStatus(self._services.paper.stop())

    def buy(self, body: AmountOrder) -> Any:
        """Buy."""
        return self._act("buy", body)

    def sell(self, body: SellOrder) -> Any:
        """Sell."""
        return self._act("sell", body)

    def sidebet(self, body: AmountOrder) -> Any:
        """Place a sidebet."""
        return self._act("sidebet", body)

    def reset(self, body: WalletOrder) -> Any:
        """Begin anew."""
        given = {k: v for k, v in msgspec.structs.asdict(body).items() if v is not None}
        return self._act("reset", given)

    def _act(self, action: str, order: object) -> Any:
        return self._services.neighbour.post(f"/api/trade/{action}", order, by_hand=True)
