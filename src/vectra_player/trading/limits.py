"""The rules an order must pass before anything is pressed. Pure: facts in, a refusal out.

Used by `gate`, which knows the facts. The first rule that refuses is told; what stands first is
what a person must mend first. Limits stop new risk: a SELL is never refused for a loss, an
amount or the count of other orders.
"""

from __future__ import annotations

import ipaddress
import math
from collections.abc import Callable
from decimal import Decimal
from urllib.parse import urlsplit

from msgspec import Struct
from msgspec.structs import replace

from vectra_player.config import TradeSettings
from vectra_player.game.sidebet import MIN_STAKE_SOL
from vectra_player.model.units import to_sol
from vectra_player.protocol.phases import GamePhase
from vectra_player.trading.records import SHARES, ZERO, ClickMode, Order, OrderType, Refusal, Scene

STALE_S = 2.0
"""Frames come every 250 ms in a game, every 100 ms between games."""

RATE_WINDOW_S = 60.0

MAX_PRESSES = 64
"""Of an amount button for one order: the dearest amount of fewer presses is below it."""

PHASES: dict[OrderType, tuple[GamePhase, ...]] = {
    "BUY": (GamePhase.BETTING, GamePhase.LIVE),
    "SELL": (GamePhase.LIVE,),
    "SIDEBET": (GamePhase.BETTING, GamePhase.LIVE),
}

AMOUNT_BUTTONS = ("CLEAR", "+0.001", "+0.01", "+0.1", "+1", "1/2", "X2", "MAX")
"""Buttons that set the amount of BUY and SIDEBET, by their names in selectors.toml."""


class Switches(Struct, frozen=True):
    """The three switches of live trading. Each is set in another place, by another act."""

    live_enabled: bool
    allow_live: bool
    armed: bool

    @property
    def live(self) -> bool:
        """Whether all three agree."""
        return self.live_enabled and self.allow_live and self.armed


class Facts(Struct, frozen=True, kw_only=True):
    """What the gate knows beside the scene.

    `origin`: of the game page that was opened. `arming_ran_out`: live was armed, its time is
    over, and a position was open then. `loss_session`, `loss_day`: SOL lost so far, a holding at
    the current price included; negative: won. `recent`: orders of the last minute that count
    against this one. `under_way`: types of orders whose outcome is open.
    """

    settings: TradeSettings
    origin: str
    switches: Switches
    arming_ran_out: bool = False
    halted: str = ""
    under_way: tuple[str, ...] = ()
    recent: int = 0
    loss_session: Decimal = ZERO
    loss_day: Decimal = ZERO


def refused(order: Order, scene: Scene, facts: Facts) -> Refusal | None:
    """Return why an order is not carried out; None where nothing speaks against it."""
    return next((found for rule in _RULES if (found := rule(order, scene, facts))), None)


def buttons_of(order: Order) -> tuple[str, ...]:
    """Return the buttons an order may press: its own, and those that set it up."""
    if order.action_type == "SELL":
        return "SELL", f"{order.percentage}%"
    return order.action_type, *AMOUNT_BUTTONS


def mode_of(origin: str | None) -> ClickMode | None:
    """Return the mode a page is traded in: practice on this machine, else live; None: no page."""
    host = _host_of(origin or "")
    if not host:
        return None
    return "practice" if _is_loopback(host) else "live"


def exposure(scene: Scene) -> Decimal:
    """Return what is at risk: the holding at cost, the open sidebet, orders under way."""
    quantity = scene.position_qty or ZERO
    held = to_sol(quantity * Decimal(str(scene.avg_cost))) if quantity and scene.avg_cost else ZERO
    return held + scene.at_risk + scene.under_way


def others(scene: Scene, order: Order) -> Scene:
    """Return the scene without an order that is among those under way."""
    left = scene.under_way - (order.amount or ZERO)
    return replace(scene, under_way=max(left, ZERO) if left.is_finite() else left)


def equity(scene: Scene) -> Decimal | None:
    """Return cash, stake and the holding at the current price; None where a part is not known."""
    parts = (scene.cash, scene.position_qty, scene.at_risk)
    if not all(part is not None and part.is_finite() for part in parts) or not _priced(scene):
        return None
    return to_sol((scene.cash or ZERO) + scene.at_risk + worth(scene))


def worth(scene: Scene) -> Decimal:
    """Return what the holding would bring at the current price."""
    quantity = scene.position_qty or ZERO
    if not quantity or scene.price is None:
        return ZERO
    return to_sol(quantity * Decimal(str(scene.price)))


