"""Describe an HTTP API from the table its routes are made of. Used by monitor and dashboard."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

import msgspec

from vectra_player import __version__

_PARAMETER = re.compile(r"\{(\w+)(?::\w+)?\}")


class Endpoint(NamedTuple):
    """One method of one path. `gives` None: not JSON, then `media` says what.

    The query is described by `query`, pairs of name and kind, or by `params`, a struct with one
    field a parameter. `upload`: the body is bytes, not JSON.
    """

    method: str
    path: str
    call: Callable[..., Any]
    summary: str
    gives: Any = None
    takes: Any = None
    media: str = "text/html"
    open: bool = False
    query: tuple[tuple[str, str], ...] = ()
    status: int = 200
    params: type[msgspec.Struct] | None = None
    upload: bool = False


def document(endpoints: Iterable[Endpoint], *, title: str, error: type) -> dict[str, Any]:
    """Return the OpenAPI 3.1 document of a table; `error` is the body of answers above 399."""
    table = list(endpoints)
    types = [t for e in table for t in (e.gives, e.takes, e.params) if t is not None] + [error]
    schemas, components = msgspec.json.schema_components(
        types, ref_template="#/components/schemas/{name}"
    )
    found = dict(zip(map(repr, types), schemas, strict=True))
    called = Counter(_called(endpoint) for endpoint in table)
    paths: dict[str, dict[str, Any]] = {}
    for endpoint in table:
        path = _PARAMETER.sub(r"{\1}", endpoint.path)
        told = _operation(endpoint, found, found[repr(error)])
        if called[_called(endpoint)] > 1:  # an id is unique: two tabs may use one word
            told["operationId"] += re.sub(r"\W+", "_", path).rstrip("_")
        fields = _fields(endpoint, found, components)
        parameters = [*_path_parameters(endpoint), *_query_parameters(endpoint, fields)]
        if parameters:
            told["parameters"] = parameters
        paths.setdefault(path, {})[endpoint.method.lower()] = told
    return {
        "openapi": "3.1.0",
        "info": {
            "title": title,
            "version": __version__,
            "description": "Loopback only. Browsers come with the cookie of the login link, "
            "programs with `Authorization: Bearer`.",
        },
        "paths": paths,
        "components": {
            "schemas": components,
            "securitySchemes": {
                "bearer": {"type": "http", "scheme": "bearer"},
                "cookie": {"type": "apiKey", "in": "cookie", "name": "vectra_session"},
            },
        },
        "security": [{"bearer": []}, {"cookie": []}],
    }


def _operation(endpoint: Endpoint, schemas: dict[str, Any], error: Any) -> dict[str, Any]:
    told: dict[str, Any] = {
        "summary": endpoint.summary,
        "operationId": _called(endpoint),
        "responses": {
            str(endpoint.status): _success(endpoint, schemas),
            "default": {
                "description": "What went wrong and what to do.",
                "content": {"application/json": {"schema": error}},
            },
        },
    }
    if endpoint.takes is not None:
        body = {"application/json": {"schema": schemas[repr(endpoint.takes)]}}
        told["requestBody"] = {"required": True, "content": body}
    elif endpoint.upload:
        octets = {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}}
        told["requestBody"] = {"required": True, "content": octets}
    if endpoint.open:
        told["security"] = []
    return told


def _called(endpoint: Endpoint) -> str:
    return endpoint.call.__name__.strip("_")


def _path_parameters(endpoint: Endpoint) -> list[dict[str, Any]]:
    return [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
        for name in _PARAMETER.findall(endpoint.path)
    ]


def _fields(
    endpoint: Endpoint, schemas: dict[str, Any], components: dict[str, Any]
) -> dict[str, Any]:
    """Return the fields of the struct of an endpoint's query; two structs may share a name."""
    if endpoint.params is None:
        return {}
    name = schemas[repr(endpoint.params)]["$ref"].rpartition("/")[2]
    fields: dict[str, Any] = components[name]["properties"]
    return fields


def _query_parameters(endpoint: Endpoint, fields: dict[str, Any]) -> list[dict[str, Any]]:
    described: dict[str, Any] = {name: {"type": kind} for name, kind in endpoint.query}
    described |= fields
    return [
        {"name": name, "in": "query", "required": False, "schema": schema}
        for name, schema in described.items()
    ]


def _success(endpoint: Endpoint, schemas: dict[str, Any]) -> dict[str, Any]:
    if 300 <= endpoint.status < 400:  # leads elsewhere: what it says beside that is nothing
        return {"description": endpoint.summary}
    return {"description": endpoint.summary, "content": _content(endpoint, schemas)}


def _content(endpoint: Endpoint, schemas: dict[str, Any]) -> dict[str, Any]:
    if endpoint.gives is None:
        return {endpoint.media: {"schema": {"type": "string"}}}
    return {"application/json": {"schema": schemas[repr(endpoint.gives)]}}
