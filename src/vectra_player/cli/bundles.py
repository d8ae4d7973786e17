"""Options that several commands take, declared once: a dataclass whose fields are the options.

    @app.command()
    @unbundled
    def survival(context: typer.Context, *, within: Within = None, games: AnyGames) -> None: ...

The parser sees the fields of `AnyGames` in its place; the command gets one `AnyGames`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import MISSING, Field, fields, is_dataclass
from inspect import Parameter, Signature, signature
from typing import Any, get_type_hints


def unbundled(command: Callable[..., None]) -> Callable[..., None]:
    """Let the parser see the fields of each parameter that is a dataclass."""
    hints = get_type_hints(command, include_extras=True)
    bundles: dict[str, Any] = {name: kind for name, kind in hints.items() if is_dataclass(kind)}

    def run(**values: Any) -> None:
        for name, kind in bundles.items():
            values[name] = kind(**{field.name: values.pop(field.name) for field in fields(kind)})
        command(**values)

    parameters = list(_parameters(command, hints, bundles))
    run.__name__, run.__doc__ = command.__name__, command.__doc__
    run.__annotations__ = {each.name: each.annotation for each in parameters}
    run.__signature__ = Signature(parameters)  # type: ignore[attr-defined]
    return run


def _parameters(
    command: Callable[..., None], hints: dict[str, Any], bundles: dict[str, Any]
) -> Iterator[Parameter]:
    for each in signature(command).parameters.values():
        if each.name not in bundles:
            yield each.replace(kind=Parameter.KEYWORD_ONLY, annotation=hints[each.name])
            continue
        kinds = get_type_hints(bundles[each.name], include_extras=True)
        for field in fields(bundles[each.name]):
            yield Parameter(
                field.name,
                Parameter.KEYWORD_ONLY,
                default=_default(field),
                annotation=kinds[field.name],
            )


def _default(field: Field[Any]) -> Any:
    if field.default_factory is not MISSING:
        return field.default_factory()
    return Parameter.empty if field.default is MISSING else field.default
