"""Losses are measured from the account itself, and neither deposits nor restarts hide one."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import msgspec
import pytest
from tests.gate_support import Clock, make_scene

from vectra_player.trading.losses import Book, observed, of_today, resumed


class Account:
    """An account that is observed each time it is told to change."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.book: Book | None = None

    def is_now(self, cash: str, after_s: float = 1.0, **changes: Any) -> None:
        self.clock.pass_s(after_s)
        scene = make_scene(self.clock, cash=Decimal(cash), **changes)
        self.book = observed(self.book, scene)

    def restarts(self) -> None:
        assert self.book is not None
        kept = msgspec.json.decode(msgspec.json.encode(self.book), type=Book)
        self.book = resumed(kept)

    @property
    def losses(self) -> tuple[Decimal, Decimal]:
        assert self.book is not None
        return self.book.loss_session, of_today(self.book, self.clock.now_us())


def lost(session: str, day: str | None = None) -> tuple[Decimal, Decimal]:
    return Decimal(session), Decimal(session if day is None else day)


@pytest.fixture
def account() -> Account:
    found = Account()
    found.is_now("1")
    return found


def test_what_is_gone_is_lost_and_what_is_won_comes_off(account: Account) -> None:
    account.is_now("0.9", at_risk=Decimal("0.1"))
    assert account.losses == lost("0")
    account.is_now("0.9")
    assert account.losses == lost("0.1")
    account.is_now("0.8", at_risk=Decimal("0.1"))
    account.is_now("1.3")
    assert account.losses == lost("-0.3")


def test_a_holding_counts_at_the_current_price(account: Account) -> None:
    held = {"position_qty": Decimal("0.1"), "avg_cost": 1.0}
    account.is_now("0.9", price=1.0, **held)
    account.is_now("0.9", price=0.5, **held)
    assert account.losses == lost("0.05")
    account.is_now("0.9", price=3.0, **held)
    assert account.losses == lost("-0.2")


def test_a_stake_that_is_paid_late_is_no_deposit(account: Account) -> None:
    account.is_now("0.9", 60, at_risk=Decimal("0.1"))
    account.is_now("0.9", 10)  # the bet is over, its payout is not there yet
    assert account.losses == lost("0.1")
    account.is_now("1.4", 1)
    assert account.losses == lost("-0.4")


def test_a_deposit_hides_no_loss(account: Account) -> None:
    account.is_now("0.9")
    account.is_now("5.9", 60)
    assert account.losses == lost("0.1")
    account.is_now("5.8")
    assert account.losses == lost("0.2")


def test_a_withdrawal_counts_as_a_loss(account: Account) -> None:
    account.is_now("0.4", 60)
    assert account.losses == lost("0.6")


def test_an_account_that_is_not_known_changes_nothing(account: Account) -> None:
    account.is_now("0.9")
    before = account.losses
    account.book = observed(account.book, make_scene(account.clock, cash=None))
    account.book = observed(account.book, make_scene(account.clock, position_qty=None))
    account.book = observed(account.book, make_scene(account.clock, page_origin=None))
    assert account.losses == before


def test_another_account_is_no_result(account: Account) -> None:
    account.is_now("0.9")
    account.is_now("0.1", page_origin="http://127.0.0.1:9999")
    assert account.losses == lost("0.1")
    account.is_now("0.05", page_origin="http://127.0.0.1:9999")
    assert account.losses == lost("0.15")


def test_a_new_day_begins_with_no_loss_and_the_session_goes_on(account: Account) -> None:
    account.is_now("0.9")
    account.clock.pass_s(86_400)
    assert account.losses == lost("0.1", "0")
    account.is_now("0.8")
    assert account.losses == lost("0.2", "0.1")


def test_a_clock_that_is_set_back_makes_no_new_day(account: Account) -> None:
    account.is_now("0.9")
    account.clock.us -= 3 * 86_400_000_000
    assert account.losses == lost("0.1")
    account.is_now("0.8")
    assert account.losses == lost("0.2")


def test_a_clock_that_goes_back_over_midnight_and_forth_makes_no_new_day(
    account: Account,
) -> None:
    account.is_now("0.9")
    account.is_now("0.9", -86_400)
    account.is_now("0.8", 86_400)
    assert account.losses == lost("0.2")


def test_the_loss_of_the_day_outlives_the_service(account: Account) -> None:
    account.is_now("0.9")
    account.restarts()
    assert account.losses == lost("0", "0.1")
    account.is_now("0.7")  # lost while nobody looked
    assert account.losses == lost("0", "0.3")
    account.is_now("0.6")
    assert account.losses == lost("0.1", "0.4")


def test_money_that_came_while_nobody_looked_hides_no_loss(account: Account) -> None:
    account.is_now("0.9")
    account.restarts()
    account.is_now("4")
    assert account.losses == lost("0", "0.1")


def test_a_break_over_midnight_brings_nothing_into_the_new_day(account: Account) -> None:
    account.is_now("0.9")
    account.restarts()
    account.is_now("0.2", 86_400)
    assert account.losses == lost("0", "0")
