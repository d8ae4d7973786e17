"""Settings: frozen, typed, built once. The only module that reads the environment.

Precedence: command-line option, environment variable, `config.toml` in the data directory,
default. Every layer above may read a `Settings`; nobody changes one.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from vectra_player.errors import ConfigError

Port = Annotated[int, Field(ge=0, le=65535)]
Origin = Literal["option", "environment", "config.toml", "default"]


def _setting(default: Any, env: str, description: str, **limits: Any) -> Any:
    return Field(default, description=description, json_schema_extra={"env": env}, **limits)


class Settings(BaseModel):
    """Everything a user can set. Field names are the keys of `config.toml`."""

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True)

    data_dir: Path = _setting(
        Path("~/rugs_data"), "RUGS_DATA_DIR", "where recordings and everything made from them lie"
    )
    chrome_profile: str = _setting(
        "rugs_bot",
        "CHROME_PROFILE",
        "name of the Chrome profile under ~/.gamebot/chrome_profiles/",
        pattern=r"^[A-Za-z0-9_-]{1,64}$",
    )
    cdp_port: Port | None = _setting(
        None, "CDP_PORT", "attach to the Chrome that listens here; unset: launch one over a pipe"
    )
    foundation_port: Port = _setting(9000, "FOUNDATION_PORT", "port of the live feed")
    foundation_http_port: Port = _setting(9001, "FOUNDATION_HTTP_PORT", "port of the monitor")
    headless: bool = _setting(False, "FOUNDATION_HEADLESS", "run the launched Chrome windowless")
    dashboard_port: Port = _setting(5000, "VECTRA_DASHBOARD_PORT", "port of the dashboard")
    game_url: str = _setting(
        "https://rugs.fun",
        "VECTRA_GAME_URL",
        "the game page that is opened and captured",
        pattern=r"^https?://[^\s/]+",
    )
    public_ws_url: str = _setting(
        "https://backend.rugs.fun?frontend-version=1.0",
        "VECTRA_PUBLIC_WS_URL",
        "Socket.IO server of the public feed",
        pattern=r"^(https?|wss?)://[^\s/]+",
    )
    chrome_path: Path | None = _setting(
        None, "VECTRA_CHROME", "Chrome or Chromium to launch; unset: the first one found"
    )
    file_interval_s: float = _setting(
        60.0, "VECTRA_FILE_INTERVAL_S", "seconds between filings to Parquet", gt=0, le=86_400
    )
    silence_s: float = _setting(
        30.0, "VECTRA_SILENCE_S", "reconnect the public feed after so many quiet seconds", gt=0
    )
    demo_speed: float = _setting(
        1.0, "VECTRA_DEMO_SPEED", "how much faster than real time the demo server plays", gt=0
    )
    demo_seed: int | None = _setting(
        None, "VECTRA_DEMO_SEED", "seed of the demo server's games; unset: new games each time"
    )
    query_timeout_s: float = _setting(
        30.0, "VECTRA_QUERY_TIMEOUT_S", "a query is stopped after so many seconds", gt=0
    )
    query_rows: int = _setting(
        10_000, "VECTRA_QUERY_ROWS", "a query returns at most so many rows", ge=1
    )
    log_level: Literal["debug", "info", "warning", "error"] = _setting(
        "info", "VECTRA_LOG_LEVEL", "least severity that is logged"
    )

    @property
    def chrome_profile_dir(self) -> Path:
        """Directory of the Chrome profile; never the user's everyday one."""
        return Path.home() / ".gamebot" / "chrome_profiles" / self.chrome_profile


class Effective(NamedTuple):
    """One setting as it is in force."""

    name: str
    value: Any
    origin: Origin
    env: str
    description: str


class Configuration(NamedTuple):
    """Settings with the origin of each value."""

    settings: Settings
    origins: dict[str, Origin]

    def effective(self) -> list[Effective]:
        """List every setting with its value and where it came from."""
        return [
            Effective(
                name,
                getattr(self.settings, name),
                self.origins[name],
                env_name(name),
                field.description or "",
            )
            for name, field in Settings.model_fields.items()
        ]


def env_name(field: str) -> str:
    """Return the environment variable of a setting."""
    extra = Settings.model_fields[field].json_schema_extra
    if not isinstance(extra, dict):
        raise TypeError(f"setting {field} names no environment variable")
    return str(extra["env"])


def load(options: Mapping[str, Any], environ: Mapping[str, str] = os.environ) -> Configuration:
    """Build the settings. `options` holds command-line values; None means not given.

    Raises:
        ConfigError: a value is impossible, or `config.toml` is no TOML or has unknown keys.
    """
    layers: list[tuple[Origin, dict[str, Any]]] = [
        ("option", {name: value for name, value in options.items() if value is not None}),
        ("environment", _from_environment(environ)),
    ]
    root = next((layer["data_dir"] for _, layer in layers if "data_dir" in layer), None)
    data_dir = Path(root or Settings.model_fields["data_dir"].default).expanduser()
    layers.append(("config.toml", _from_file(data_dir / "config.toml")))
    merged: dict[str, Any] = {}
    origins: dict[str, Origin] = dict.fromkeys(Settings.model_fields, "default")
    for origin, layer in reversed(layers):
        merged |= layer
        origins |= dict.fromkeys(layer, origin)
    merged["data_dir"] = data_dir.absolute()
    return Configuration(_validate(merged, origins), origins)


def _from_environment(environ: Mapping[str, str]) -> dict[str, Any]:
    named = ((name, environ.get(env_name(name), "")) for name in Settings.model_fields)
    return {name: value for name, value in named if value != ""}


def _from_file(path: Path) -> dict[str, Any]:
    try:
        values = tomllib.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise ConfigError(f"{path} cannot be read: {error}.", advice="Mend or remove it.") from None
    if "data_dir" in values:
        raise ConfigError(f"{path} sets data_dir.", advice="Set RUGS_DATA_DIR or --data-dir.")
    return values


def _validate(merged: dict[str, Any], origins: dict[str, Origin]) -> Settings:
    try:
        return Settings.model_validate(merged)
    except ValidationError as error:
        first = error.errors()[0]
        name = str(first["loc"][0]) if first["loc"] else "?"
        known = name in Settings.model_fields
        label = f"{name} ({env_name(name)}, from {origins[name]})" if known else name
        reason = first["msg"] if known else "is no setting; `vectra-player config show` lists them"
        raise ConfigError(f"Setting {label}: {reason}.") from None
