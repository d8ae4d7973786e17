"""Read the parameters of a request into a frozen struct, or say of each field what is wrong.

A parameter's type, limits and words come from its struct (`Annotated[int, Meta(...)]`); the OpenAPI
document is made of the same.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, TypeVar, get_type_hints

import msgspec

from vectra_player.errors import UsageError

P = TypeVar("P", bound=msgspec.Struct)


class Nothing(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An empty JSON object: the path says everything."""


class WrongParametersError(UsageError):
    """Parameters are not what they should be; `fields` says of each which value would do."""

    def __init__(self, fields: dict[str, str]) -> None:
        listed = ", ".join(sorted(fields))
        super().__init__(f"Not usable: {listed}.", advice="Mend what is marked and try again.")
        self.fields = fields


def read_params(kind: type[P], given: Mapping[str, list[str]]) -> P:
    """Return the parameters as `kind`; an empty one counts as not given.

    Raises:
        WrongParametersError: unknown, missing, given twice, or of a wrong type or size.
    """
    hints = get_type_hints(kind, include_extras=True)
    values: dict[str, Any] = {}
    wrong: dict[str, str] = {}
    for name, texts in given.items():
        told = [text for text in texts if text != ""]
        if name not in hints:
            wrong[_shown(name)] = "There is no such parameter."
        elif len(told) > 1:
            wrong[name] = "Give it once."
        elif told:
            try:
                values[name] = _converted(told[0], hints[name])
            except msgspec.ValidationError as error:
                wrong[name] = _reason(kind, name, error)
    for field in msgspec.structs.fields(kind):
        if field.required and field.name not in values:
            wrong.setdefault(field.name, "It is needed.")
    if wrong:
        raise WrongParametersError(wrong)
    return kind(**values)


def read_body(kind: type[P], text: bytes) -> P:
    """Return a JSON body as `kind`.

    Raises:
        WrongParametersError: it is no JSON, or not of this shape.
    """
    try:
        return msgspec.json.decode(text, type=kind)
    except (msgspec.DecodeError, ValueError, RecursionError) as error:
        message, _, place = str(error).partition(" - at `$")
        name = place.strip(".`") or "body"
        raise WrongParametersError({_shown(name): f"{message}."}) from None


def _converted(text: str, kind: Any) -> Any:
    value = msgspec.convert(text, kind, strict=False)
    if isinstance(value, float) and not math.isfinite(value):
        raise msgspec.ValidationError("Expected a number")
    return value


def _reason(kind: type[msgspec.Struct], name: str, error: msgspec.ValidationError) -> str:
    """Say what would do: the words of the field where it has some, else those of the check."""
    schemas = msgspec.json.schema(kind)["$defs"][kind.__name__]["properties"]
    words = schemas[name].get("description", "")
    return f"{words[:1].upper()}{words[1:]}." if words else f"{error}."


def _shown(name: str) -> str:
    return name.encode("utf-8", "replace").decode()[:64]
