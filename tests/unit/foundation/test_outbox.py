"""What a client gets that keeps up, one that does not, and one that never reads."""

from __future__ import annotations

import pytest
from tests.feed_support import FakeLine, make_tick, make_trade

from vectra_player.foundation.messages import Message, Packed
from vectra_player.foundation.outbox import HIGH_BYTES, Budget, Outbox

FILLER = "x" * (HIGH_BYTES + 1)


class Crowd:
    """One outbox on a line, fed with numbered messages."""

    def __init__(self, budget: Budget | None = None) -> None:
        self.line = FakeLine()
        self.outbox = Outbox(self.line, None, budget or Budget())
        self.seq = 0

    def feed(self, *messages: Message) -> None:
        for message in messages:
            self.seq += 1
            self.outbox.offer(Packed(message, self.seq))

    def block(self) -> None:
        """Stop reading, and fill the line so that all that follows waits."""
        self.line.stall()
        self.feed(make_trade(0, filler=FILLER))

    def types(self) -> list[tuple[str, int]]:
        return [(m["type"], m["seq"]) for m in self.line.messages()]


def test_a_client_that_keeps_up_gets_everything_at_once() -> None:
    crowd = Crowd()
    crowd.feed(make_tick(1), make_tick(2), make_trade(1))
    assert crowd.types() == [("game.tick", 1), ("game.tick", 2), ("player.trade", 3)]
    assert crowd.outbox.sent == 3


def test_waiting_ticks_of_a_game_merge_to_the_latest_in_order_of_seq() -> None:
    crowd = Crowd()
    crowd.block()
    crowd.feed(make_tick(1), make_trade(1), make_tick(2), make_trade(2), make_tick(3))
    crowd.line.read()
    assert crowd.types()[1:] == [("player.trade", 3), ("player.trade", 5), ("game.tick", 6)]
    assert crowd.outbox.merged == 2


def test_a_merged_tick_tells_the_prices_it_stands_for() -> None:
    crowd = Crowd()
    crowd.block()
    crowd.feed(make_tick(1, 1.0), make_tick(2, 1.1), make_tick(3, 1.2))
    crowd.line.read()
    last = crowd.line.messages()[-1]
    assert last["merged"] == [[1, 1.0], [2, 1.1]]
    assert last["data"]["price"] == 1.2


def test_ticks_of_two_games_stay_apart() -> None:
    crowd = Crowd()
    crowd.block()
    crowd.feed(make_tick(8, 1.0, "old"), make_tick(9, 0.0, "old"), make_tick(0, 1.0, "new"))
    crowd.line.read()
    told = [(m["gameId"], m["data"]["tick"]) for m in crowd.line.messages()[1:]]
    assert told == [("old", 9), ("new", 0)]


def test_a_tick_after_draining_is_whole_again() -> None:
    crowd = Crowd()
    crowd.block()
    crowd.feed(make_tick(1), make_tick(2))
    crowd.line.read()
    crowd.feed(make_tick(3))
    assert "merged" not in crowd.line.messages()[-1]


def test_trades_are_never_merged() -> None:
    crowd = Crowd()
    crowd.block()
    crowd.feed(*[make_trade(n) for n in range(1, 500)])
    crowd.line.read()
    assert [m["data"]["number"] for m in crowd.line.messages()] == list(range(500))


def test_too_many_waiting_messages_close_with_1013_and_the_reason() -> None:
    crowd = Crowd(Budget(max_messages=10))
    crowd.block()
    crowd.feed(*[make_trade(n) for n in range(10)])
    assert crowd.line.closed is None
    crowd.feed(make_trade(10))
    assert crowd.line.closed == (1013, "more than 10 messages unread")
    assert crowd.outbox.too_slow


def test_too_many_waiting_bytes_close_with_1013_and_free_them() -> None:
    crowd = Crowd(Budget(max_bytes=100_000))
    crowd.block()
    crowd.feed(*[make_trade(n, filler="x" * 1_000) for n in range(100)])
    assert crowd.line.closed == (1013, "more than 100000 bytes unread")
    assert crowd.outbox.waiting == 0


def test_a_thousand_ticks_cost_a_stalled_client_next_to_nothing() -> None:
    crowd = Crowd(Budget(max_bytes=100_000))
    crowd.block()
    crowd.feed(*[make_tick(n, filler="x" * 1_000) for n in range(1_000)])
    assert crowd.line.closed is None
    assert crowd.outbox.waiting == 1


def test_after_closing_nothing_is_sent() -> None:
    crowd = Crowd()
    crowd.outbox.close(1001, "bye")
    crowd.outbox.close(1000, "again")
    crowd.feed(make_trade(1))
    assert crowd.line.closed == (1001, "bye")
    assert crowd.types() == []


def test_what_a_joining_client_missed_is_outside_its_budget() -> None:
    line = FakeLine(stalled=True)
    outbox = Outbox(line, None, Budget(max_messages=10))
    missed = [Packed(make_trade(n, filler="x" * 2_000), n) for n in range(1, 201)]
    outbox.start(missed)
    assert outbox.waiting > 100
    for seq in range(201, 211):
        outbox.offer(Packed(make_trade(seq), seq))
    assert line.closed is None
    for seq in range(211, 240):
        outbox.offer(Packed(make_trade(seq), seq))
    assert line.closed is not None


def test_the_allowance_ends_when_the_client_has_caught_up() -> None:
    crowd = Crowd(Budget(max_messages=10))
    crowd.outbox.start([Packed(make_trade(n), n) for n in range(200)])
    crowd.block()
    crowd.feed(*[make_trade(n) for n in range(11)])
    assert crowd.line.closed is not None


def test_a_client_that_reads_nothing_while_messages_wait_is_closed() -> None:
    crowd = Crowd(Budget(max_stall_s=3.0))
    crowd.outbox.sweep(10.0)
    crowd.block()
    crowd.feed(make_tick(1))
    crowd.outbox.sweep(12.0)
    assert crowd.line.closed is None
    crowd.outbox.sweep(15.5)
    assert crowd.line.closed == (1013, "nothing read for 3 s")


def test_a_client_that_reads_a_little_is_left_alone() -> None:
    crowd = Crowd(Budget(max_stall_s=3.0))
    crowd.block()
    crowd.feed(make_tick(1))
    for now_s in range(0, 60, 2):
        crowd.line.read(10)
        crowd.outbox.sweep(float(now_s))
    assert crowd.line.closed is None


@pytest.mark.parametrize("pause_s", [1.0, 1_000.0])
def test_a_quiet_client_is_never_closed_for_stalling(pause_s: float) -> None:
    crowd = Crowd()
    crowd.feed(make_tick(1))
    for n in range(5):
        crowd.outbox.sweep(n * pause_s)
    crowd.block()
    crowd.outbox.sweep(5 * pause_s)
    assert crowd.line.closed is None
