"""A Ctrl-C right after the dashboard said where it is."""

from __future__ import annotations

import signal

import pytest

from vectra_player.app.dashboard import _interrupts_held


def test_a_ctrl_c_amid_the_start_is_kept_until_it_can_be_heeded() -> None:
    before = signal.getsignal(signal.SIGINT)
    begin = _interrupts_held()
    signal.raise_signal(signal.SIGINT)
    with pytest.raises(KeyboardInterrupt):
        begin()
    assert signal.getsignal(signal.SIGINT) == before


def test_without_one_nothing_is_raised() -> None:
    before = signal.getsignal(signal.SIGINT)
    _interrupts_held()()
    assert signal.getsignal(signal.SIGINT) == before
