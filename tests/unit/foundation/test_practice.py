"""Practice in a replay: after any jump the account is what straight play would have made it."""

from __future__ import annotations

import random
from itertools import pairwise

import pytest
from tests.live_support import GAME, ME, packet
from tests.replay_support import game_frames, recording, row, rows_of_frames

from vectra_player.errors import UsageError
from vectra_player.foundation.paper_records import PracticeRequest, ScoreRow, TradeState
from vectra_player.foundation.practice import Practice
from vectra_player.replay.recording import Recording

BUY = PracticeRequest("buy", amount=0.5)
SELL = PracticeRequest("sell", percentage=50)
BET = PracticeRequest("sidebet", amount=0.01)
NAMES = [f"20260101-{number:016x}" for number in range(5)]


def games(*lengths: int) -> Recording:
    """Record games one after another; each rises a little and rugs at its length."""
    frames = [
        frame
        for number, ((name, following), length) in enumerate(
            zip(pairwise(NAMES), lengths, strict=False)
        )
        for frame in game_frames(name, series(length, number), following)
    ]
    return recording(rows_of_frames(frames))


def series(length: int, number: int) -> list[float]:
    return [1 + 0.01 * ((tick * (number + 3)) % 17) for tick in range(length)] + [0.0196]


class Player:
    """Shows a practice what a replay's player would."""

    def __init__(self, of: Recording) -> None:
        self.recording = of
        self.practice = Practice(of)
        self.position = 0

    def play_to(self, position: int) -> None:
        while self.position < position:
            event = self.recording.events[self.position]
            self.position += 1
            self.practice.show(event, self.recording.state_at(self.position))

    def jump(self, position: int) -> None:
        self.position = position
        self.practice.jump(position, self.recording.state_at(position))

    def act(self, request: PracticeRequest) -> str:
        state = self.recording.state_at(self.position)
        return self.practice.act(request, "human", state).kind


def tick_of(of: Recording, tick: int, game: int = 0) -> int:
    return of.position_of(tick, NAMES[game])


def played_straight(of: Recording, acts: list[tuple[int, PracticeRequest]], to: int) -> TradeState:
    one = Player(of)
    for position, request in acts:
        one.play_to(position)
        one.act(request)
    one.play_to(to)
    return one.practice.state()


def you(state: TradeState) -> ScoreRow:
    return state.score[0]


def test_trades_are_made_at_recorded_prices() -> None:
    of = games(60)
    one = Player(of)
    one.jump(tick_of(of, 10))
    assert one.act(BUY) == "submitted"
    one.play_to(tick_of(of, 11))
    account = one.practice.view()
    assert account.holding is not None
    assert account.holding.entry_price == series(60, 0)[11]
    one.play_to(len(of.events))
    assert one.practice.view().holding is None
    assert you(one.practice.state()).buys == 1


def test_a_jump_back_undoes_what_was_done_later() -> None:
    of = games(80)
    one = Player(of)
    one.jump(tick_of(of, 10))
    one.act(BUY)
    one.play_to(tick_of(of, 20))
    one.act(BET)
    one.play_to(tick_of(of, 30))
    one.jump(tick_of(of, 15))
    account = one.practice.view()
    assert account.holding is not None
    assert (account.sidebet, account.pending) == (None, [])
    one.jump(tick_of(of, 5))
    assert (one.practice.view().holding, one.practice.view().cash) == (None, 10.0)
    assert one.practice.state().actions == []
    one.act(BET)
    one.play_to(tick_of(of, 8))
    assert one.practice.view().sidebet is not None


def test_a_jump_forward_settles_what_lies_between() -> None:
    of = games(70, 70)
    one = Player(of)
    one.jump(tick_of(of, 10))
    one.act(BUY)
    one.act(BET)
    one.jump(tick_of(of, 20, game=1))
    kinds = [note.kind for note in one.practice.state().actions]
    assert sorted(kinds) == ["bought", "lost", "placed", "rugged", "submitted", "submitted"]
    assert you(one.practice.state()).games == 1


