"""The real commands: recorder, broker and collector are killed in turn; every row arrives once."""

from __future__ import annotations

import asyncio
import contextlib
import json
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.command_support import (
    COMMAND,
    PATIENCE_S,
    Ended,
    environment,
    recorder,
    run_warm,
    wait_until,
)
from tests.outlet_support import Nats, broker, rows

from vectra_player.app.outlet import look_at

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

DEMO = ("--source", "demo", "--speed", "20", "--seed", "3")


class Collecting:
    """A running `collect`."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process

    def stop(self) -> Ended:
        """Stop it as a user would."""
        self.process.send_signal(signal.SIGINT)
        out, err = self.process.communicate(timeout=PATIENCE_S)
        return Ended(self.process.returncode, out, err)


@contextlib.contextmanager
def collector(root: Path, url: str) -> Iterator[Collecting]:
    process = subprocess.Popen(
        [*COMMAND, "--data-dir", str(root), "--json", "collect", url],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment(),
    )
    try:
        yield Collecting(process)
    finally:
        if process.poll() is None:
            process.kill()
            process.communicate()


def waiting_at(nats: Nats) -> int:
    return asyncio.run(look_at(nats.address))


def behind(root: Path, url: str) -> int:
    told = run_warm("--data-dir", root, "--json", "outlet", "status", VECTRA_OUTLET=url)
    assert told.code == 0, told.err
    return int(told.json["behind"]) + int(told.json["uncollected"])


def test_recorder_broker_and_collector_are_killed_and_every_row_arrives_once(
    tmp_path: Path,
) -> None:
    root, collected = tmp_path / "recorder", tmp_path / "collected"
    with broker(tmp_path / "nats") as nats:
        outlet = {"VECTRA_OUTLET": nats.url}
        with collector(collected, nats.url) as first, recorder(root, *DEMO, **outlet) as record:
            record.until(lambda status: status["events"] > 60)
            nats.kill()
            seen = record.until(lambda status: status["events"] > 120)
            assert (seen["gaps"], seen["halted"]) == (0, None)
            nats.start()
            record.until(lambda status: status["events"] > 180)
            first.process.kill()
            first.process.communicate()
            record.kill()
        with collector(collected, nats.url) as second:
            with recorder(root, *DEMO, **outlet) as record:
                record.until(lambda status: status["events"] > 60)
                assert record.stop().code == 0
            assert run_warm("--data-dir", root, "outlet", "send", **outlet).code == 0
            wait_until(lambda: waiting_at(nats) == 0, "all is collected")
            assert run_warm("--data-dir", root, "outlet", "send", **outlet).code == 0
            assert behind(root, nats.url) == 0
            done = second.stop()
    assert done.code == 0, done.err
    assert done.json["bad_messages"] == 0
    assert len({row["session_id"] for row in rows(root)}) == 2
    assert rows(collected) == rows(root)


def test_a_recorder_whose_broker_was_never_there_records_and_sends_later(tmp_path: Path) -> None:
    root = tmp_path / "recorder"
    with broker(tmp_path / "nats", started=False) as nats:
        outlet = {"VECTRA_OUTLET": nats.url}
        with recorder(root, *DEMO, **outlet) as record:
            record.until(lambda status: status["events"] > 40)
            ended = record.stop()
        assert (ended.code, ended.json["gaps"]) == (0, 0), ended.err
        away = run_warm("--data-dir", root, "outlet", "send", **outlet)
        assert (away.code, "no broker answers" in away.err) == (1, True)
        assert behind(root, nats.url) == len(rows(root))
        doctor = run_warm("--data-dir", root, "--json", "doctor", **outlet)
        (finding,) = (one for one in json.loads(doctor.out) if one["check"] == "outlet")
        assert (finding["outcome"], "no broker answers" in finding["seen"]) == ("warning", True)
        nats.start()
        assert run_warm("--data-dir", root, "outlet", "send", **outlet).code == 0
        once = run_warm("--data-dir", tmp_path / "collected", "collect", nats.url, "--once")
        assert once.code == 0, once.err
    assert rows(tmp_path / "collected") == rows(root)