def live_refusal(switches: Switches) -> Refusal | None:
    """Return which of the three switches of live trading is missing."""
    if not switches.live_enabled:
        return Refusal(
            code="live_disabled",
            message="Live trading is off. "
            "Set live_enabled = true below [trade] in config.toml and start again.",
        )
    if not switches.allow_live:
        return Refusal(
            code="live_not_allowed",
            message="This service was started without --allow-live. Start it with that option.",
        )
    if not switches.armed:
        return Refusal(
            code="not_armed", message="Live trading is not armed. `vectra-player trade arm` does."
        )
    return None


def _halted(order: Order, scene: Scene, facts: Facts) -> Refusal | None:
    if not facts.halted:
        return None
    return Refusal(
        code="halted",
        message=f"Trading is halted: {facts.halted} Look at the game page, then "
        "`vectra-player trade acknowledge`.",
    )


def _well_formed(order: Order, scene: Scene, facts: Facts) -> Refusal | None:
    if order.action_type not in PHASES or not order.action_id:
        return Refusal(code="bad_order", message="An order is BUY, SELL or SIDEBET and has an id.")
    if order.action_type == "SELL":
        if order.amount is not None or order.percentage not in SHARES:
            shares = ", ".join(str(share) for share in SHARES)
            return Refusal(code="bad_share", message=f"A SELL names one of {shares} percent.")
        return None
    amount = order.amount
    if order.percentage is not None or amount is None or not amount.is_finite():
        return Refusal(code="bad_amount", message=f"A {order.action_type} names an amount in SOL.")
    if amount < MIN_STAKE_SOL:
        return Refusal(
            code="bad_amount",
            message=f"{plain(amount)} SOL is below the least, {MIN_STAKE_SOL} SOL.",
        )
    return None


def _possible(order: Order, scene: Scene, facts: Facts) -> Refusal | None:
    """Refuse a scene nobody can be in: a limit measured from it would mean nothing."""
    told = (scene.cash, scene.position_qty, scene.at_risk, scene.under_way)
    if all(value is None or (value.is_finite() and value >= 0) for value in told):
        return None
    return Refusal(code="bad_scene", message="The account cannot be as told. Reload the page.")


def _on_the_page(order: Order, scene: Scene, facts: Facts) -> Refusal | None:
    mode = mode_of(scene.page_origin)
    if mode is None:
        return Refusal(
            code="page_unknown", message="The game page is not open. Open it, or reload it."
        )
    if scene.page_origin != facts.origin:
        return Refusal(
            code="page_elsewhere",
            message=f"The page is {scene.page_origin}, not {facts.origin}. Go back to the game.",
        )
    if order.mode != mode:
        return Refusal(
            code="wrong_mode",
            message=f"The page {scene.page_origin} is for {mode}; this order is for {order.mode}.",
        )
    return None


def _switched_on(order: Order, scene: Scene, facts: Facts) -> Refusal | None:
    if order.mode == "practice":
        return None
    found = live_refusal(facts.switches)
    way_out = facts.arming_ran_out and order.action_type == "SELL"
    return None if found is not None and found.code == "not_armed" and way_out else found


def _recorded(order: Order, scene: Scene, facts: Facts) -> Refusal | None:
    if scene.recording:
        return None
    return Refusal(
        code="recording_off",
        message="Nothing is pressed unrecorded. Start the recording, or see why it halts.",
    )


def _visible(order: Order, scene: Scene, facts: Facts) -> Refusal | None:
    if scene.visible:
        return None
    return Refusal(code="tab_hidden", message="The game's tab is not on the screen. Bring it up.")


def _fresh(order: Order, scene: Scene, facts: Facts) -> Refusal | None:
    age = scene.tick_age_s
    if age is not None and 0 <= age <= STALE_S:  # NaN is no age either
        return None
    since = "No frame of the game came" if age is None else f"The last frame is {age:.1f} s old"
    return Refusal(code="stale", message=f"{since}; {STALE_S:g} s are allowed. Wait for the next.")


def _in_phase(order: Order, scene: Scene, facts: Facts) -> Refusal | None:
    allowed = PHASES[order.action_type]
    if scene.phase in allowed and scene.game_id:
        return None
    return Refusal(
        code="phase",
        message=f"No {order.action_type} in {scene.phase}: only in {' and '.join(allowed)}.",
    )


def _alone(order: Order, scene: Scene, facts: Facts) -> Refusal | None:
    if order.action_type not in facts.under_way:
        return None
    return Refusal(
        code="under_way",
        message=f"A {order.action_type} is under way. Wait for what becomes of it.",
    )


