"""What a strategy is: the class to derive from, and its typed parameters.

The same class runs in a backtest, in a replay, on paper and live. Strategies import only from
`vectra_player.strategy`.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterable, Mapping
from typing import Any, ClassVar, Literal, TypeAlias

import msgspec
from msgspec import Struct

from vectra_player.errors import UsageError
from vectra_player.strategy.actions import Action
from vectra_player.strategy.context import Context
from vectra_player.strategy.records import GameResult


class Params(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Parameters of a strategy. Derive from it; ranges and texts come from `msgspec.Meta`.

    Example: `hold_ticks: Annotated[int, Meta(ge=1, le=500, description="ticks to hold")] = 20`
    """


AnyParams: TypeAlias = Params


class Strategy:
    """A strategy. Override `on_tick`, and what else is needed; keep state on `self`.

    A class whose `Params` is a record of its own is made with one as its only argument.
    `name` is the class's own in kebab case unless it is set.
    """

    Params: ClassVar[type[AnyParams]] = AnyParams
    name: str = ""

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        if "name" not in cls.__dict__:
            cls.name = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "-", cls.__name__).lower()

    def __init__(self, params: AnyParams | Mapping[str, Any] | None = None) -> None:
        self.params: Any = checked_params(type(self).Params, params, self.name)

    def on_game_start(self, context: Context) -> None:
        """Take note of a new game; called before its first `on_tick`."""

    def on_tick(self, context: Context) -> Iterable[Action] | None:
        """Decide. Called once when the presale opens (BETTING), then at each tick seen (LIVE).

        What the actions bring is in `context` from the tick on at which they arrive.
        """
        return None

    def on_game_end(self, result: GameResult) -> None:
        """Take note of how a game went."""

    @classmethod
    def description(cls) -> str:
        """Return the docstring."""
        return inspect.getdoc(cls) or ""


class ParamField(Struct, frozen=True):
    """One parameter as forms and sweeps need it. A range that is open leaves its end out."""

    name: str
    kind: Literal["int", "float", "bool", "text"]
    default: Any
    low: float | None = None
    high: float | None = None
    low_open: bool = False
    high_open: bool = False
    choices: tuple[str, ...] = ()
    description: str = ""

    @property
    def range(self) -> str:
        """Return the range in words."""
        if self.choices:
            return ", ".join(self.choices)
        least = "" if self.low is None else f"{'above' if self.low_open else 'from'} {self.low:g}"
        most = "" if self.high is None else f"{'below' if self.high_open else 'to'} {self.high:g}"
        return " ".join(filter(None, (least, most)))


def checked_params(
    kind: type[Params], given: Params | Mapping[str, Any] | None, strategy: str
) -> Params:
    """Return parameters within their ranges; text is taken for a number where one is wanted.

    Raises UsageError for an unknown name or a value out of range.
    """
    values = msgspec.to_builtins(given) if isinstance(given, Params) else dict(given or {})
    try:
        return msgspec.convert(values, kind, strict=False)
    except msgspec.ValidationError as error:
        names = ", ".join(field.name for field in param_fields(kind)) or "none"
        raise UsageError(
            f"The parameters of {strategy} are wrong: {error}.",
            advice=f"Its parameters: {names}. `vectra-player strategy show {strategy}` has ranges.",
        ) from None


def param_fields(kind: type[Params]) -> tuple[ParamField, ...]:
    """List the parameters of a record with their ranges, defaults and texts."""
    schema = msgspec.json.schema(kind, ref_template="{name}")
    properties = schema["$defs"][kind.__name__].get("properties", {})
    return tuple(_field(name, shape) for name, shape in properties.items())


_KINDS: Mapping[str, Literal["int", "float", "bool", "text"]] = {
    "integer": "int",
    "number": "float",
    "boolean": "bool",
}


def _field(name: str, shape: Mapping[str, Any]) -> ParamField:
    return ParamField(
        name=name,
        kind=_KINDS.get(shape.get("type", ""), "text"),
        default=shape.get("default"),
        low=shape.get("minimum", shape.get("exclusiveMinimum")),
        high=shape.get("maximum", shape.get("exclusiveMaximum")),
        low_open="exclusiveMinimum" in shape,
        high_open="exclusiveMaximum" in shape,
        choices=tuple(str(choice) for choice in shape.get("enum", ())),
        description=shape.get("description", ""),
    )
