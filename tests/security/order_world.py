"""A game page and its server that do everything wrong, around the real trading code.

The account is the demo server's, the gate, the trader, the tracker and the live state are the
real ones; page, hands, socket and time are simulated. `Truth` is what really became of each frame
that was sent. Used by `order_faults`.
"""

from __future__ import annotations

import asyncio
import json
import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

from tests.live_support import cooldown, fact_event, rug, stored, tick
from tests.security.virtual_loop import VirtualClock
from tests.trading_support import trace

from vectra_player.clock import Clock
from vectra_player.demo.accounts import Account, Accounts
from vectra_player.demo.frames import Table
from vectra_player.errors import UsageError
from vectra_player.game.timing import COUNTDOWN_MS
from vectra_player.live.provider import LiveStateProvider
from vectra_player.model.frame import Frame
from vectra_player.protocol.rugs import Event, decode
from vectra_player.trading.records import OrderType

REQUESTS = {"BUY": "buyOrder", "SELL": "sellOrder", "SIDEBET": "requestSidebet"}
TICK_S = 0.4
COUNTDOWN_S = 0.9

FRAME_FAULTS = ("lost", "nothing", "late", "twice", "another")
SERVER_FAULTS = ("rejected", "ignored", "claimed", "denied", "slow")
REPLY_FAULTS = ("lost", "late", "later", "twice", "shuffled")
WORLD_FAULTS = ("cut", "reload", "autosell", "autobuy", "cash", "step", "rug")


@dataclass
class Truth:
    """What became of one frame. `by`: the order it was pressed for; empty: a person's."""

    by: str
    kind: OrderType
    value: float
    executed_s: float | None = None
    refused: bool = False
    evidence_s: float | None = None


@dataclass
class Plan:
    """What goes wrong with one press."""

    frame: str = ""
    server: str = ""
    ack: str = ""
    echo: str = ""
    update: str = ""
    world: tuple[str, ...] = ()

    def count(self) -> int:
        """Return how many faults that is."""
        told = (self.frame, self.server, self.ack, self.echo, self.update)
        return sum(bool(fault) for fault in told) + len(self.world)


