"""Both HTTP APIs against their own OpenAPI documents: requests made of the documents, right and
wrong ones; no answer may be a server error or other than described.

`python -m tests.contract.conformance --examples 500` is the long form.
"""

from __future__ import annotations

import argparse
import contextlib
import tempfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import Case, GenerationMode, Response
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from tests.command_support import PATIENCE_S
from tests.dashboard_support import Board, board
from tests.e2e.support.hostile import GAME, hostile_capture
from tests.foundation_support import Site, site

from vectra_player.dashboard.neighbour import Peer
from vectra_player.store.importers import import_paths

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]

TRIES = 3
"""A machine that does other things may let one question run out of its time."""


class Api(NamedTuple):
    """One API. `known`: path parameters that lead to something; `send` sends a case to it."""

    document: dict[str, Any]
    known: Mapping[str, str]
    send: Callable[[Case], Response]


@contextlib.contextmanager
def both(root: Path) -> Iterator[tuple[Api, Api]]:
    """Yield the APIs of a dashboard in this process and of a running `up` beside it.

    They share a data directory that holds hostile texts and what the demo server plays.
    """
    capture = root.with_suffix(".jsonl")
    hostile_capture(capture)
    import_paths([capture], root)
    with site(root, "--source", "demo", "--speed", "5", "--seed", "7") as up, board(root) as served:
        served.services.jobs.close()  # they are taken in and stay waiting
        served.peers[0] = Peer(up.instance.token, up.instance.feed, up.instance.monitor)
        yield dashboard_api(served), monitor_api(up)


def dashboard_api(served: Board) -> Api:
    """Return the API of a dashboard in this process."""
    job = served.post("/api/exports", {"doc_type": "game"}).json
    upload = served.post("/api/uploads", {}).json
    assert job is not None
    assert upload is not None
    headers = {**served.bearer, "Host": "127.0.0.1:5000"}

    def send(case: Case) -> Response:
        for _ in range(TRIES):
            told = case.call(app=served.client.application, headers=headers)
            if told.status_code != 503:
                break
        return told

    known = {"game_id": GAME, "job_id": job["id"], "upload": upload["id"], "name": "a.jsonl"}
    document = served.get("/openapi.json").json
    assert document is not None
    return Api(document, known, send)


def monitor_api(up: Site) -> Api:
    """Return the API of a running monitor."""
    replay = up.post("/api/replay", {"game_id": GAME, "paused": True}).json

    def send(case: Case) -> Response:
        plain = {"allow_redirects": False, "timeout": PATIENCE_S}
        return case.call(base_url=up.origin, headers=up.bearer, **plain)

    known = {"id": replay["id"], "name": "live-monitor", "path": "index.html"}
    return Api(up.get("/openapi.json").json, known, send)


def conform(api: Api, examples: int) -> list[str]:
    """Send `examples` requests of each kind to each operation; return what was wrong."""
    schema = schemathesis.openapi.from_dict(api.document)
    wrong: list[str] = []
    for found in schema.get_all_operations():
        operation = found.ok()
        named = {
            p.name: api.known[p.name] for p in operation.path_parameters if p.name in api.known
        }
        kinds: list[tuple[dict[str, Any], int]] = [
            ({"generation_mode": mode, "path_parameters": named or None}, examples)
            for mode in GenerationMode
        ]
        if named:  # what is not there
            kinds.append(({"generation_mode": GenerationMode.POSITIVE}, max(1, examples // 2)))
        for kind, count in kinds:
            try:
                _each(operation.as_strategy(**kind), api, count)
            except Unsatisfiable:  # nothing can be wrong where nothing is given
                continue
            except (Exception, BaseExceptionGroup) as error:  # look at the next one all the same
                wrong.append(f"{operation.label}: {error}")
    return wrong


def _each(cases: Any, api: Api, examples: int) -> None:
    @settings(
        max_examples=examples,
        derandomize=True,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=cases)
    def one(case: Case) -> None:
        case.validate_response(api.send(case), checks=CHECKS)

    one()


def main() -> None:
    """Run the long form."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--examples", type=int, default=500, help="of each kind and operation")
    examples = parser.parse_args().examples
    with tempfile.TemporaryDirectory() as folder, both(Path(folder) / "data") as apis:
        wrong = [line for api in apis for line in conform(api, examples)]
    print("\n\n".join(wrong) or "Every answer was as described.")
    raise SystemExit(bool(wrong))


if __name__ == "__main__":
    main()
