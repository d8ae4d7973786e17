"""Each rule speaks of what it should and of nothing else, as often and as loud as it says."""

from __future__ import annotations

import pytest
from tests.alert_support import Stream, all_on, rule, rules, steady
from tests.live_support import GAME, ME, NEXT, OTHER, T0

from vectra_player.alerts.alert import Alert
from vectra_player.alerts.odds import Measured, PlayerNote, SignalRecord
from vectra_player.alerts.rules import default_rules

RISE = [1.0, 1.2, 1.5, 2.1, 2.2, 5.5]


def only(alerts: list[Alert]) -> Alert:
    (alert,) = alerts
    return alert


# The game ----------------------------------------------------------------------------------------


def test_a_start_is_told_once_and_not_when_we_join_midway() -> None:
    stream = Stream(rules("game_start"))
    stream.ticks([1.0, 1.1])
    assert stream.types() == []
    stream.rug()
    stream.countdown(game=NEXT)
    assert only(stream.ticks([1.0])).game_id == NEXT
    assert stream.ticks([1.1, 1.2]) == []


def test_a_rug_is_told_with_its_tick_and_peak() -> None:
    stream = Stream(rules("game_rug"))
    stream.countdown()
    stream.ticks([1.0, 1.5, 1.2])
    alert = only(stream.rug())
    assert (alert.title, alert.message) == ("Rugged at tick 3", "Peak 1.5000x.")
    assert (alert.tick, alert.source_seq, alert.game_id) == (3, stream.seq, GAME)
    assert alert.expires_at == stream.now // 1000 + 8000


def test_the_highest_level_reached_at_a_tick_is_told_and_each_level_once() -> None:
    stream = Stream(rules("multiplier_milestone"))
    stream.countdown()
    stream.ticks(RISE)
    assert [alert.title for alert in stream.alerts] == ["2x reached", "5x reached"]
    assert stream.ticks([1.0, 5.6, 6.0]) == []


def test_levels_and_ages_passed_before_we_joined_are_not_told() -> None:
    stream = Stream(rules("multiplier_milestone", "survival_milestone"))
    stream.prices = [*steady(450, 3.0)]
    stream.ticks([3.0, 3.1])
    assert stream.types() == []
    assert only(stream.ticks([5.0])).title == "5x reached"


def test_ages_are_told_though_a_frame_is_missing() -> None:
    stream = Stream(rules("survival_milestone", at_ticks=[5, 10]))
    stream.countdown()
    stream.ticks(steady(4))
    stream.prices += steady(4)
    alert = only(stream.ticks([1.0]))
    assert (alert.tick, alert.title) == (8, "Alive at tick 5")
    assert "97.52 % of fair games" in alert.message
    assert only(stream.ticks(steady(5))).title == "Alive at tick 10"


# How the price moves -----------------------------------------------------------------------------


def jumping(count: int) -> list[float]:
    return [1.0 if number % 2 else 1.25 for number in range(count)]


def test_volatility_is_told_when_it_begins_and_not_while_it_lasts() -> None:
    stream = Stream(rules("volatility_spike"))
    stream.countdown()
    assert stream.ticks(steady(25)) == []
    told = only(stream.ticks(jumping(60)))
    assert told.title == "Volatile"
    assert "times the published law" in told.message


def test_calm_is_told_after_a_whole_window_without_a_big_move() -> None:
    stream = Stream(rules("volatility_calm"))
    stream.countdown()
    assert stream.ticks([1.0, 1.3, *steady(39, 1.3)]) == []
    assert only(stream.ticks(steady(30, 1.3))).tick == 41
    lively = Stream(rules("volatility_calm"))
    lively.countdown()
    assert lively.ticks(jumping(100)) == []


def test_a_pullback_is_told_at_its_beginning() -> None:
    stream = Stream(rules("high_potential_entry"))
    stream.countdown()
    assert stream.ticks([*steady(40), 0.5]) != []
    alert = only(stream.alerts)
    assert (alert.title, alert.tick) == ("Pulled back 50.00 %", 40)
    assert "brings -2.21 % on average, whatever the price did before" in alert.message
    assert stream.ticks(steady(10, 0.5)) == []


