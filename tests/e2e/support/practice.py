"""A practice service as tests ask it: orders in, outcomes out, and what its game server got."""

from __future__ import annotations

import json
import urllib.request
from typing import Any

from tests.command_support import run_warm, wait_until
from tests.foundation_support import Site

OVER = ("CONFIRMED", "REJECTED", "BLOCKED", "UNKNOWN")
ROWS = (
    "SELECT * REPLACE (epoch_ms(press_ts) AS press_ts, epoch_ms(client_ts) AS client_ts) "
    "FROM player_action"
)
NOT_YET = {
    *("stale", "phase", "position_unknown", "disabled", "moving", "covered"),
    *("no_page", "page_unknown", "page_gone", "page_reloaded", "page_failed", "no_listener"),
    *("two_pages", "game_over", "too_late", "sign", "cash_unknown"),
}
"""Refusals of a page that is coming back."""
NOT_LOGGED_IN_YET = "Authentication required"
"""What the server says to a page that is back, and has not been logged in again."""

ROOMY = {
    "VECTRA_TRADE_ORDERS_PER_MINUTE": "60",
    "VECTRA_TRADE_MAX_LOSS_SESSION_SOL": "1",
    "VECTRA_TRADE_MAX_LOSS_DAY_SOL": "1",
}
"""Limits that tests of something else do not meet."""


class Practice:
    """The service, and the demo server behind its page."""

    def __init__(self, up: Site) -> None:
        self.up = up
        self.server = up.get("/api/trade/gate").json["origin"]
        self.silent: list[tuple[float, float]] = []
        """From when to when nothing may have been pressed, in ms UTC."""

    def fault(self, **fault: object) -> None:
        """Have the server do something wrong."""
        request = urllib.request.Request(
            f"{self.server}/__demo__/fault",
            json.dumps(fault).encode(),
            {"Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request) as answer:
            assert answer.status == 202

    def account(self) -> dict[str, Any]:
        """Return the account and what was done, once the server has told the account."""

        def known() -> dict[str, Any] | None:
            answer = self.up.get("/api/trade?mode=PRACTICE")
            assert answer.status in (200, 409), answer
            return answer.json if answer.status == 200 else None

        told: dict[str, Any] = wait_until(known, "the account is known")
        return told

    def gate(self) -> dict[str, Any]:
        """Return what trading may do."""
        told: dict[str, Any] = self.up.get("/api/trade/gate").json
        return told

    def order(self, what: str, **value: object) -> dict[str, Any]:
        """Give an order, again while a toast covers the buttons; return what became of it."""
        return wait_until(
            lambda: (
                (note := self.try_order(what, **value))
                and not (note["error"] or "").startswith("covered")
                and note
            ),
            "a page that is not covered",
        )

    def try_order(self, what: str, **value: object) -> dict[str, Any]:
        """Give an order once; return the note of what became of it."""
        note = self.give(what, **value)
        return note if note["outcome"] is not None else self.outcome(note["action_id"])

    def give(self, what: str, **value: object) -> dict[str, Any]:
        """Give an order and do not wait; return the note of its being taken in."""
        answer = self.up.post(f"/api/trade/{what}", {**value, "mode": "PRACTICE"}).json
        note: dict[str, Any] = answer["action"]
        return note

    def outcome(self, action_id: str) -> dict[str, Any]:
        """Wait for the end of an order."""

        def ended() -> dict[str, Any] | None:
            notes = self.account()["actions"]
            mine = (note for note in notes if note["action_id"] == action_id)
            return next((note for note in mine if note["outcome"] in OVER), None)

        note: dict[str, Any] = wait_until(ended, f"the outcome of {action_id}")
        return note

    def halted(self) -> str:
        """Wait until trading is halted; return why."""
        told = wait_until(
            lambda: (gate := self.gate())["state"] == "HALTED" and gate, "trading halts"
        )
        return " ".join(told["halts"])

    def go_on(self) -> None:
        """Acknowledge a halt, as a person who looked."""
        assert self.up.post("/api/trade/acknowledge", {}).json["state"] == "ACTIVE"

    def orders(self) -> list[dict[str, Any]]:
        """Return the orders the server got, oldest first."""
        with urllib.request.urlopen(f"{self.server}/__demo__/state") as answer:
            told: list[dict[str, Any]] = json.load(answer)["orders"]
        return told

    def order_when_back(self, what: str, **value: object) -> dict[str, Any]:
        """Give an order again until frames of the game come again; return what became of it."""

        def answered() -> dict[str, Any] | None:
            note = self.order(what, **value)
            error = note["error"] or ""
            early = error.partition(":")[0] in NOT_YET or NOT_LOGGED_IN_YET in error
            return None if early else note

        note: dict[str, Any] = wait_until(answered, "the game's frames")
        return note

    def rows(self) -> list[dict[str, Any]]:
        """Return the rows of player_action; the service must have ended, or be flushed."""
        told = run_warm("--data-dir", self.up.root, "--json", "query", ROWS).json
        return [dict(zip(told["columns"], row, strict=True)) for row in told["rows"]]
