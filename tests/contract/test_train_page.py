"""The page on environments lists every feature, action and option as the code has them."""

from __future__ import annotations

import inspect

from tests.docs_support import text_of

from vectra_player.rl.actions import REFUSALS, SIDEBET, TRADING
from vectra_player.rl.envs import GameEnv, Where
from vectra_player.rl.features import FEATURES, SIDEBET_FEATURES, TRADING_FEATURES
from vectra_player.rl.outcomes import OUTCOMES
from vectra_player.rl.registration import SIDEBET_ID, TRADING_ID

PAGE = text_of("docs/how-to/train.md")


def test_the_page_lists_every_feature_in_order() -> None:
    rows = [f"| {place} | `{name}` | {means} |" for place, (name, means) in enumerate(FEATURES)]
    assert "\n".join(rows) in PAGE
    for features in (SIDEBET_FEATURES, TRADING_FEATURES):
        assert f"`Box(-1, 1, ({features},), float32)`" in PAGE


def test_the_page_lists_every_action_outcome_and_reason() -> None:
    for table in (SIDEBET, TRADING):
        assert f"`Discrete({len(table)})`" in PAGE
    assert TRADING.names[1:8] == (
        *(f"buy for {stake} SOL" for stake in ("0.01", "0.02", "0.05")),
        *(f"sell {percent} %" for percent in (10, 25, 50, 100)),
    )
    assert TRADING.names[8:] == SIDEBET.names[1:]
    for outcome in OUTCOMES:
        assert f"| `{outcome}` |" in PAGE
    assert len(REFUSALS) == 7
    assert "6 the price is 0" in PAGE


def test_the_page_names_both_ids_and_every_option() -> None:
    made_with = set(inspect.signature(GameEnv).parameters) - {"env", "render_mode", "where"}
    for option in made_with | set(Where.__annotations__):
        assert f"`{option}`" in PAGE
    for env_id in (SIDEBET_ID, TRADING_ID):
        assert f"`{env_id}`" in PAGE
