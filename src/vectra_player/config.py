"""Settings: frozen, typed, built once. The only module that reads the environment.

Precedence: command-line option, environment variable, `config.toml` in the data directory,
default. Every layer above may read a `Settings`; nobody changes one.
"""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Iterator, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    StrictBool,
    ValidationError,
    field_validator,
    model_validator,
)
from pydantic.fields import FieldInfo

from vectra_player.errors import ConfigError

Port = Annotated[int, Field(ge=0, le=65535)]
Origin = Literal["option", "environment", "config.toml", "default"]


def _setting(default: Any, env: str, description: str, **limits: Any) -> Any:
    return Field(default, description=description, json_schema_extra={"env": env}, **limits)


def _sol(default: str, env: str, description: str, *, highest: int = 100) -> Any:
    limits = {"ge": Decimal("0.001"), "le": highest, "decimal_places": 9}
    return _setting(Decimal(default), env, description, **limits)


class TradeSettings(BaseModel):
    """The table `[trade]`: what pressing buttons of the game page may risk, in SOL."""

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True)

    live_enabled: StrictBool = _setting(
        False, "", "first of three switches of live trading; config.toml is the only place for it"
    )
    max_stake_sol: Decimal = _sol(
        "0.01", "VECTRA_TRADE_MAX_STAKE_SOL", "most SOL of one BUY or SIDEBET", highest=5
    )
    max_exposure_sol: Decimal = _sol(
        "0.05",
        "VECTRA_TRADE_MAX_EXPOSURE_SOL",
        "most SOL at risk at once: holding at cost, open sidebet, orders under way",
    )
    max_loss_session_sol: Decimal = _sol(
        "0.05",
        "VECTRA_TRADE_MAX_LOSS_SESSION_SOL",
        "most SOL that may be lost from one start of the service to its end",
    )
    max_loss_day_sol: Decimal = _sol(
        "0.1", "VECTRA_TRADE_MAX_LOSS_DAY_SOL", "most SOL that may be lost in a UTC day"
    )
    orders_per_minute: int = _setting(
        10,
        "VECTRA_TRADE_ORDERS_PER_MINUTE",
        "most BUY and SIDEBET orders in 60 seconds; as many SELL orders beside them",
        ge=1,
        le=60,
    )

    @model_validator(mode="after")
    def _fit_together(self) -> Self:
        for less, more in (
            ("max_stake_sol", "max_exposure_sol"),
            ("max_loss_session_sol", "max_loss_day_sol"),
        ):
            if getattr(self, less) > getattr(self, more):
                raise ValueError(f"{less} is above {more}; set both")
        return self


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
    outlet: str | None = _setting(
        None,
        "VECTRA_OUTLET",
        "NATS broker that recorders also send to, nats://HOST:4222; unset: none",
    )
    outlet_credentials: Path | None = _setting(
        None,
        "VECTRA_OUTLET_CREDENTIALS",
        "file with `user:password` or a token for the broker; only you may read it",
    )
    log_level: Literal["debug", "info", "warning", "error"] = _setting(
        "info", "VECTRA_LOG_LEVEL", "least severity that is logged"
    )
    trade: TradeSettings = TradeSettings()

    @field_validator("outlet")
    @classmethod
    def _holds_no_secret(cls, value: str | None) -> str | None:
        # A setting is shown and logged. The text of the error must not repeat it.
        if value is not None and not re.fullmatch(r"(nats|tls)://[^\s/@?#]+/?", value):
            raise ValueError(
                "write nats://HOST:4222; user and password go into a file of their own"
            )
        return value

    @property
    def chrome_profile_dir(self) -> Path:
        """Directory of the Chrome profile; never the user's everyday one."""
        return Path.home() / ".gamebot" / "chrome_profiles" / self.chrome_profile


class Effective(NamedTuple):
    """One setting as it is in force. `env` is empty where only `config.toml` counts."""

    name: str
    value: Any
    origin: Origin
    env: str
    description: str


class Configuration(NamedTuple):
    """Settings with the origin of each value, by its dotted name."""

    settings: Settings
    origins: dict[str, Origin]

    def effective(self) -> list[Effective]:
        """List every setting with its value and where it came from."""
        return [
            Effective(
                name,
                self._value(name),
                self.origins[name],
                env_name(name),
                field.description or "",
            )
            for name, field in FIELDS.items()
        ]

    def _value(self, name: str) -> Any:
        value: Any = self.settings
        for part in name.split("."):
            value = getattr(value, part)
        return value


