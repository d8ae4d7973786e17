"""Routes of paper trading and of practice. Used by `monitor.app`.

Who may act is decided before: below /api/trade only the monitor's own page and programs
(`web.security`). A program comes with the bearer token, so what it does is a bot's, unless it
says that a person asked: the dashboard does for the buttons of its pages.
"""

from __future__ import annotations

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from vectra_player.foundation.monitor.backend import ReplayControl, TradeControl
from vectra_player.foundation.monitor.bodies import answer, body_of
from vectra_player.foundation.monitor.openapi import Endpoint
from vectra_player.foundation.paper_records import (
    Actor,
    AmountRequest,
    NewWallet,
    PracticeRequest,
    RunAnswer,
    RunRequest,
    SellRequest,
    TradeAnswer,
    TradeState,
)
from vectra_player.model.run import RunEnding, RunGame
from vectra_player.strategy.actions import Action, Buy, PlaceSidebet, Sell

ACTOR_HEADER = "x-vectra-actor"
RUN_HEADER = "x-vectra-run"
"""The id of the strategy run an order belongs to."""


class TradeRoutes:
    """The account of the live feed."""

    def __init__(self, trade: TradeControl) -> None:
        self._trade = trade

    def endpoints(self) -> list[Endpoint]:
        """Return every method of every path."""
        return [
            Endpoint("GET", "/api/trade", self.state, "The account of a mode, PAPER by default.",
                     TradeState, query=(("mode", "string"),)),
            Endpoint("POST", "/api/trade/buy", self.buy, "Buy, on paper by default.", TradeAnswer,
                     AmountRequest),
            Endpoint("POST", "/api/trade/sell", self.sell, "Sell, on paper by default.",
                     TradeAnswer, SellRequest),
            Endpoint("POST", "/api/trade/sidebet", self.sidebet, "Bet, on paper by default.",
                     TradeAnswer, AmountRequest),
            Endpoint("POST", "/api/trade/reset", self.reset, "Begin with a new paper wallet.",
                     TradeAnswer, NewWallet),
            Endpoint("POST", "/api/trade/runs", self.begin_run,
                     "Begin a strategy run, or go on with one. Its orders name it in "
                     f"{RUN_HEADER}.", RunAnswer, RunRequest),
            Endpoint("POST", "/api/trade/runs/{id}/games", self.played, "A game of a run is over.",
                     RunAnswer, RunGame),
            Endpoint("POST", "/api/trade/runs/{id}/end", self.end_run, "A run ends.", RunAnswer,
                     RunEnding),
        ]  # fmt: skip

    async def state(self, request: Request) -> Response:
        """Serve the account."""
        return answer(self._trade.state(request.query_params.get("mode", "PAPER")))

    async def buy(self, request: Request) -> Response:
        """Buy."""
        asked = await body_of(request, AmountRequest)
        return self._act(Buy(asked.amount), request, asked.mode)

    async def sell(self, request: Request) -> Response:
        """Sell."""
        asked = await body_of(request, SellRequest)
        return self._act(Sell(asked.percentage), request, asked.mode)

    async def sidebet(self, request: Request) -> Response:
        """Place a sidebet."""
        asked = await body_of(request, AmountRequest)
        return self._act(PlaceSidebet(asked.amount), request, asked.mode)

    async def reset(self, request: Request) -> Response:
        """Begin anew."""
        asked = await body_of(request, NewWallet)
        wallet = asked.wallet(self._trade.measured_ms)
        return answer(self._trade.reset(wallet, actor_of(request)))

    async def begin_run(self, request: Request) -> Response:
        """Begin a run."""
        asked = await body_of(request, RunRequest)
        if asked.run_id is None:
            return answer(RunAnswer(run_id=self._trade.runs.begin(asked.plan)))
        restart = self._trade.runs.go_on(asked.run_id, asked.plan)
        return answer(RunAnswer(run_id=asked.run_id, restart=restart))

    async def played(self, request: Request) -> Response:
        """Take down a game of a run."""
        run_id = request.path_params["id"]
        self._trade.runs.played(run_id, await body_of(request, RunGame))
        return answer(RunAnswer(run_id=run_id))

    async def end_run(self, request: Request) -> Response:
        """End a run."""
        run_id = request.path_params["id"]
        self._trade.runs.end(run_id, await body_of(request, RunEnding))
        return answer(RunAnswer(run_id=run_id))

    def _act(self, action: Action, request: Request, mode: str) -> Response:
        run = request.headers.get(RUN_HEADER)
        self._trade.runs.require(run)
        return answer(self._trade.act(action, actor_of(request), mode, run))


class PracticeRoutes:
    """The accounts of open replays."""

    def __init__(self, replay: ReplayControl) -> None:
        self._replay = replay

    def endpoints(self) -> list[Endpoint]:
        """Return every method of every path."""
        path = "/api/replay/{id}/trade"
        return [
            Endpoint("GET", path, self.state, "The practice account of a replay.", TradeState),
            Endpoint("POST", path, self.trade, "Trade in a replay, for practice.", TradeAnswer,
                     PracticeRequest),
        ]  # fmt: skip

    async def state(self, request: Request) -> Response:
        """Serve the account."""
        try:
            return answer(self._replay.practice(request.path_params["id"]))
        except KeyError:
            raise HTTPException(404, "There is no such replay.") from None

    async def trade(self, request: Request) -> Response:
        """Trade."""
        asked = await body_of(request, PracticeRequest)
        try:
            replay_id = request.path_params["id"]
            return answer(self._replay.trade(replay_id, asked, actor_of(request)))
        except KeyError:
            raise HTTPException(404, "There is no such replay.") from None


def actor_of(request: Request) -> Actor:
    """Tell a person at a page from a program; a label for the log, no permission hangs on it."""
    if request.headers.get(ACTOR_HEADER) == "human":
        return "human"
    return "bot" if "authorization" in request.headers else "human"
