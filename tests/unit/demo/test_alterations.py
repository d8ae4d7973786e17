"""The table of altered pages."""

from __future__ import annotations

from vectra_player.demo.alterations import alterations


def test_every_kind_of_control_is_concerned_by_several_alterations() -> None:
    table = alterations()
    for control in ("BUY", "SELL", "SIDEBET", "AMOUNT", "SHARE"):
        unsafe = [a for a in table.values() if control in a.touches and not a.safe]
        assert len(unsafe) >= 10, control


def test_what_must_still_work_says_so() -> None:
    assert alterations()["hashes-changed"].safe
    assert not alterations()["buy-twice"].safe
    assert all(alteration.what for alteration in alterations().values())