@dataclass
class World:
    """The server, the page before it and the socket between them.

    What the page hears and says goes to `hear` as events, or to `emit` as frames.
    """

    rng: random.Random
    clock: Clock
    speed: float = 1.0
    emit: Callable[[Frame], None] | None = None
    truths: dict[int, Truth] = field(default_factory=dict)
    faults: Counter[str] = field(default_factory=Counter)
    hear: Any = None
    live: LiveStateProvider = field(default_factory=LiveStateProvider)

    def __post_init__(self) -> None:
        self.account: Account = Accounts(Decimal(10)).open("sim")
        self.socket = "page.1"
        self.open = True
        self._sockets = 1
        self._acks = 0
        self._traces = 0
        self._seq = 0
        self._games = 0
        self._hurry = False
        self.table = self._next_table()

    # The game -------------------------------------------------------------------------------

    def _next_table(self) -> Table:
        self._games += 1
        price, prices = 1.0, [1.0]
        for _ in range(self.rng.randrange(5, 90)):
            price = round(max(0.05, price * self.rng.uniform(0.97, 1.035)), 6)
            prices.append(price)
        prices.append(0.02)
        path = SimpleNamespace(prices=tuple(prices))
        game = SimpleNamespace(
            game_id=f"20261128-{self._games:016x}",
            path=path,
            rug_tick=len(prices) - 1,
            own_sidebets=[],
        )
        return Table(game=game)  # type: ignore[arg-type]

    async def play(self) -> None:
        """Play game after game."""
        while True:
            await self._countdown()
            await self._one_game()

    async def _countdown(self) -> None:
        self.account.new_round()
        table = self.table
        for left in range(COUNTDOWN_MS, -1, -round(COUNTDOWN_S * 1000)):
            table.timer_ms = left
            self.say("gameStateUpdate", cooldown(left, table.game.game_id))
            await self._rest(COUNTDOWN_S)

    async def _one_game(self) -> None:
        table = self.table
        prices = list(table.game.path.prices)
        table.active, table.timer_ms = True, 0
        for number in range(len(prices) - 1):
            table.tick = number
            self.say("gameStateUpdate", tick(number, prices, table.game.game_id))
            lost = self.account.pass_tick(table, self._ms())
            if lost is not None:
                self.say("currentSidebetResult", trace(self._new_trace()), lost)
                self.tell_account()
            if self._hurry and number > 1:
                break
            await self._rest(TICK_S)
        self._hurry = False
        await self._rug(prices)
        self.table = self._next_table()

    async def _rug(self, prices: list[float]) -> None:
        """Own results first, the public frame 175 ms after them."""
        table = self.table
        table.settled = True
        result = self.account.settle_sidebet(table, self._ms())
        trade = self.account.forced_sell(table)
        if result is not None:
            self.say("currentSidebetResult", trace(self._new_trace()), result)
        if trade is not None:
            self.say("standard/newTrade", trace(self._new_trace()), trade)
        self.tell_account()
        await self._rest(0.175)
        table.rugged = True
        told = prices[: table.tick + 1] + prices[-1:]
        self.say("gameStateUpdate", rug(told, table.game.game_id))
        await self._rest(1.0)

    # The wire -------------------------------------------------------------------------------

    def _new_trace(self) -> int:
        self._traces += 1
        return self._traces

    def _ms(self) -> int:
        return self.clock.now_us() // 1000

    def say(self, name: str, *args: object) -> None:
        """Tell the page something, if it is connected."""
        if self.open:
            self._receive(f"42{json.dumps([name, *args])}", self.socket)

    def tell_account(self) -> None:
        """Send a `playerUpdate`."""
        self.say("playerUpdate", self.account.update(self.table))

    def _receive(self, raw: str, socket: str, *, sent: bool = False) -> None:
        frame = Frame(
            ts=self.clock.now_us() - self.rng.randrange(0, 3000),
            raw=raw,
            direction="sent" if sent else "received",
            socket_id=socket,
            source="cdp",
            origin="127.0.0.1:7777",
        )
        if self.emit is not None:
            self.emit(frame)
            return
        self._seq += 1
        event = decode(stored(frame, self._seq))
        assert event is not None
        self._tell(event)

    def _tell(self, event: Event) -> None:
        self.live.apply(event)
        if self.hear is not None:
            self.hear(event)

    def later(self, seconds: float, call: Any, *args: object) -> None:
        """Do something after a time."""
        asyncio.get_running_loop().call_later(seconds / self.speed, call, *args)

    async def _rest(self, seconds: float) -> None:
        await asyncio.sleep(seconds / self.speed)

    # Orders ---------------------------------------------------------------------------------

    def pressed(self, by: str, kind: OrderType, value: float, plan: Plan) -> None:
        """Take a press of a money button on the page."""
        if plan.frame == "nothing":
            return
        if plan.frame == "another":
            value = round(value * 2, 3) if kind != "SELL" else 10.0
        after = self.rng.uniform(0.001, 0.012)
        if plan.frame == "late":
            after = self.rng.uniform(0.5, 9.0)
        for _ in range(2 if plan.frame == "twice" else 1):
            self.later(after, self._send, Truth(by, kind, value), plan)
        for fault in plan.world:
            self.later(self.rng.uniform(0.0, 0.3), self.befall, fault)

    def _send(self, truth: Truth, plan: Plan) -> None:
        """Send the frame; a page without a socket keeps it until it has one."""
        if not self.open:
            self.later(0.2, self._send, truth, plan)
            return
        number, ack = self._new_trace(), self._acks
        self._acks += 1
        self.truths[number] = truth
        name = "percentage" if truth.kind == "SELL" else "amount"
        args = [REQUESTS[truth.kind], trace(number), {name: truth.value}]
        self._receive(f"42{ack}{json.dumps(args)}", self.socket, sent=True)
        if plan.frame != "lost":
            wait = self.rng.uniform(0.5, 12.0) if plan.server == "slow" else 0.025
            self.later(wait, self._serve, number, ack, self.socket, plan)

    def _serve(self, number: int, ack: int, socket: str, plan: Plan) -> None:
        """Do what the server does with an order."""
        truth = self.truths[number]
        if plan.server == "ignored":
            return
        if plan.server == "claimed":
            self._reply(plan.ack, 0.15, self._ack, ack, socket, True, "")
            return
        try:
            if plan.server == "rejected":
                raise UsageError("Rejected by the server")
            done = self._execute(truth)
        except UsageError as error:
            truth.refused = True
            self._reply(plan.ack, 0.06, self._ack, ack, socket, False, error.message)
            return
        truth.executed_s = self.clock.monotonic()
        self._reply(plan.echo, 0.044, self._echo, number, done)
        self._reply(plan.update, 0.129, self._update, number)
        no = plan.server == "denied"
        truth.refused = no
        self._reply(plan.ack, 0.15, self._ack, ack, socket, not no, "Order failed" if no else "")

    def _execute(self, truth: Truth) -> dict[str, Any]:
        if truth.kind == "BUY":
            return self.account.buy(self.table, {"amount": truth.value})
        if truth.kind == "SELL":
            return self.account.sell(self.table, {"percentage": truth.value})
        return self.account.place(self.table, {"amount": truth.value}, self._ms())

    def _reply(self, fault: str, after: float, send: Any, *args: object) -> None:
        if fault == "lost":
            return
        if fault == "shuffled":
            after = self.rng.uniform(0.0, 0.3)
        elif fault == "late":
            after = self.rng.uniform(0.3, 7.0)
        elif fault == "later":
            after = self.rng.uniform(7.0, 30.0)
        for again in range(2 if fault == "twice" else 1):
            self.later(after + again * self.rng.uniform(0, 0.4), send, *args)

    def _ack(self, ack: int, socket: str, yes: bool, error: str) -> None:
        if self.open and self.socket == socket:
            told = {"success": True} if yes else {"success": False, "error": error}
            self._receive(f"43{ack}{json.dumps([told])}", socket)

    def _echo(self, number: int, done: dict[str, Any]) -> None:
        truth = self.truths[number]
        name = "currentSidebet" if truth.kind == "SIDEBET" else "standard/newTrade"
        if self.open:
            truth.evidence_s = self.clock.monotonic()
        self.say(name, trace(number), done)

    def _update(self, number: int) -> None:
        if self.open:
            self.truths[number].evidence_s = self.clock.monotonic()
        self.tell_account()

    # Faults of the world --------------------------------------------------------------------

    def befall(self, fault: str) -> None:
        """Let something happen that has nothing to do with the order."""
        if fault in ("cut", "reload") and self.open:
            self.open = False
            self._tell(fact_event("disconnected", {"socket": self.socket}))
            self.later(self.rng.uniform(0.1, 3.0), self._reconnect, fault == "reload")
        elif fault == "step" and isinstance(self.clock, VirtualClock):
            self.clock.step_s += self.rng.choice((-3600, -5, -0.5, 0.5, 5, 3600))
        elif fault == "rug":
            self._hurry = True
        elif fault == "cash":
            self.account.adjust_cash(Decimal("0.25"))
            self.tell_account()
        elif fault in ("autosell", "autobuy"):
            self._by_itself(fault)

    def _by_itself(self, fault: str) -> None:
        """Trade for the account without being asked."""
        try:
            if fault == "autosell":
                done = self.account.sell(self.table, {"percentage": 50})
            else:
                done = self.account.buy(self.table, {"amount": 0.004})
        except UsageError:
            return
        self.say("standard/newTrade", trace(self._new_trace()), done)
        self.tell_account()

    def _reconnect(self, anew: bool) -> None:
        self._sockets += 1
        self.socket, self.open = f"page.{self._sockets}", True
        if anew:
            self._acks = 0
        self.tell_account()


def draw(rng: random.Random) -> Plan:
    """Choose what goes wrong with a press: often one thing, sometimes several."""

    def maybe(names: tuple[str, ...], share: float) -> str:
        return rng.choice(names) if rng.random() < share else ""

    return Plan(
        frame=maybe(FRAME_FAULTS, 0.12),
        server=maybe(SERVER_FAULTS, 0.3),
        ack=maybe(REPLY_FAULTS, 0.3),
        echo=maybe(REPLY_FAULTS, 0.3),
        update=maybe(REPLY_FAULTS, 0.3),
        world=tuple(name for name in WORLD_FAULTS if rng.random() < 0.06),
    )
