"""The gate: every press of a button passes it, and it alone makes permits.

It lives on the event loop of the service; only the kill switch may be touched from elsewhere.
The rules are in `limits`, what was lost in `losses`, what outlives the process in `memory`.
Used by the trading desk, and by `app` and `cli` for what a person asks of it.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

import structlog
from msgspec.structs import replace

from vectra_player.clock import Clock
from vectra_player.config import TradeSettings
from vectra_player.errors import DamageError, PressRefusedError, UsageError
from vectra_player.trading import limits
from vectra_player.trading.gate_orders import OVERDUE_S, Orders
from vectra_player.trading.gate_records import (
    ARM_MINUTES,
    Arming,
    EventKind,
    GateEvent,
    GateStatus,
    KillReport,
    State,
    kill_report,
)
from vectra_player.trading.kill import KillSwitch
from vectra_player.trading.limits import Facts, Switches
from vectra_player.trading.losses import Book, must_be_kept, observed, of_today, resumed
from vectra_player.trading.memory import Halt, HaltReason, Saved, TradeMemory, UnderWay
from vectra_player.trading.permit import Permit
from vectra_player.trading.records import ZERO, ActionRecord, Order, Refusal, Scene

log = structlog.get_logger(__name__)

MAX_HALTS = 16

Listener = Callable[[GateEvent], None]


class Gate:
    """What may be pressed, now. `origin`: of the game page that was opened.

    `listen` is told of every change a person should see; `unrecorded` says why nothing of the page
    is recorded, empty while it is. Making the gate reads the memory: what
    was under way when the service ended is UNKNOWN, and live trading is not armed.
    """

    def __init__(
        self,
        settings: TradeSettings,
        memory: TradeMemory,
        switch: KillSwitch,
        *,
        origin: str,
        clock: Clock,
        allow_live: bool = False,
        listen: Listener = lambda _: None,
        unrecorded: Callable[[], str] = str,
    ) -> None:
        self.switch = switch
        self._settings = settings
        self._memory = memory
        self._origin = origin
        self._clock = clock
        self._allow_live = allow_live
        self._listen = listen
        self._unrecorded = unrecorded
        self._orders = Orders(clock)
        self._arming: Arming | None = None
        self._ran_out = False
        self._halts: tuple[Halt, ...] = ()
        self._damaged = False
        self._scene: Scene | None = None
        self._seen_s = clock.monotonic()
        self._book: Book | None = None
        self._kept: Book | None = None
        self._remember()
        self.notice()

    # What the trading desk asks and tells -------------------------------------------------------

    def refusal(self, order: Order, scene: Scene) -> Refusal | None:
        """Return why an order is not carried out in this scene; None: it may be taken in.

        `scene.under_way` is without this order here, and with it in all that follows.
        """
        self.note_account(scene)
        self.notice()
        return self._orders.misused(order) or self._judge(order, scene)

    def permit(self, order: Order, scene: Scene, button: str) -> Permit:
        """Give leave to press one button once for an order; the order is durable when this returns.

        `button`: the order's own type, once for all, or one that sets its amount.

        Raises:
            PressRefusedError: a rule refuses, the button is not the order's, or the disk refuses.
        """
        self.note_account(scene)
        self.notice()
        refusal = self._orders.misused(order) or self._judge(order, limits.others(scene, order))
        refusal = refusal or self._orders.wrong_button(order, button)
        if refusal is None and self._orders.get(order.action_id) is None:
            refusal = self._begin(order, scene)
        if refusal is not None:
            raise PressRefusedError(refusal.code, refusal.message)
        self._orders.give(order, button)
        game_id = scene.game_id
        return Permit(
            order.action_id,
            button,
            clock=self._clock,
            check=lambda: self._withdrawn(order, game_id),
        )

    def note_account(self, scene: Scene) -> None:
        """Take in a whole scene: the account for the loss limits, the page for permits given out.

        To be called with every frame that tells the account or the price. Seldom writes.
        """
        self._scene, self._seen_s = scene, self._clock.monotonic()
        if scene.page_origin == self._origin:
            self._book = observed(self._book, scene)
            if must_be_kept(self._kept, self._book) and not self._halts_by("disk"):
                self._keep()
        if self._ran_out and not self._open_or_coming():
            self._ran_out = False

    def note_outcome(self, record: ActionRecord, *, durable: bool = True) -> None:
        """Take in what became of an order. UNKNOWN halts trading until a person looked.

        Where the record is not `durable` the order stays written down till `outcome_durable`.
        """
        way = self._orders.get(record.action_id)
        if way is None:
            return
        if record.outcome == "UNKNOWN" and not way.unknown:
            self._lose_sight(way, record.error or "the server did not answer")
        elif record.outcome != "UNKNOWN":
            self._orders.end(way.action_id)
        if durable:
            self.outcome_durable(way.action_id)

    def outcome_durable(self, action_id: str) -> None:
        """Learn that the outcome of an order is on the disk."""
        if self._orders.note_durable(action_id):
            self._keep()

    @property
    def unfinished(self) -> tuple[UnderWay, ...]:
        """Orders nobody saw the end of; after a start, those of the service before."""
        return tuple(way for way in self._orders.under_way if way.unknown)

    # What a person asks -------------------------------------------------------------------------

    @property
    def phrase(self) -> str:
        """What has to be typed to arm."""
        return f"trade live with up to {self._settings.max_exposure_sol.normalize():f} SOL"

    def arm(self, phrase: str, minutes: float = ARM_MINUTES, *, by: str = "") -> GateStatus:
        """Arm live trading for a time, the third of three switches.

        Raises:
            UsageError: one of the other two is off, the page is of this machine, trading is
                halted, or the phrase is not right.
        """
        self.notice()
        missing = limits.live_refusal(self._switches(armed=True))
        if missing is not None:
            raise UsageError(missing.message)
        if limits.mode_of(self._origin) == "practice":
            raise UsageError(
                f"{self._origin} is a page of this machine: it cannot be traded live.",
                advice="Practice needs no arming: give orders in practice mode.",
            )
        if self.halted:
            raise UsageError(
                f"Trading is halted: {self.halted}",
                advice="`vectra-player trade acknowledge` comes first.",
            )
        arming = Arming.of(self._clock, minutes)
        if phrase.strip() != self.phrase:
            raise UsageError("That is not the phrase.", advice=f"Type exactly: {self.phrase}")
        self._arming, self._ran_out = arming, False
        self._tell("armed", by, f"for {minutes:g} minutes")
        return self.status()

    def disarm(self, *, by: str = "") -> GateStatus:
        """End live trading at once, permits given out included. Nothing is sold by it."""
        self._arming, self._ran_out = None, False
        self._tell("disarmed", by)
        return self.status()

    def kill(self, by: str) -> KillReport:
        """Stop every press at once and until acknowledged, over restarts too.

        Returns what it could not undo.
        """
        self.switch.fall(by)
        self.notice()
        return self.report()

    def report(self) -> KillReport:
        """Return what a kill leaves as it is."""
        return kill_report(self.switch.by, self._scene, self._orders.under_way)

    def halt(self, reason: HaltReason, detail: str, *, by: str = "") -> None:
        """Press nothing until acknowledged. Of each reason the first is kept: it is the cause.

        Orders of unknown outcome are kept one by one.
        """
        alike = self._halts_by(reason)
        if detail in alike or (alike and reason != "unknown") or len(alike) >= MAX_HALTS:
            return
        self._stop(reason, detail, by)
        self._keep()
        self._tell("killed" if reason == "kill" else "halted", by, detail)

    def acknowledge(self, by: str) -> tuple[Halt, ...]:
        """Go on after a person looked; returns what was acknowledged. Live stays disarmed.

        Raises:
            UsageError: the disk refuses, so that trading stays halted.
        """
        self.notice()
        done, lost = self._halts, self.unfinished
        try:
            if self._damaged:
                self._memory.set_aside()
            left = tuple(way for way in self._orders.written if not way.unknown)
            self._memory.keep(replace(self._saved(), halts=(), under_way=left))
            if self._halts_by("kill"):  # one that fell since nobody has looked at: it stays
                self.switch.raise_again()
        except OSError as error:
            raise UsageError(
                f"Trading stays halted: {error}.", advice="Mend the folder run/ of the data."
            ) from None
        self._damaged, self._halts = False, ()
        for way in lost:
            self._orders.forget(way.action_id)
        if done:
            self._tell("acknowledged", by, " ".join(halt.detail for halt in done))
        return done

    # How it stands ------------------------------------------------------------------------------

    @property
    def halted(self) -> str:
        """Why nothing is pressed, in words; empty where nothing halts."""
        return " ".join(halt.detail or halt.reason for halt in self._halts)

    def state(self) -> State:
        """Return which of the three states the gate is in."""
        if self._halts or self.switch.fallen or self._unrecorded():
            return "HALTED"
        session, day = self._losses()
        spent = session >= self._settings.max_loss_session_sol
        spent |= day >= self._settings.max_loss_day_sol
        return "REDUCING" if spent or self._ran_out else "ACTIVE"

    def status(self) -> GateStatus:
        """Describe the gate for people and pages."""
        self.notice()
        session, day = self._losses()
        return GateStatus(
            state=self.state(),
            killed=self.switch.fallen,
            halts=self._halts,
            origin=self._origin,
            mode=limits.mode_of(self._origin),
            live_enabled=self._settings.live_enabled,
            allow_live=self._allow_live,
            armed_until_us=None if self._arming is None else self._arming.until_us,
            phrase=self.phrase,
            limits=self._settings.model_dump(exclude={"live_enabled"}),
            loss_session_sol=session,
            loss_day_sol=day,
            orders_last_minute=self._orders.recent(sells=False),
            sells_last_minute=self._orders.recent(sells=True),
            under_way=self._orders.under_way,
            unrecorded=self._unrecorded(),
        )

    def notice(self) -> None:
        """Look at the kill switch and the clocks; called before each decision and by a watch."""
        if self.switch.fallen and not self._halts_by("kill"):
            self.halt("kill", f"The kill switch fell: {self.switch.by}.", by=self.switch.by)
        if self._arming is not None and self._arming.over(self._clock):
            self._arming, self._ran_out = None, self._open_or_coming()
            self._tell("disarmed", "", "the time is over")
        for way in self._orders.overdue():
            self._lose_sight(way, f"nothing was heard for {OVERDUE_S:g} s")

    # Inside -------------------------------------------------------------------------------------

    def _withdrawn(self, order: Order, game_id: str | None) -> Refusal | None:
        """Refuse a press whose permit was given, by what is known now."""
        self.notice()
        scene = self._scene
        if scene is None or self._orders.get(order.action_id) is None:
            return Refusal(code="action_over", message="This action is over. Give a new order.")
        if scene.game_id != game_id:
            return Refusal(code="game_over", message="The game of this order is over.")
        age_s = scene.tick_age_s
        if age_s is not None:
            age_s += self._clock.monotonic() - self._seen_s
        return self._judge(order, replace(limits.others(scene, order), tick_age_s=age_s))

    def _judge(self, order: Order, scene: Scene) -> Refusal | None:
        """Hold an order against every rule, with what the gate itself knows to be under way."""
        ours = self._orders.coming(order.action_id)
        if ours:
            scene = replace(scene, under_way=max(scene.under_way, ours))
        session, day = self._losses()
        counted = self._orders.get(order.action_id) is not None
        facts = Facts(
            settings=self._settings,
            origin=self._origin,
            switches=self._switches(armed=self._arming is not None),
            arming_ran_out=self._ran_out,
            halted=self.halted,
            under_way=tuple(way.action_type for way in self._orders.others(order.action_id)),
            recent=self._orders.recent(sells=order.action_type == "SELL") - counted,
            loss_session=session,
            loss_day=day,
        )
        return limits.refused(order, scene, facts)

    def _begin(self, order: Order, scene: Scene) -> Refusal | None:
        """Write the order down before its first press; refuse where the disk does."""
        self._orders.begin(order, scene.game_id)
        if self._keep():
            return None
        self._orders.forget(order.action_id)
        return Refusal(code="disk", message="The order cannot be written down. Mend the disk.")

    def _stop(self, reason: HaltReason, detail: str, by: str = "") -> None:
        self._halts += (Halt(reason=reason, detail=detail, by=by, at_us=self._clock.now_us()),)
        self._arming, self._ran_out = None, False
        left = {"not_undone": self.report().not_undone} if reason == "kill" else {}
        log.warning("trading halted", reason=reason, detail=detail, by=by, **left)

    def _halts_by(self, reason: HaltReason) -> list[str]:
        return [halt.detail for halt in self._halts if halt.reason == reason]

    def _switches(self, *, armed: bool) -> Switches:
        return Switches(self._settings.live_enabled, self._allow_live, armed)

    def _losses(self) -> tuple[Decimal, Decimal]:
        """Return what was lost in this session and on this day."""
        session = ZERO if self._book is None else self._book.loss_session
        return session, of_today(self._book, self._clock.now_us())

    def _open_or_coming(self) -> bool:
        position = None if self._scene is None else self._scene.position_qty
        return position is None or position > 0 or bool(self._orders.under_way)

    def _lose_sight(self, way: UnderWay, why: str) -> None:
        self._orders.lose_sight(way.action_id)
        amount = way.amount
        what = f"{way.percentage} %" if amount is None else f"{limits.plain(amount)} SOL"
        self.halt("unknown", f"What became of {way.action_type} {what} ({way.action_id}): {why}.")

    def _remember(self) -> None:
        try:
            saved = self._memory.load()
        except DamageError as error:
            self._damaged = True
            # How many orders the last minute had is not known: as many as are allowed.
            full = (self._clock.now_us(),) * self._settings.orders_per_minute
            self._orders.resume((), full, full)
            self.halt("damaged", str(error))
            return
        self._halts = saved.halts
        self._book = None if saved.book is None else resumed(saved.book)
        self._kept = self._book
        self._orders.resume(saved.under_way, saved.orders, saved.sells)
        for way in self._orders.under_way:
            if way.action_id not in self.halted:
                self._lose_sight(way, "the service ended before it was told")

    def _saved(self) -> Saved:
        return Saved(
            halts=self._halts,
            under_way=self._orders.written,
            book=self._book,
            orders=self._orders.stamps(sells=False),
            sells=self._orders.stamps(sells=True),
        )

    def _keep(self) -> bool:
        """Write down what must outlive the process; where the disk refuses, halt."""
        if self._damaged:
            return False
        try:
            self._memory.keep(self._saved())
        except OSError as error:
            log.error("trading memory not kept", error=repr(error))
            detail = f"{self._memory.path} cannot be written: {error.strerror or error}."
            if not self._halts_by("disk"):
                self._stop("disk", detail)
                self._tell("halted", "", detail)
            return False
        self._kept = self._book
        return True

    def _tell(self, kind: EventKind, by: str = "", detail: str = "") -> None:
        self._listen(GateEvent(kind=kind, by=by, detail=detail, at_us=self._clock.now_us()))