@pytest.mark.parametrize("seed", range(8))
def test_any_way_through_a_recording_gives_the_account_of_straight_play(seed: int) -> None:
    of = games(50, 30, 90, 12)
    chance = random.Random(seed)
    one = Player(of)
    one.play_to(1)
    acts: list[tuple[int, PracticeRequest]] = []
    for move in range(40):
        what = chance.random()
        if what < 0.35:
            request = chance.choice([BUY, SELL, BET])
            acts.append((one.position, request))
            one.act(request)
        elif what < 0.8:
            one.play_to(min(len(of.events), one.position + chance.randrange(1, 40)))
        else:
            one.jump(chance.randrange(1, len(of.events)))
            acts = [act for act in acts if act[0] <= one.position]
        if what < 0.8 and move < 39:
            continue
        told, straight = one.practice.state(), played_straight(of, acts, one.position)
        assert told.account == straight.account
        assert told.score == straight.score
        assert [(n.action_id, n.kind, n.executed_tick) for n in told.actions] == [
            (n.action_id, n.kind, n.executed_tick) for n in straight.actions
        ]


def test_a_reset_begins_anew_with_another_amount() -> None:
    of = games(40)
    one = Player(of)
    one.jump(tick_of(of, 5))
    one.act(BUY)
    wallet = one.practice.reset(PracticeRequest("reset", amount=2))
    assert (wallet.cash, one.practice.view().cash, one.practice.state().actions) == (2, 2, [])
    with pytest.raises(UsageError, match="up to"):
        one.practice.reset(PracticeRequest("reset", amount=2_000_000))


def test_what_lacks_its_amount_or_its_game_is_refused() -> None:
    of = games(40)
    one = Player(of)
    with pytest.raises(UsageError, match="needs an amount"):
        one.act(PracticeRequest("buy"))
    with pytest.raises(UsageError, match="No game is known"):
        one.act(BUY)


def played(deeds: dict[int, tuple[str, dict[str, object]]]) -> Recording:
    """Record a game in which the account did things, by their place among the frames."""
    rows = rows_of_frames(game_frames(GAME, series(40, 0)))
    login = {"id": ME, "hasUsername": True, "username": "me"}
    rows.insert(0, row(packet("usernameStatus", login, ts=rows[0].ts), 500))
    for place, (name, told) in deeds.items():
        rows.insert(place, row(packet(name, told, ts=rows[place].ts), 500 + place))
    return recording(rows)


def test_the_recorded_play_is_told_up_to_the_moment() -> None:
    trade = {"playerId": ME, "gameId": GAME, "price": 1.0}
    bet = {"playerId": ME, "gameId": GAME, "betAmount": 0.01, "payout": 0.05, "type": "payout"}
    of = played(
        {
            16: ("standard/newTrade", {**trade, "type": "buy", "amount": 0.2}),
            26: ("standard/newTrade", {**trade, "type": "sell", "amount": 0.3}),
            36: ("currentSidebetResult", bet),
        }
    )
    one = Player(of)
    one.jump(20)
    then = one.practice.state().score[1]
    assert (then.who, then.profit, then.buys) == ("then", -0.2, 1)
    one.jump(len(of.events))
    then = one.practice.state().score[1]
    assert then.profit == pytest.approx(0.14)
    assert (then.bets, then.bets_won, then.games) == (1, 1, 1)


def test_practice_coins_of_the_recorded_account_are_counted_and_added_to_nothing() -> None:
    trade = {"playerId": ME, "gameId": GAME, "price": 1.0, "type": "buy", "amount": 50.0}
    bet = {"playerId": ME, "gameId": GAME, "betAmount": 9.0, "payout": 45.0, "type": "payout"}
    sol = {"bonusPortion": 0.05, "realPortion": 0.15, "coin": "solana", "amount": 0.2}
    mint = "So11111111111111111111111111111111111111112"
    of = played(
        {
            10: ("standard/newTrade", {**trade, "coin": "free"}),
            16: ("standard/newTrade", {**trade, "coin": "0xPractice", "type": "sell"}),
            20: ("standard/newTrade", {**trade, **sol, "bonusPortion": 0, "realPortion": 0}),
            24: ("standard/newTrade", {**trade, **sol}),
            30: ("currentSidebetResult", {**bet, "coinAddress": "0xPractice"}),
            36: (
                "currentSidebetResult",
                {**bet, "betAmount": 0.01, "payout": 0, "coinAddress": mint},
            ),
        }
    )
    one = Player(of)
    one.jump(len(of.events))
    then = one.practice.state().score[1]
    assert then.profit == pytest.approx(-0.21)
    assert (then.buys, then.bets, then.bets_won, then.staked) == (1, 1, 0, 0.01)
    assert (then.other_coins, then.games) == (4, 1)


def test_without_recorded_play_there_is_no_line_for_it() -> None:
    one = Player(games(20))
    assert [line.who for line in one.practice.state().score] == [
        *("you", "never betting", "coin flip"),
    ]
