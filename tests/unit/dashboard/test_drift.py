"""What differs from the known protocol is found; what does not is left alone."""

from __future__ import annotations

import re
from typing import Any

import msgspec
from tests.docs_support import PROJECT

from vectra_player.dashboard.data.drift import Drift, drift, known_fields
from vectra_player.protocol.known import NAMES
from vectra_player.protocol.rugs import PAYLOADS
from vectra_player.store.profile import StoreProfile
from vectra_player.store.profile_paths import EventProfile

DAY_US = 86_400_000_000


def profile(*payloads: Any, name: str = "newTrade", every_us: int = DAY_US) -> StoreProfile:
    event = EventProfile(name, "received")
    for number, payload in enumerate(payloads):
        event.add(number * every_us, 10, payload, decoded=True, session_id=f"s{number + 1}")
    return StoreProfile(events={f"{name} received": event})


def trade(**changes: Any) -> dict[str, Any]:
    return {"id": "t", "gameId": "g", "type": "buy", "amount": 1.0, "price": 1.5} | changes


def kinds(found: list[Drift]) -> set[tuple[str, str]]:
    return {(line.kind, line.path) for line in found}


def test_what_the_protocol_knows_does_not_drift() -> None:
    assert drift(profile(trade(), trade(amount=2))) == []


def test_an_unknown_event_is_new_and_names_the_session_that_shows_it() -> None:
    (line,) = drift(profile({"a": 1}, name="brandNewEvent"))
    assert (line.kind, line.event, line.session_id) == ("new event", "brandNewEvent", "s1")


def test_a_new_field_is_told_once_and_not_what_lies_in_it() -> None:
    assert kinds(drift(profile(trade(extra={"deep": [1]})))) == {("new field", "$.extra")}


def test_a_value_of_another_type_is_told() -> None:
    (line,) = drift(profile(trade(), trade(price="1.5")))
    assert (line.kind, line.path) == ("type change", "$.price")
    assert line.words.startswith("string where")
    assert (line.ts, line.session_id) == (DAY_US, "s2")


def test_a_field_that_is_missing_for_more_than_a_day_has_vanished() -> None:
    gone = {k: v for k, v in trade().items() if k != "price"}
    found = drift(profile(trade(), trade(), trade(), gone, gone))
    assert kinds(found) == {("vanished field", "$.price")}
    assert [line.session_id for line in found] == ["s3"]
    assert drift(profile(trade(), gone, every_us=1000)) == []


def test_captures_that_keep_the_arguments_as_a_list_do_not_drift() -> None:
    trace = {"__trace": True, "traceparent": "00-0-0-01"}
    assert drift(profile([trace, trade()])) == []


def test_events_known_by_name_alone_are_not_new_and_their_fields_are_not_judged() -> None:
    assert drift(profile({"any": 1}, name="rugpassStatus")) == []


def test_keys_that_are_data_are_known_and_their_values_are_judged() -> None:
    told = {"id": "me", "shitcoinBalances": {"0xPractice": 5}}
    assert drift(profile(told, name="playerUpdate")) == []
    odd = {"id": "me", "shitcoinBalances": {"0xPractice": "5"}}
    (line,) = drift(profile(told, odd, name="playerUpdate"))
    assert (line.kind, line.path) == ("type change", "$.shitcoinBalances.0xPractice")


def test_multiples_are_spelt_as_on_the_wire() -> None:
    told = {"gameId": "g", "count2x": 40, "count100x": 1, "godCandle50xMassiveJump": [0.5, 5.0]}
    assert drift(profile(told, name="gameStateUpdate")) == []


def test_every_event_of_the_protocol_reference_is_known() -> None:
    text = (PROJECT / "docs" / "protocol.md").read_text("utf-8")
    table = text.partition("## 2. Events")[2].partition("Code and notes name these")[0]
    rows = [line.split("|")[1] for line in table.splitlines() if line.startswith("| ")]
    names = {name for row in rows for name in re.findall(r"`([\w/]+)`", row)} - {"connect"}
    assert len(names) > 25
    assert names <= NAMES


def test_our_own_facts_and_packets_without_a_name_are_not_judged() -> None:
    for name in ("vectra.gap", "legacy.tick", "ping", "connect"):
        assert drift(profile({"a": 1}, name=name)) == []


def test_every_known_payload_can_be_walked() -> None:
    for payload in PAYLOADS.values():
        known = known_fields(payload)
        assert "$" in known.kinds or "$" in known.open
        assert issubclass(payload, msgspec.Struct)