def _fields(model: type[BaseModel], prefix: str = "") -> Iterator[tuple[str, FieldInfo]]:
    for name, field in model.model_fields.items():
        kind = field.annotation
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            yield from _fields(kind, f"{name}.")
        else:
            yield f"{prefix}{name}", field


FIELDS: dict[str, FieldInfo] = dict(_fields(Settings))
"""Every setting by the name `config show` has for it: a setting of a table is `table.name`."""

_TABLES = {name.partition(".")[0] for name in FIELDS if "." in name}


def env_name(name: str) -> str:
    """Return the environment variable of a setting; empty where only `config.toml` counts."""
    extra = FIELDS[name].json_schema_extra
    if not isinstance(extra, dict):
        raise TypeError(f"setting {name} names no environment variable")
    return str(extra["env"])


def load(options: Mapping[str, Any], environ: Mapping[str, str] = os.environ) -> Configuration:
    """Build the settings. `options` holds command-line values; None means not given.

    Raises:
        ConfigError: a value is impossible or stands where it may not, or `config.toml` is no TOML
            or has unknown keys.
    """
    layers: list[tuple[Origin, dict[str, Any]]] = [
        ("option", _from_options(options)),
        ("environment", _from_environment(environ)),
    ]
    root = next((layer["data_dir"] for _, layer in layers if "data_dir" in layer), None)
    if "://" in str(root):
        raise ConfigError(
            f"Setting data_dir: {root} is an address; what is recorded or made needs a local one.",
            advice="Name an address with --data-dir, for commands that only read.",
        )
    data_dir = Path(root or FIELDS["data_dir"].default).expanduser()
    layers.append(("config.toml", _from_file(data_dir / "config.toml")))
    merged: dict[str, Any] = {}
    origins: dict[str, Origin] = dict.fromkeys(FIELDS, "default")
    for origin, layer in reversed(layers):
        merged |= layer
        origins |= dict.fromkeys(layer, origin)
    merged["data_dir"] = data_dir.absolute()
    return Configuration(_validate(merged, origins), origins)


def _from_options(options: Mapping[str, Any]) -> dict[str, Any]:
    given = {name: value for name, value in options.items() if value is not None}
    for name in given:
        if name in _TABLES or (name in FIELDS and not env_name(name)):
            raise ConfigError(f"{name} is no option.", advice="Set it in config.toml.")
    return given


def _from_environment(environ: Mapping[str, str]) -> dict[str, Any]:
    named = ((name, environ.get(env_name(name), "")) for name in FIELDS if env_name(name))
    return {name: value for name, value in named if value != ""}


def _from_file(path: Path) -> dict[str, Any]:
    try:
        values = tomllib.loads(path.read_text("utf-8"), parse_float=Decimal)
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise ConfigError(f"{path} cannot be read: {error}.", advice="Mend or remove it.") from None
    if "data_dir" in values:
        raise ConfigError(f"{path} sets data_dir.", advice="Set RUGS_DATA_DIR or --data-dir.")
    flat: dict[str, Any] = {}
    for name, value in values.items():
        if name not in _TABLES:
            flat[name] = value
        elif isinstance(value, dict):
            flat |= {f"{name}.{key}": item for key, item in value.items()}
        else:
            raise ConfigError(f"{path}: {name} is a table.", advice=f"Begin it with [{name}].")
    return flat


def _nested(flat: Mapping[str, Any]) -> dict[str, Any]:
    tree: dict[str, Any] = {}
    for name, value in flat.items():
        table, _, key = name.rpartition(".")
        (tree.setdefault(table, {}) if table in _TABLES else tree)[key if table else name] = value
    return tree


def _validate(merged: dict[str, Any], origins: dict[str, Origin]) -> Settings:
    try:
        return Settings.model_validate(_nested(merged))
    except ValidationError as error:
        first = error.errors()[0]
        why = first["msg"].removeprefix("Value error, ")
        name = ".".join(str(part) for part in first["loc"][:2]) or "?"
        if name in _TABLES:
            raise ConfigError(f"Setting {name}: {why}.") from None
        if name not in FIELDS:
            reason = "is no setting; `vectra-player config show` lists them"
            raise ConfigError(f"Setting {name}: {reason}.") from None
        place = f"{env_name(name)}, from " if env_name(name) else "from "
        raise ConfigError(f"Setting {name} ({place}{origins[name]}): {why}.") from None