def _within_rate(order: Order, scene: Scene, facts: Facts) -> Refusal | None:
    most = facts.settings.orders_per_minute
    if facts.recent < most:
        return None
    return Refusal(
        code="rate", message=f"{most} orders in 60 s are reached (trade.orders_per_minute). Wait."
    )


def _something_to_sell(order: Order, scene: Scene, facts: Facts) -> Refusal | None:
    if order.action_type != "SELL":
        return None
    if scene.position_qty is None:
        return Refusal(
            code="position_unknown",
            message="The server has not told the position. Reload the page.",
        )
    if scene.position_qty > 0:
        return None
    return Refusal(code="no_position", message="There is nothing to sell.")


def _account_known(order: Order, scene: Scene, facts: Facts) -> Refusal | None:
    if order.action_type == "SELL":
        return None
    if scene.cash is None:
        return Refusal(
            code="cash_unknown", message="The server has not told the balance. Reload the page."
        )
    costless = scene.position_qty and not _is_positive(scene.avg_cost)
    if scene.position_qty is None or costless or not _priced(scene):
        return Refusal(
            code="position_unknown",
            message="The server has not told the position. Reload the page.",
        )
    if order.action_type == "SIDEBET" and scene.at_risk:
        return Refusal(code="open_bet", message="A sidebet is open; the game takes one at a time.")
    return None


def _within_losses(order: Order, scene: Scene, facts: Facts) -> Refusal | None:
    """Refuse what could end below a loss limit if all that is at risk were lost."""
    if order.action_type == "SELL":
        return None
    could_lose = worth(scene) + scene.at_risk + scene.under_way + _amount(order)
    for name, lost in (("session", facts.loss_session), ("day", facts.loss_day)):
        limit: Decimal = getattr(facts.settings, f"max_loss_{name}_sol")
        if lost + could_lose > limit:
            return Refusal(
                code=f"loss_{name}",
                message=f"{_shown(lost)} SOL of this {name} are lost and {_shown(could_lose)} more "
                f"would be at risk: above trade.max_loss_{name}_sol {limit}.",
            )
    return None


def _within_stake(order: Order, scene: Scene, facts: Facts) -> Refusal | None:
    limit = facts.settings.max_stake_sol
    if _amount(order) <= limit:
        return None
    return Refusal(
        code="stake",
        message=f"{plain(_amount(order))} SOL is above trade.max_stake_sol {limit}.",
    )


def _affordable(order: Order, scene: Scene, facts: Facts) -> Refusal | None:
    if order.action_type == "SELL" or scene.cash is None:
        return None
    left = scene.cash - scene.under_way
    if _amount(order) <= left:
        return None
    return Refusal(
        code="cash",
        message=f"{plain(_amount(order))} SOL is more than the {plain(left)} SOL that are free.",
    )


def _within_exposure(order: Order, scene: Scene, facts: Facts) -> Refusal | None:
    if order.action_type == "SELL":
        return None
    limit, exposed = facts.settings.max_exposure_sol, exposure(scene) + _amount(order)
    if exposed <= limit:
        return None
    return Refusal(
        code="exposure",
        message=f"{_shown(exposed)} SOL would be at risk: above trade.max_exposure_sol {limit}.",
    )


Rule = Callable[[Order, Scene, Facts], Refusal | None]

_RULES: tuple[Rule, ...] = (
    *(_halted, _well_formed, _possible, _recorded, _on_the_page, _switched_on, _visible, _fresh),
    *(_in_phase, _alone, _within_rate, _something_to_sell, _account_known, _within_stake),
    *(_affordable, _within_exposure, _within_losses),
)


def plain(amount: Decimal) -> str:
    """Write an amount in full, without zeros at its end."""
    return f"{amount.normalize():f}"


def _amount(order: Order) -> Decimal:
    return order.amount or ZERO


def _shown(value: Decimal) -> str:
    """Write an amount without the digits of a price."""
    return f"{max(value, ZERO):.6f}".rstrip("0").rstrip(".")


def _priced(scene: Scene) -> bool:
    return not scene.position_qty or _is_positive(scene.price)


def _is_positive(value: float | None) -> bool:
    return value is not None and math.isfinite(value) and value > 0


def _host_of(origin: str) -> str:
    """Return the host of exactly `scheme://host[:port]`; empty for anything else."""
    try:
        parts = urlsplit(origin)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return ""
    plain = f"{parts.scheme}://{f'[{host}]' if ':' in host else host}"
    if parts.scheme not in ("http", "https"):
        return ""
    return host if origin in (plain, f"{plain}:{port}") else ""


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
