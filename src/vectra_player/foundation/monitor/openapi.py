"""Describe the API from the very table its routes are made of. Used by `monitor.app`."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Iterable
from typing import Any, NamedTuple

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from vectra_player import __version__
from vectra_player.foundation.monitor.answers import ErrorAnswer

_PARAMETER = re.compile(r"\{(\w+)(?::\w+)?\}")


class Endpoint(NamedTuple):
    """One method of one path. `gives` None: not JSON, then `media` says what."""

    method: str
    path: str
    call: Callable[[Request], Awaitable[Response]]
    summary: str
    gives: Any = None
    takes: Any = None
    media: str = "text/html"
    open: bool = False
    query: tuple[tuple[str, str], ...] = ()
    status: int = 200


def document(endpoints: Iterable[Endpoint]) -> dict[str, Any]:
    """Return the OpenAPI 3.1 document of a table of endpoints."""
    table = list(endpoints)
    types = [t for e in table for t in (e.gives, e.takes) if t is not None] + [ErrorAnswer]
    schemas, components = msgspec.json.schema_components(
        types, ref_template="#/components/schemas/{name}"
    )
    found = dict(zip(map(repr, types), schemas, strict=True))
    paths: dict[str, dict[str, Any]] = {}
    for endpoint in table:
        path = _PARAMETER.sub(r"{\1}", endpoint.path)
        paths.setdefault(path, {})[endpoint.method.lower()] = _operation(endpoint, found)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "VECTRA-PLAYER monitor and control API",
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


def _operation(endpoint: Endpoint, schemas: dict[str, Any]) -> dict[str, Any]:
    told: dict[str, Any] = {
        "summary": endpoint.summary,
        "operationId": endpoint.call.__name__.strip("_"),
        "responses": {
            str(endpoint.status): {
                "description": endpoint.summary,
                "content": _content(endpoint, schemas),
            },
            "default": {
                "description": "What went wrong and what to do.",
                "content": {"application/json": {"schema": schemas[repr(ErrorAnswer)]}},
            },
        },
    }
    parameters = [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
        for name in _PARAMETER.findall(endpoint.path)
    ]
    parameters += [
        {"name": name, "in": "query", "required": False, "schema": {"type": kind}}
        for name, kind in endpoint.query
    ]
    if parameters:
        told["parameters"] = parameters
    if endpoint.takes is not None:
        body = {"application/json": {"schema": schemas[repr(endpoint.takes)]}}
        told["requestBody"] = {"required": True, "content": body}
    if endpoint.open:
        told["security"] = []
    return told


def _content(endpoint: Endpoint, schemas: dict[str, Any]) -> dict[str, Any]:
    if endpoint.gives is None:
        return {endpoint.media: {"schema": {"type": "string"}}}
    return {"application/json": {"schema": schemas[repr(endpoint.gives)]}}
