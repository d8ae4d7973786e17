"""What was lost, measured from the account as the server tells it. Pure; used by `gate`.

A running sum of changes, so that it goes on over a restart. The player's own trades count too:
it is one account. Two things are no result: another account, and money that comes in while
nothing has been at risk for a while. A withdrawal counts as a loss: to stop is the safe mistake.
"""

from __future__ import annotations

from decimal import Decimal

from msgspec import Struct

from vectra_player.model.units import Micros
from vectra_player.trading.limits import equity
from vectra_player.trading.records import ZERO, Scene

DAY_US = 86_400_000_000

QUIET_US = 10_000_000
"""A won sidebet is paid within a second of its end (docs/protocol.md section 8)."""


class Book(Struct, frozen=True, kw_only=True):
    """The losses of one account. SOL; negative: won. `day`: UTC, since 1970.

    `quiet_since_us`: nothing has been at risk since then. `resumed`: taken from a file, and no
    frame has told the account yet.
    """

    origin: str
    equity: Decimal
    day: int
    loss_day: Decimal = ZERO
    loss_session: Decimal = ZERO
    quiet_since_us: Micros | None = None
    resumed: bool = False

    def __post_init__(self) -> None:
        if not all(v.is_finite() for v in (self.equity, self.loss_day, self.loss_session)):
            raise ValueError("an amount is no number")


def resumed(book: Book) -> Book:
    """Return the book as a new start of the service goes on with it."""
    return Book(
        origin=book.origin,
        equity=book.equity,
        day=book.day,
        loss_day=book.loss_day,
        resumed=True,
    )


def observed(book: Book | None, scene: Scene) -> Book | None:
    """Carry the book over what a scene says of the account; unchanged where it does not say."""
    now = equity(scene)
    if now is None or scene.page_origin is None:
        return book
    day = scene.now_us // DAY_US
    if book is None:
        return Book(origin=scene.page_origin, equity=now, day=day, quiet_since_us=_quiet(scene))
    change = _result(book, scene, now, day)
    return Book(
        origin=scene.page_origin,
        equity=now,
        # A clock set back over midnight and forth again makes no new day either.
        day=book.day if day == book.day - 1 else day,
        loss_day=_of_today(book, day) - change,
        loss_session=book.loss_session - (ZERO if book.resumed else change),
        quiet_since_us=_quiet(scene, book.quiet_since_us),
    )


def must_be_kept(kept: Book | None, book: Book | None) -> bool:
    """Tell whether a restart from `kept` would forget a loss that `book` knows.

    On one day of one account, what the account fell by since is found again; a change that was no
    result is not.
    """
    if book is None or book.resumed:
        return False
    if kept is None or (kept.origin, kept.day) != (book.origin, book.day):
        return True
    return kept.equity + kept.loss_day != book.equity + book.loss_day


def of_today(book: Book | None, now_us: Micros) -> Decimal:
    """Return the loss of the UTC day at a moment."""
    return ZERO if book is None else _of_today(book, now_us // DAY_US)


def _of_today(book: Book, day: int) -> Decimal:
    # A clock that was set back makes no new day: what was lost is still lost.
    return ZERO if day > book.day else book.loss_day


def _result(book: Book, scene: Scene, now: Decimal, day: int) -> Decimal:
    """Return what of the change of the account was won (or, negative, lost)."""
    change = now - book.equity
    if scene.page_origin != book.origin:
        return ZERO
    if book.resumed:
        # What came in meanwhile may be a deposit. What is gone is gone, unless the day is over.
        return min(change, ZERO) if day <= book.day else ZERO
    since = book.quiet_since_us
    was_quiet = since is not None and scene.now_us - since >= QUIET_US
    return ZERO if change > 0 and was_quiet and _quiet(scene) is not None else change


def _quiet(scene: Scene, since_us: Micros | None = None) -> Micros | None:
    if scene.position_qty or scene.at_risk or scene.under_way:
        return None
    return scene.now_us if since_us is None else since_us