def test_a_fall_off_a_low_peak_is_no_signal() -> None:
    stream = Stream(rules("high_potential_exit"))
    stream.countdown()
    assert stream.ticks([1.0, 1.5, 0.5]) == []
    assert stream.ticks([2.5]) == []
    alert = only(stream.ticks([1.5]))
    assert alert.title == "40.00 % below the peak"
    assert "costs 0.056 % on average" in alert.message


def test_a_fast_rise_is_told_with_what_is_not_known_of_shorts() -> None:
    stream = Stream(rules("short_entry_signal"))
    stream.countdown()
    alert = only(stream.ticks([*steady(20), 2.5]))
    assert alert.title == "Up +150.00 %"
    assert "not settled by any data" in alert.message


# Signals and their odds --------------------------------------------------------------------------


def test_a_rug_warning_says_that_it_cannot_beat_the_hazard() -> None:
    stream = Stream(rules("rug_warning", at_ticks=[3]))
    stream.countdown()
    alert = only(stream.ticks(steady(6)))
    assert alert.message.endswith(
        "The chance of a rug within 40 ticks is 18.17 %, the same at every tick: this warning "
        "cannot beat it."
    )


def test_the_zone_of_sidebets_says_what_they_cost_everywhere() -> None:
    stream = Stream(rules("sidebet_optimal_zone", first_tick=2, last_tick=5))
    stream.countdown()
    alert = only(stream.ticks(steady(9)))
    assert alert.tick == 2
    assert "-9.16 % of the stake on average, in this zone as anywhere" in alert.message


def test_a_rewritten_message_still_carries_the_odds() -> None:
    stream = Stream(rules("rug_warning", at_ticks=[1], message="Sell now"))
    stream.countdown()
    assert "18.17 %" in only(stream.ticks(steady(3))).message


def test_odds_measured_with_other_thresholds_are_not_told() -> None:
    record = SignalRecord(
        params={"at_ticks": [1], "window_ticks": 40},
        signals=52, came_true=19, low=0.236, high=0.51, fair=0.1817,
    )  # fmt: skip
    measured = Measured(made_at="2026-01-01", games=60, signals={"rug_warning": record})
    for ages, told in (([1], True), ([2], False)):
        stream = Stream(rules("rug_warning", at_ticks=ages), measured)
        stream.countdown()
        message = only(stream.ticks(steady(4))).message
        words = "came true 19 of 52 times, 36.54 % (23.60 to 51.00 %), fair 18.17 %."
        assert (words in message) is told


# The account -------------------------------------------------------------------------------------


def account(**fields: object) -> dict[str, object]:
    return {"id": ME, "cash": 1.0, "positionQty": 0, **fields}


def test_a_gain_is_told_once_a_level_and_position() -> None:
    stream = Stream(rules("position_profit"))
    stream.countdown()
    stream.ticks([1.0])
    stream.event("playerUpdate", account(positionQty=0.5, avgCost=1.0))
    alert = only(stream.ticks([1.3, 1.2, 1.4]))
    assert alert.title == "Position up +30.00 %"
    assert "Bought at 1.0000x, now 1.3000x: 0.150 SOL" in alert.message
    assert only(stream.ticks([2.1])).title == "Position up +110.00 %"
    stream.event("playerUpdate", account(positionQty=0))
    assert stream.ticks([5.0]) == []
    stream.event("playerUpdate", account(positionQty=0.5, avgCost=2.0))
    assert only(stream.ticks([2.6])).title == "Position up +30.00 %"


def test_a_loss_is_told_and_nothing_without_a_position() -> None:
    stream = Stream(rules("position_loss", "position_profit"))
    stream.countdown()
    assert stream.ticks([1.0, 9.0, 0.1]) == []
    stream.event("playerUpdate", account(positionQty=2, avgCost=1.0))
    assert only(stream.ticks([0.7])).title == "Position down 30.00 %"
    assert only(stream.ticks([0.4])).title == "Position down 60.00 %"
    assert stream.ticks([0.3]) == []


