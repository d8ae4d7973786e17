"""Settings: precedence, provenance and clear refusals."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from vectra_player.config import FIELDS, env_name, load
from vectra_player.errors import ConfigError


def test_an_option_beats_the_environment_which_beats_the_file(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text('chrome_profile = "file"\ndashboard_port = 1\n')
    environ = {"RUGS_DATA_DIR": str(tmp_path), "CHROME_PROFILE": "env", "CDP_PORT": "9333"}
    found = load({"cdp_port": 9444}, environ)
    assert found.settings.cdp_port == 9444
    assert found.settings.chrome_profile == "env"
    assert found.settings.dashboard_port == 1
    assert found.origins["cdp_port"] == "option"
    assert found.origins["chrome_profile"] == "environment"
    assert found.origins["dashboard_port"] == "config.toml"
    assert found.origins["headless"] == "default"


def test_defaults_are_those_of_the_contract(tmp_path: Path) -> None:
    settings = load({"data_dir": tmp_path}, {}).settings
    assert settings.cdp_port is None
    assert (settings.foundation_port, settings.foundation_http_port) == (9000, 9001)
    assert settings.dashboard_port == 5000
    assert settings.game_url == "https://rugs.fun"
    assert settings.headless is False
    assert load({}, {"HOME": "/nowhere"}).settings.data_dir == Path("~/rugs_data").expanduser()


@pytest.mark.parametrize(
    ("environ", "part"),
    [
        ({"CDP_PORT": "high"}, "CDP_PORT"),
        ({"CDP_PORT": "70000"}, "CDP_PORT"),
        ({"CHROME_PROFILE": "../else"}, "CHROME_PROFILE"),
        ({"VECTRA_GAME_URL": "file:///etc/passwd"}, "VECTRA_GAME_URL"),
        ({"VECTRA_OUTLET": "nats://me:hush@host"}, r"\(VECTRA_OUTLET, from environment\): write "),
    ],
)
def test_an_impossible_value_names_the_variable(
    tmp_path: Path, environ: dict[str, str], part: str
) -> None:
    with pytest.raises(ConfigError, match=part):
        load({"data_dir": tmp_path}, environ)


@pytest.mark.parametrize("text", ["no toml", "unknown_key = 1", 'data_dir = "x"'])
def test_a_bad_file_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "config.toml").write_text(text)
    with pytest.raises(ConfigError):
        load({"data_dir": tmp_path}, {})


def test_every_setting_names_an_environment_variable_and_says_what_it_is() -> None:
    for name, field in FIELDS.items():
        assert env_name(name).isupper() or name == "trade.live_enabled"
        assert field.description


def test_a_table_of_the_file_sets_what_belongs_to_it(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text(
        "file_interval_s = 1.5\n[trade]\nlive_enabled = true\nmax_stake_sol = 0.02\n"
    )
    found = load({"data_dir": tmp_path}, {"VECTRA_TRADE_ORDERS_PER_MINUTE": "3"})
    assert found.settings.file_interval_s == 1.5
    assert found.settings.trade.live_enabled is True
    assert found.settings.trade.max_stake_sol == Decimal("0.02")
    assert found.settings.trade.orders_per_minute == 3
    shown = {one.name: (one.value, one.origin, one.env) for one in found.effective()}
    assert shown["trade.live_enabled"] == (True, "config.toml", "")
    assert shown["trade.max_stake_sol"][1] == "config.toml"
    assert shown["trade.orders_per_minute"][1] == "environment"
    assert shown["trade.max_loss_day_sol"][1] == "default"


def test_live_trading_is_off_and_what_it_may_risk_is_small() -> None:
    trade = load({"data_dir": "/nowhere"}, {}).settings.trade
    assert trade.live_enabled is False
    assert trade.max_stake_sol <= trade.max_exposure_sol <= trade.max_loss_day_sol
    assert trade.max_loss_day_sol <= Decimal("0.1")


def test_only_the_file_enables_live_trading(tmp_path: Path) -> None:
    environ = {"VECTRA_TRADE_LIVE_ENABLED": "true", "TRADE.LIVE_ENABLED": "true", "": "true"}
    assert load({"data_dir": tmp_path}, environ).settings.trade.live_enabled is False
    for option in ({"trade.live_enabled": True}, {"trade": {"live_enabled": True}}):
        with pytest.raises(ConfigError, match=r"config\.toml"):
            load({"data_dir": tmp_path, **option}, {})


@pytest.mark.parametrize(
    "text",
    [
        'live_enabled = "true"',
        "live_enabled = 1",
        "max_stake_sol = 0",
        "max_stake_sol = -1",
        "max_stake_sol = nan",
        "max_stake_sol = inf",
        "max_stake_sol = 0.00000000001",
        'max_stake_sol = "much"',
        "max_stake_sol = 0.5",  # above what may be at risk at once
        "max_loss_session_sol = 1.0",  # above what may be lost in a day
        "orders_per_minute = 0",
        "orders_per_minute = 1000",
        "nonsense = 1",
    ],
)
def test_an_impossible_limit_of_trading_is_refused_by_name(tmp_path: Path, text: str) -> None:
    (tmp_path / "config.toml").write_text(f"[trade]\n{text}\n")
    with pytest.raises(ConfigError, match=r"Setting trade"):
        load({"data_dir": tmp_path}, {})


def test_a_table_that_is_none_is_refused(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text("trade = true\n")
    with pytest.raises(ConfigError, match=r"\[trade\]"):
        load({"data_dir": tmp_path}, {"VECTRA_TRADE_MAX_STAKE_SOL": "0.01"})
