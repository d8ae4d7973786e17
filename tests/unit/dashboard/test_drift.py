"""What differs from the known protocol is found; what does not is left alone."""

from __future__ import annotations

from typing import Any

import msgspec

from vectra_player.dashboard.data.drift import Drift, drift, known_fields
from vectra_player.protocol.rugs import PAYLOADS
from vectra_player.store.profile import SessionMark, StoreProfile
from vectra_player.store.profile_paths import EventProfile

DAY_US = 86_400_000_000


def profile(*payloads: Any, name: str = "newTrade", every_us: int = DAY_US) -> StoreProfile:
    event = EventProfile(name, "received")
    for number, payload in enumerate(payloads):
        event.add(number * every_us, 10, payload, decoded=True)
    mark = SessionMark(len(payloads), 0, len(payloads) * every_us)
    return StoreProfile(events={f"{name} received": event}, sessions={"s1": mark})


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


def test_a_field_that_is_missing_for_more_than_a_day_has_vanished() -> None:
    gone = {k: v for k, v in trade().items() if k != "price"}
    found = drift(profile(trade(), trade(), trade(), gone, gone))
    assert kinds(found) == {("vanished field", "$.price")}
    assert drift(profile(trade(), gone, every_us=1000)) == []


def test_captures_that_keep_the_arguments_as_a_list_do_not_drift() -> None:
    trace = {"__trace": True, "traceparent": "00-0-0-01"}
    assert drift(profile([trace, trade()])) == []


def test_our_own_facts_and_packets_without_a_name_are_not_judged() -> None:
    for name in ("vectra.gap", "legacy.tick", "ping", "connect"):
        assert drift(profile({"a": 1}, name=name)) == []


def test_every_known_payload_can_be_walked() -> None:
    for payload in PAYLOADS.values():
        known = known_fields(payload)
        assert "$" in known.kinds or "$" in known.open
        assert issubclass(payload, msgspec.Struct)
