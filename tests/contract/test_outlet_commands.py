"""What the outlet's commands print."""

from __future__ import annotations

from pathlib import Path

from tests.command_support import run_warm
from tests.store_support import SMALL, make_frame

from vectra_player.store.writer import EventStore

NOBODY = "nats://127.0.0.1:1"


def test_the_status_says_why_the_last_sender_ended(tmp_path: Path) -> None:
    with EventStore.open(tmp_path, settings=SMALL) as store:
        store.start_session("demo", "127.0.0.1")
        store.append(make_frame(1))
    words = {"VECTRA_OUTLET": NOBODY, "VECTRA_OUTLET_CREDENTIALS": str(tmp_path / "gone")}
    sent = run_warm("--data-dir", tmp_path, "outlet", "send", **words)
    assert (sent.code, "gone cannot be read" in sent.err) == (2, True)
    told = run_warm("--data-dir", tmp_path, "outlet", "status", **words)
    why = f"The outlet's credentials {tmp_path}/gone cannot be read: No such file or directory"
    assert told.out.startswith(f"{NOBODY}: nothing sends now: {why}. ")
