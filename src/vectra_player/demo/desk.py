"""What a logged-in client asks and is told: login, what follows public events, small requests.

The server registers these handlers and tells the desk of every public event; the desk talks to
rooms of sockets. Orders are handled by `orders`. Order and latency of replies: docs/protocol.md
sections 2.1, 10 and 11.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from vectra_player.bus import spawn
from vectra_player.demo import events
from vectra_player.demo.accounts import Account, Accounts
from vectra_player.demo.frames import Table
from vectra_player.demo.orders import REQUESTS, Orders
from vectra_player.demo.settings import DemoSettings
from vectra_player.demo.sim import Simulation
from vectra_player.demo.values import Payload, new_trace, payload_of, stream
from vectra_player.errors import UsageError

Handler = Callable[..., Awaitable[Any]]
Reply = tuple[float, str, Payload, bool]
"""Milliseconds after the request, event name, payload, traced."""

LATE_MS = 14_000
"""rugpassStatus came so long after the login."""


class Desk:
    """The personal side of the server. `sio` is its python-socketio server."""

    def __init__(self, sio: Any, sim: Simulation, settings: DemoSettings) -> None:
        self.orders = Orders(self)
        self.latency = settings.latency
        self.traces = stream("replies", id(self))
        self.unanswered = sio.not_handled
        self._sio = sio
        self._sim = sim
        self._speed = settings.speed
        self._golden = settings.golden_hour
        self._accounts = Accounts(settings.balance)
        self._logins: dict[str, Account] = {}
        self._first_state: set[str] = set()
        self._settling: list[asyncio.Task[None]] = []
        handlers: dict[str, Handler] = {
            "authenticate": self._authenticate,
            REQUESTS["buy"]: self.orders.buy,
            REQUESTS["sell"]: self.orders.sell,
            REQUESTS["sidebet"]: self.orders.sidebet,
            "ping": self._ping,
            "chatHistory": self._chat_history,
            "getLeaderboard": self._leaderboard,
            "getPlayerLeaderboardPosition": self._rank,
            "getPlayerCosmetics": self._cosmetics,
            "checkUsername": self._username,
        }
        for name, handler in handlers.items():
            sio.on(name, handler)

    def forget(self, sid: str) -> None:
        """Drop a socket that is gone; the account stays."""
        self._logins.pop(sid, None)
        self._first_state.discard(sid)

    # What follows public events ------------------------------------------------------------

    async def before(self, cue: str) -> None:
        """Tell accounts what precedes the public event of this cue."""
        if cue == "reset":
            for account in self._accounts:
                account.new_round()
        elif cue == "start":
            await self._update_all()
        elif cue == "settle":
            self._settling = [
                spawn(self._settle(account), name="demo settle")
                for account in self._accounts
                if account.bet or account.ledger.position.qty
            ]
        elif cue == "rug":
            # However late the machine is, own results come before the public rug frame.
            await asyncio.gather(*self._settling)

    async def after(self, cue: str) -> None:
        """Tell accounts what follows the public event of this cue."""
        if cue in ("", "settle"):
            return
        if cue == "tick":
            await self._pass_tick()
        for sid, account in list(self._logins.items()):
            await self.tell_state(sid, account)
        if cue == "start":
            await self._update_all()

    async def _pass_tick(self) -> None:
        for account in self._accounts:
            result = account.pass_tick(self._sim.table, self.stamp())
            if result is not None:
                await self._tell(account, "currentSidebetResult", result, traced=True)
                await self._tell(account, "playerUpdate", account.update(self._sim.table))

    async def _settle(self, account: Account) -> None:
        table = self._sim.table
        result = account.settle_sidebet(table, self.stamp())
        first = account.update(table)
        trade = account.forced_sell(table)
        second = account.update(table)
        if result is not None:
            await self._tell(account, "currentSidebetResult", result, traced=True)
            await self.pause(12)
            await self._tell(account, "playerUpdate", first)
            await self.pause(9)
        if trade is not None:
            await self._tell(account, "standard/newTrade", trade, traced=True)
        await self._tell(account, "playerUpdate", second)
        await self.pause(10)
        await self.tell_state_everywhere(account)
        await self.pause(4)
        quest = {"questId": "play-a-game", "completed": True}
        await self._tell(account, "rugPassQuestCompleted", quest, traced=True)

    # Requests ------------------------------------------------------------------------------

    async def _authenticate(self, sid: str, *args: Any) -> Any:
        payload, trace = payload_of(args)
        token = payload.get("token") if isinstance(payload, dict) else payload
        if not isinstance(token, str) or not token:
            return {"success": False, "error": "Authentication required"}
        account = self._accounts.open(token)
        await self.pause(self.latency.login_ms)
        previous = self._logins.get(sid)
        if previous is not None:
            await self._sio.leave_room(sid, previous.who.id)
        await self._sio.enter_room(sid, account.who.id)
        await self._sio.emit("playerUpdate", account.update(self._sim.table), to=sid)
        self._first_state.add(sid)
        self._logins[sid] = account
        await self.tell_state(sid, account)
        for name, reply in self._welcome(account):
            await self._sio.emit(name, (new_trace(self.traces, trace), reply), to=sid)
        spawn(self._late(sid), name="demo late login event")
        return self._sio.not_handled

    def _welcome(self, account: Account) -> list[tuple[str, Any]]:
        golden = events.golden_hour(0, self._sim.stamps)
        return [
            ("usernameStatus", _name_of(account)),
            ("mutedPlayers", []),
            *([("goldenHourUpdate", golden)] if self._golden else []),
            ("battleEventUpdate", events.battle()),
            ("battleEventUpdate", events.battle()),
            ("sidebetEventUpdate", events.sidebet_event(self._sim.people, self._sim.stamps)),
            ("inboxMessages", {"messages": [], "unread": 0}),
        ]

    async def _late(self, sid: str) -> None:
        await self.pause(LATE_MS)
        if sid in self._logins:
            await self._reply(sid, "rugpassStatus", {"tier": 3, "active": True, "quests": []})

    async def _ping(self, sid: str, *args: Any) -> Any:
        lost = self.orders.troubles.everywhere("acks", "missing")
        return self.unanswered if lost else None

    async def _chat_history(self, sid: str, *args: Any) -> None:
        await self._reply(sid, "chatHistory", {"messages": []})

    async def _leaderboard(self, sid: str, *args: Any) -> None:
        request, _ = payload_of(args)
        period = request.get("period", "7d") if isinstance(request, dict) else "7d"
        rows = [
            {"playerId": p.id, "username": p.username, "pnl": round(40 / rank, 9), "rank": rank}
            for rank, p in enumerate(self._sim.people[:10], 1)
        ]
        board = {"success": True, "period": period, "sortDirection": "highest", "leaderboard": rows}
        await self._reply(sid, "leaderboardData", board)

    async def _rank(self, sid: str, *args: Any) -> None:
        request, _ = payload_of(args)
        period = request.get("period", "7d") if isinstance(request, dict) else "7d"
        account = self._logins.get(sid)
        entry = account and {"playerId": account.who.id, "username": account.who.username, "pnl": 0}
        rank = 412 if account else None
        found = {"success": True, "period": period, "sortDirection": "highest"}
        place = {"playerFound": bool(account), "rank": rank, "total": 1800, "playerEntry": entry}
        await self._reply(
            sid, "playerLeaderboardPosition", {**found, **place, "surroundingEntries": []}
        )

    async def _cosmetics(self, sid: str, *args: Any) -> None:
        await self._reply(sid, "playerCosmetics", {"equipped": {}, "owned": []})

    async def _username(self, sid: str, *args: Any) -> None:
        account = self._logins.get(sid)
        if account is not None:
            await self._reply(sid, "usernameStatus", _name_of(account))

    # What nobody ordered -------------------------------------------------------------------

    async def act_for(self, act: Callable[[Account], Payload | None]) -> None:
        """Do something with every account that its owner did not ask for, and tell of it.

        `act` returns the trade it made, or None; what it refuses is left undone.
        """
        for account in self._accounts:
            try:
                trade = act(account)
            except UsageError:
                continue
            if trade is not None:
                await self._tell(account, "standard/newTrade", trade, traced=True)
            await self._tell(account, "playerUpdate", account.update(self._sim.table))
            await self.tell_state_everywhere(account)

    async def choose_coin(self, token: str, *, practice: bool) -> None:
        """Let an account play with practice coins, or with SOL again.

        No frame that chooses a coin is known: the page asks over HTTP. Raises UsageError while the
        coin is locked.
        """
        account = self._accounts.open(token)
        account.choose_coin(practice=practice)
        await self._tell(account, "playerUpdate", account.update(self._sim.table))

    # Plumbing ------------------------------------------------------------------------------

    @property
    def table(self) -> Table:
        """Return what is on the table now."""
        return self._sim.table

    def admit(self, sid: str) -> Account:
        """Return the account of a socket. Raises UsageError when it is not logged in."""
        account = self._logins.get(sid)
        if account is None:
            raise UsageError("Authentication required")
        return account

    async def send(self, account: Account, name: str, args: Any) -> None:
        """Send an event to every socket of an account."""
        await self._sio.emit(name, args, to=account.who.id)

    async def send_later(self, wait_ms: float, account: Account, name: str, args: Any) -> None:
        """Send an event to an account when so much game time has passed."""
        await self.pause(wait_ms)
        await self.send(account, name, args)

    async def tell_state(self, sid: str, account: Account) -> None:
        """Send `gameStatePlayerUpdate` to one socket."""
        await self._sio.emit("gameStatePlayerUpdate", self._own_state(sid, account), to=sid)

    async def tell_state_everywhere(self, account: Account) -> None:
        """Send `gameStatePlayerUpdate` to every socket of an account."""
        for sid, owner in list(self._logins.items()):
            if owner is account:
                await self.tell_state(sid, account)

    def _own_state(self, sid: str, account: Account) -> Payload:
        table = self._sim.table
        state: Payload = {
            "gameId": table.game.game_id,
            "rugpool": events.rugpool_long(self._sim.people, self._sim.chronicle.rugpool()),
        }
        if account.takes_part:
            state["leaderboardEntry"] = account.entry(table)
        if sid in self._first_state:
            self._first_state.discard(sid)
            state["trades"] = list(account.trades)
        return state

    async def _update_all(self) -> None:
        for account in {account.who.id: account for account in self._logins.values()}.values():
            await self._tell(account, "playerUpdate", account.update(self._sim.table))

    async def _tell(
        self, account: Account, name: str, payload: Payload, *, traced: bool = False
    ) -> None:
        args = (new_trace(self.traces), payload) if traced else payload
        await self.send(account, name, args)

    async def _reply(self, sid: str, name: str, payload: Any) -> None:
        await self._sio.emit(name, (new_trace(self.traces), payload), to=sid)

    async def pause(self, milliseconds: float) -> None:
        """Wait so many milliseconds of game time."""
        await asyncio.sleep(max(milliseconds, 0.0) / 1000 / self._speed)

    def stamp(self) -> int:
        """Return the server's clock, in milliseconds since the epoch."""
        return self._sim.stamps.at(self._sim.now_ms)


def _name_of(account: Account) -> Payload:
    return {"id": account.who.id, "hasUsername": True, "username": account.who.username}