def bet(**fields: object) -> dict[str, object]:
    return {"playerId": ME, "gameId": GAME, "startTick": 7, "endTick": 47, "betAmount": 0.01,
            "timestamp": T0 // 1000, **fields}  # fmt: skip


def test_a_sidebet_is_told_as_the_server_settled_it() -> None:
    stream = Stream(rules("sidebet_won", "sidebet_lost"))
    stream.countdown()
    stream.event("currentSidebet", bet())
    assert stream.types() == []
    won = only(stream.event("currentSidebetResult", bet(payout=0.05, profit=0.04)))
    assert won.message == "0.010 SOL from tick 7 paid 0.050 SOL (0.040 SOL)."
    assert stream.event("currentSidebetResult", bet(payout=0.05, profit=0.04)) == []
    lost = only(stream.event("currentSidebetResult", bet(startTick=50, payout=0, profit=-0.01)))
    assert lost.message == "0.010 SOL from tick 50: no rug within its window."
    assert stream.event("currentSidebetResult", bet(startTick=99)) == []


OUTCOME = {
    "action_id": "a1", "action_type": "BUY", "actor": "bot", "mode": "live", "amount": "0.01",
    "executed_price": 1.25, "error": None, "total_latency_ms": 180.4, "outcome": "CONFIRMED",
}  # fmt: skip


def test_a_confirmed_press_is_told_and_one_that_moves_no_money_is_not() -> None:
    stream = Stream(rules("trade_success"))
    told = only(stream.fact("outcome", **OUTCOME))
    assert told.message == "BUY of 0.010 SOL confirmed at 1.2500x after 180 ms (live, bot)."
    share = {"action_type": "SELL", "amount": None, "percentage": 25.0}
    told = only(stream.fact("outcome", **{**OUTCOME, **share}))
    assert told.message.startswith("SELL of 25 % confirmed")
    assert stream.fact("outcome", **{**OUTCOME, "action_type": "PERCENTAGE"}) == []
    assert stream.fact("outcome", **{**OUTCOME, "outcome": "REJECTED"}) == []
    assert stream.fact("intent", **OUTCOME) == []


@pytest.mark.parametrize(
    ("outcome", "words", "advice"),
    [
        ("REJECTED", "is rejected", "funds. Look at your position before you act again."),
        ("BLOCKED", "is blocked", "funds. Nothing was ordered."),
        ("UNKNOWN", "is unknown: it may", "funds. Look at your position before you act again."),
    ],
)
def test_a_press_that_failed_or_may_have_is_told(outcome: str, words: str, advice: str) -> None:
    stream = Stream(rules("trade_failed"))
    told = only(stream.fact("outcome", **{**OUTCOME, "outcome": outcome, "error": "no\nfunds."}))
    assert words in told.message
    assert told.message.endswith(advice)
    assert "no\ufffdfunds" in told.message
    assert stream.fact("outcome", **OUTCOME) == []


def short(**fields: object) -> dict[str, object]:
    given = {"amount": 0.01, "entryPrice": 1.0, "entryTick": 3, "currentValue": 0.01, "pnl": 0.0}
    return account(shortPosition={**given, **fields})


def test_a_short_is_told_when_the_price_leaves_its_entry() -> None:
    stream = Stream(rules("short_exit_signal", cooldown="none"))
    stream.countdown()
    assert stream.ticks([1.0, 5.0]) == []
    stream.event("playerUpdate", short())
    assert only(stream.ticks([1.0, 1.3])).title == "Short: against you"
    assert only(stream.ticks([1.0, 0.6])).title == "Short: in your favour"


def test_a_short_whose_value_is_nearly_gone_is_told() -> None:
    stream = Stream(rules("short_liquidation", cooldown="none"))
    stream.countdown()
    stream.ticks([1.0, 1.5])
    assert stream.event("playerUpdate", short()) == []
    told = only(stream.event("playerUpdate", short(currentValue=0.0022)))
    assert "(22.00 % of its amount)" in told.message
    assert only(stream.event("playerUpdate", short(atRisk=True))).severity == "danger"
    assert only(stream.event("playerUpdate", short(liquidationPrice=1.4)))
    assert stream.event("playerUpdate", short(liquidationPrice=1.6)) == []
    assert stream.event("playerUpdate", account(shortPosition=None)) == []


# Others ------------------------------------------------------------------------------------------


def trade(**fields: object) -> dict[str, object]:
    return {"type": "buy", "gameId": GAME, "playerId": OTHER, "username": "whale", "amount": 1.5,
            "tickIndex": 3, "price": 1.1, **fields}  # fmt: skip


@pytest.mark.parametrize("name", [OTHER, "whale"])
def test_a_watched_player_is_told_by_id_or_name(name: str) -> None:
    stream = Stream(rules("exceptional_entry", "exceptional_exit", players=[name]))
    stream.countdown()
    stream.ticks([1.0])
    assert stream.event("standard/newTrade", trade(playerId="x", username="y")) == []
    bought = only(stream.event("standard/newTrade", trade()))
    assert (bought.title, bought.player_id, bought.username) == ("whale: bought", OTHER, "whale")
    assert "trades are told as a sample" in bought.message
    assert only(stream.event("standard/newTrade", trade(type="sell"))).title == "whale: sold"


def test_a_measured_player_is_told_with_the_record_and_what_luck_would_do() -> None:
    note = PlayerNote(player_id=OTHER, username="whale", what="a sidebet won", successes=19,
                      tries=20, fair=0.18168, adjusted=0.00012)  # fmt: skip
    measured = Measured(made_at="2026-01-01", players=(note,))
    stream = Stream(rules("exceptional_entry"), measured)
    told = only(stream.event("standard/newTrade", trade(type="short_open")))
    assert "a sidebet won 19 of 20 times, fair 18.17 %" in told.message
    assert "with a chance of up to 0.01 %" in told.message
    off = Stream(rules("exceptional_entry", measured=False), measured)
    assert off.event("standard/newTrade", trade()) == []


def test_the_account_itself_is_no_player_to_watch() -> None:
    stream = Stream(rules("exceptional_entry", players=[ME]))
    stream.event("playerUpdate", account())
    assert stream.event("standard/newTrade", trade(playerId=ME)) == []


def test_a_hostile_name_stays_one_harmless_line_of_data() -> None:
    name = "{price}\n<b>\u202egnp.exe\x00" + "x" * 500
    stream = Stream(rules("exceptional_entry", players=[OTHER]))
    told = only(stream.event("standard/newTrade", trade(username=name)))
    assert told.title.startswith("{price}\ufffd<b>\ufffdgnp.exe\ufffdxxx")
    assert len(told.title) < 70
    assert told.username == name


# Modes never captured ----------------------------------------------------------------------------


@pytest.mark.parametrize(("key", "other"), [("roundId", "round_id")])
def test_rounds_are_told_once_at_their_start_in_either_spelling(key: str, other: str) -> None:
    stream = Stream(rules("bbc_round_start", "candleflip_start"))
    assert only(stream.event("bbcRound", {key: "r1"})).title == "Bull/Bear/Crab round"
    assert stream.event("bbcRound", {other: "r1", "startTick": 3}) == []
    assert stream.event("bbcRound", {key: "r2", "actualResult": "BULL"}) == []
    assert only(stream.event("candleflipUpdate", {other: 7})).title == "Candleflip round"
    assert stream.event("candleflipUpdate", {"nothing": 1}) == []
    assert stream.event("candleflipUpdate", [1, 2]) == []


def test_the_commonest_end_is_told_once_enough_were_seen_and_never_with_odds() -> None:
    stream = Stream(rules("bbc_optimal_pred", min_rounds=3))
    for number, result in enumerate(["CRAB", "odd", "BULL", "crab"]):
        assert stream.event("bbc", {"roundId": f"s{number}"}) == []
        assert stream.event("bbc", {"roundId": f"s{number}", "actualResult": result}) == []
    told = only(stream.event("bbc", {"roundId": "next"}))
    assert told.message.startswith("2 of the last 3 rounds seen ended CRAB.")
    assert "none of its traffic was ever captured" in told.message


def test_a_streak_is_told_from_its_length_on() -> None:
    stream = Stream(rules("candleflip_streak"))
    for streak, told in ((3, 0), (4, 1), (4, 0), (5, 1)):
        row = {"roundId": "r", "currentStreak": streak, "streakDirection": "GREEN"}
        assert len(stream.event("candleflip", row)) == told
    assert stream.alerts[0].title == "4 x GREEN"


# The connection ----------------------------------------------------------------------------------


def test_a_lost_connection_is_told_once_and_when_it_is_back() -> None:
    stream = Stream(rules("connection_lost", "connection_restored"))
    stream.fact("connected", socket_id="s")
    stream.countdown()
    lost = only(stream.fact("disconnected", socket_id="s", reason="closed\x07"))
    assert "The game's socket was closed (closed\ufffd)" in lost.message
    assert stream.fact("disconnected", socket_id="s", reason="again") == []
    stream.now += 7_400_000
    back = only(stream.countdown(4900))
    assert (back.alert_type, back.message) == (
        "connection_restored", "The game is heard again, 7 s later."
    )  # fmt: skip
    assert stream.countdown(4800) == []


def test_silence_is_a_loss_and_the_end_of_a_recording_is_none() -> None:
    stream = Stream(rules("connection_lost"))
    stream.fact("connected", socket_id="s")
    stream.countdown()
    assert "fallen silent" in only(stream.fact("silence")).message
    stream.countdown(4000)
    assert stream.fact("disconnected", socket_id="s", reason="cancelled") == []
    assert stream.fact("stopped", reason="stopped by SIGINT") == []


def test_a_second_socket_that_closes_is_no_loss() -> None:
    stream = Stream(rules("connection_lost"))
    stream.fact("connected", socket_id="a")
    stream.fact("connected", socket_id="b")
    assert stream.fact("disconnected", socket_id="a", reason="closed") == []


def test_late_events_and_late_confirmations_are_told() -> None:
    stream = Stream(rules("latency_warning", cooldown="none"))
    chat = {"playerId": OTHER, "message": "gm", "timestamp": T0 // 1000}
    stream.event("newChatMessage", chat)
    stream.now += 1_200_000
    told = only(stream.event("newChatMessage", chat))
    assert (told.title, told.message) == ("Late by 1,200 ms", "An event came 1,200 ms late.")
    assert stream.event("newChatMessage", chat) == []
    slow = only(stream.fact("outcome", **{**OUTCOME, "total_latency_ms": 1600}))
    assert slow.message == "A confirmation came 1,600 ms late."
    assert stream.fact("outcome", **OUTCOME) == []


# Custom signals ----------------------------------------------------------------------------------


@pytest.mark.parametrize("number", [1, 2, 3])
def test_a_condition_is_told_when_it_becomes_true(number: int) -> None:
    when = "price > 1.5 and (position == 0 or players >= 200)"
    stream = Stream(rules(f"custom_signal_{number}", when=when))
    stream.countdown()
    stream.event("playerUpdate", account())
    told = only(stream.ticks([1.0, 1.6, 1.7]))
    assert (told.tick, told.message) == (1, when)
    assert only(stream.ticks([1.0, 1.6])).tick == 4


def test_a_condition_may_ask_for_the_countdown_the_bet_and_the_course() -> None:
    stream = Stream(rules("custom_signal_1", when="phase == BETTING and countdown_ms < 3000"))
    assert stream.countdown(5000) == []
    assert len(stream.countdown(2900)) == 1
    course = "drop_percent > 40 and peak > 1.9 and change_percent > 10 and volatility_percent > 1"
    moved = Stream(rules("custom_signal_1", when=course))
    moved.countdown()
    moved.ticks([*steady(15, 0.5), *steady(15, 2.0)])
    assert only(moved.ticks([1.0])).tick == 30
    bets = Stream(rules("custom_signal_1", when="sidebet_ticks_left <= 38"))
    bets.countdown()
    bets.ticks(steady(8))
    assert bets.event("currentSidebet", bet()) == []
    assert only(bets.ticks(steady(3))).tick == 9


# How often and how loud --------------------------------------------------------------------------


def test_a_cool_down_of_seconds_ticks_or_a_game_keeps_a_rule_silent() -> None:
    for cooldown, told in (("none", 4), ("2 s", 2), ("8 ticks", 2), ("once a game", 1)):
        stream = Stream(rules("custom_signal_1", when="price > 2", cooldown=cooldown))
        stream.countdown()
        stream.ticks([1.0, 3.0, *steady(3), 3.0, *steady(3), 3.0, *steady(3), 3.0])
        assert len(stream.alerts) == told, cooldown
        stream.rug()
        stream.countdown(game=NEXT)
        stream.now += 5_000_000
        stream.ticks([1.0, 3.0])
        assert len(stream.alerts) == told + 1, cooldown


def test_a_key_is_told_once_whatever_the_cool_down() -> None:
    stream = Stream(rules("custom_signal_1", when="price > 2", dedupe="{game}"))
    stream.countdown()
    stream.ticks([3.0, 1.0, 3.0])
    assert len(stream.alerts) == 1


def test_a_clock_that_is_set_back_holds_no_rule_up() -> None:
    stream = Stream(rules("custom_signal_1", when="price > 2", cooldown="2 s"))
    stream.countdown()
    stream.ticks([3.0, 1.0])
    stream.now -= 86_400_000_000
    stream.ticks([*steady(10), 3.0])
    assert len(stream.alerts) == 2


def test_severity_expiry_priority_sound_and_desktop_are_the_rules_own() -> None:
    keys = {"severity": "danger", "expires_s": 2.5, "priority": 99, "sound": True, "desktop": True}
    stream = Stream(rules("game_rug", **keys))
    stream.countdown()
    stream.ticks([1.0])
    alert = only(stream.rug())
    told = (alert.severity, alert.priority, alert.sound, alert.desktop)
    assert told == ("danger", 99, True, True)
    assert alert.expires_at * 1000 - alert.ts == 2_500_000


def test_a_rule_that_is_switched_off_is_silent() -> None:
    off = {"game_rug": default_rules()["custom_signal_1"], **rules("game_start", enabled=False)}
    stream = Stream(off)
    stream.countdown()
    stream.ticks([1.0])
    stream.rug()
    assert stream.alerts == []


def play(stream: Stream) -> list[Alert]:
    for game in (GAME, NEXT):
        stream.countdown(game=game)
        stream.ticks([*jumping(60), *steady(60, 2.5), 0.5, *RISE])
        stream.rug()
    return stream.alerts


def test_the_same_events_give_the_same_alerts_with_the_same_ids() -> None:
    first, second = play(Stream(all_on())), play(Stream(all_on()))
    assert first == second
    ids = [alert.alert_id for alert in first]
    assert len(set(ids)) == len(ids) > 10


def test_rules_that_are_replaced_keep_what_the_others_remember() -> None:
    stream = Stream(rules("game_start", "multiplier_milestone"))
    stream.countdown()
    stream.ticks([1.0, 2.5])
    changed = {**rules("multiplier_milestone"), "game_start": rule("game_start", priority=3)}
    stream.engine.replace(changed)
    assert stream.ticks([1.0, 2.5]) == []
    stream.rug()
    stream.countdown(game=NEXT)
    assert [a.priority for a in stream.ticks([1.0])] == [3]
