"""Settings: precedence, provenance and clear refusals."""

from __future__ import annotations

from pathlib import Path

import pytest

from vectra_player.config import Settings, env_name, load
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
    for name, field in Settings.model_fields.items():
        assert env_name(name).isupper()
        assert field.description
