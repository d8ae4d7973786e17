"""Which trouble meets which order."""

from __future__ import annotations

from vectra_player.demo.troubles import Trouble, Troubles


def test_answers_are_normal_until_told_otherwise() -> None:
    assert Troubles().of("acks", "buy") == Trouble("normal", 0.0)


def test_a_trouble_meets_one_kind_of_order_or_all_of_them() -> None:
    troubles = Troubles()
    troubles.set("acks", "sell", Trouble("missing"))
    assert troubles.of("acks", "sell").mode == "missing"
    assert troubles.of("acks", "buy").mode == "normal"
    assert troubles.of("echo", "sell").mode == "normal"
    assert not troubles.everywhere("acks", "missing")
    troubles.set("acks", None, Trouble("missing"))
    assert troubles.everywhere("acks", "missing")
    troubles.set("acks", "sidebet", Trouble("double"))
    assert troubles.with_mode("acks", "double") == {"sidebet"}
