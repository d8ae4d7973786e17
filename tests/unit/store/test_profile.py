"""The profile counts each event once, however often and in whatever parts it is updated."""

from __future__ import annotations

import random
import sys
from typing import Any

import msgspec
import pytest

from vectra_player.store import profile as module
from vectra_player.store.profile import (
    read_profile,
    update_profile,
)
from vectra_player.store.profile_paths import MAX_ENUM, MAX_PATHS, EventProfile, collapse


def packet(value: object) -> str:
    return '42["e",' + msgspec.json.encode(value).decode() + "]"


def payload(rng: random.Random) -> dict[str, Any]:
    return {
        "price": rng.random() * 10,
        "phase": rng.choice(["A", "B"]),
        "tick": rng.randrange(1000),
        "board": [{"id": "did:privy:abc", "username": "Bob", "rank": n} for n in range(3)],
        "partialPrices": {"values": {str(n): 1.0 + n for n in range(5)}},
        **({"rare": None} if rng.random() < 0.2 else {}),
    }


def fill(tree: Any, session: str, seed: int, first: int = 1, count: int = 60) -> None:
    rng = random.Random(seed)
    tree.add(
        *(tree.ws(first + n, packet(payload(rng)), session, event_name="e") for n in range(count))
    )


def test_fields_show_counts_types_ranges_values_and_examples(tree: Any) -> None:
    fill(tree, "s1", 1)
    report = update_profile(tree.data_dir)
    assert (report.events, report.complete) == (60, True)
    event = read_profile(tree.data_dir).events["e received"]
    fields = event.fields
    assert event.count == fields["$"].events == fields["$.price"].events == 60
    assert fields["$.price"].types == {"number": 60}
    assert 0 <= (fields["$.price"].low or 0) < (fields["$.price"].high or 0) <= 10
    assert set(fields["$.phase"].values or {}) == {"A", "B"}
    assert fields["$.tick"].values is None
    assert fields["$.board[].rank"].seen == 180
    assert fields["$.board[].rank"].events == 60
    assert fields["$.board[].id"].example == "did:privy:…"
    assert fields["$.board[].username"].example == "…"
    assert fields["$.partialPrices.values.<n>"].seen == 300
    assert fields["$.rare"].types.keys() == {"null"}
    assert 0 < fields["$.rare"].events < 60
    assert sum(event.sizes.values()) == 60
    assert (event.first_ts, event.last_ts) == (tree.T0 + 250_000, tree.T0 + 60 * 250_000)


def test_many_small_updates_equal_one_full_pass(tree: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(tree, "s1", 1)
    update_profile(tree.data_dir)
    fill(tree, "s1", 2, first=61)
    fill(tree, "s2", 3)
    monkeypatch.setattr(module, "_CHUNK", 13)
    passes = 0
    while not update_profile(tree.data_dir, budget_s=0).complete:
        passes += 1
    assert passes > 3
    pieces = read_profile(tree.data_dir)
    monkeypatch.undo()
    update_profile(tree.data_dir, budget_s=60, rebuild=True)
    assert msgspec.to_builtins(pieces) == msgspec.to_builtins(read_profile(tree.data_dir))
    assert update_profile(tree.data_dir).events == 0


def test_a_damaged_profile_is_made_anew(tree: Any) -> None:
    fill(tree, "s1", 1)
    (tree.data_dir.manifests / "event_profile.json").write_text("{broken")
    assert update_profile(tree.data_dir).events == 60


def test_packets_without_payload_are_counted(tree: Any) -> None:
    tree.add(tree.ws(1, "2", packet_type="ping", event_name=None))
    update_profile(tree.data_dir)
    event = read_profile(tree.data_dir).events["ping received"]
    assert (event.count, event.undecodable, event.fields) == (1, 1, {})


def test_event_names_without_end_share_a_profile(
    tree: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MAX_EVENTS", 3)
    names = [*(f"e{n}" for n in range(6)), "e0", "x" * 1000]
    tree.add(*(tree.ws(n, packet({}), event_name=name) for n, name in enumerate(names, 1)))
    assert update_profile(tree.data_dir).events == len(names)
    counts = {name: one.count for name, one in read_profile(tree.data_dir).events.items()}
    assert counts == {
        "e0 received": 2,
        "e1 received": 1,
        "e2 received": 1,
        "(other events) received": 4,
    }


def test_hostile_payloads_stay_bounded() -> None:
    event = EventProfile("e", "received")
    event.add(1, 1, {f"key{n}": n for n in range(MAX_PATHS * 2)}, decoded=True)
    assert len(event.fields) == MAX_PATHS
    assert event.paths_dropped > 0
    deep: Any = 1
    for _ in range(500):
        deep = {"a": [deep]}
    event = EventProfile("e", "received")
    event.add(1, 1, deep, decoded=True)
    assert len(event.fields) < 20
    event = EventProfile("e", "received")
    for n in range(MAX_ENUM + 5):
        event.add(1, 1, {"v": f"text{n}"}, decoded=True)
    assert event.fields["$.v"].values is None


def test_keys_that_are_data_share_a_path() -> None:
    assert collapse("17") == collapse("5-10") == "<n>"
    assert collapse("did:privy:abc") == collapse("20260101-0123456789abcdef") == "<id>"
    assert collapse("partialPrices") == "partialPrices"


def test_an_integer_beyond_every_float_counts_as_the_largest_one(tree: Any) -> None:
    tree.add(tree.ws(1, packet({"n": 10**400, "m": -(10**400)}), event_name="e"))
    assert update_profile(tree.data_dir).complete
    fields = read_profile(tree.data_dir).events["e received"].fields
    assert fields["$.n"].high == -(fields["$.m"].low or 0) == sys.float_info.max
