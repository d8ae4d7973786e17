"""Names that users import; they stay."""

from __future__ import annotations


def test_the_names_of_the_contract_can_be_imported() -> None:
    from vectra_player.bus import EventBus, Events
    from vectra_player.live import LiveStateProvider
    from vectra_player.store import EventStore

    assert {EventBus.__name__, LiveStateProvider.__name__, EventStore.__name__} == {
        "EventBus",
        "LiveStateProvider",
        "EventStore",
    }
    assert {name: Events[name].value for name in SEEDS} == SEEDS


SEEDS = {
    "WS_RAW_EVENT": "ws_raw_event",
    "GAME_TICK": "game_tick",
    "PLAYER_UPDATE": "player_update",
    "BUTTON_PRESS": "button_press",
    "RECORDING_STARTED": "recording_started",
    "RECORDING_STOPPED": "recording_stopped",
}
