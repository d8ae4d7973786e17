"""Views and limits of the query session."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from vectra_player.errors import QueryRefusedError, UsageError
from vectra_player.model.rows import DOC_TYPES
from vectra_player.store.query import QueryLimits, open_query
from vectra_player.store.query_process import QueryProcess
from vectra_player.store.remote.sync import sync

TRACE = '{"__trace":true,"traceparent":"00-1-2-01"}'

PAYLOADS = [
    ('42["gameStateUpdate",{"price":1.5}]', {}, {"price": 1.5}),
    (f'42["standard/newTrade",{TRACE},{{"qty":1}}]', {}, {"qty": 1}),
    (f'42["authenticate",{TRACE}]', {}, None),
    ('42["getPlayerCosmetics"]', {}, None),
    ('42["a",1,"two",[3]]', {}, [3]),
    ('42["a",null]', {}, "null"),
    ('4229["ping",{"lastPing":1.25}]', {}, {"lastPing": 1.25}),
    ('42/admin,7["x",{"y":"[z"}]', {}, {"y": "[z"}),
    ('4329[{"success":true}]', {"packet_type": "ack"}, {"success": True}),
    ("4358[]", {"packet_type": "ack"}, None),
    (f'4358[{TRACE},{{"ok":1}}]', {"packet_type": "ack"}, {"ok": 1}),
    (f"4358[{TRACE}]", {"packet_type": "ack"}, None),
    ('451-["b",{"_placeholder":true,"num":0}]', {"packet_type": "binary_event"},
     {"_placeholder": True, "num": 0}),
    ('451-/n,3["b",{"num":0}]', {"packet_type": "binary_event"}, {"num": 0}),
    ('461-9[{"num":0}]', {"packet_type": "binary_ack"}, {"num": 0}),
    ('0{"sid":"abc"}', {"packet_type": "open"}, {"sid": "abc"}),
    ('40{"sid":"x"}', {"packet_type": "connect"}, {"sid": "x"}),
    ('40/n,{"sid":"x"}', {"packet_type": "connect"}, {"sid": "x"}),
    ("40", {"packet_type": "connect"}, None),
    ('44{"message":"no"}', {"packet_type": "connect_error"}, {"message": "no"}),
    ("2", {"packet_type": "ping"}, None),
    ("42[broken", {}, None),
    ("AAEC", {"packet_type": "binary", "opcode": 2}, None),
    ('{"reason":"x"}', {"raw_format": "fact", "packet_type": "fact"}, {"reason": "x"}),
    ('{"event":"e","data":{"d":1}}', {"raw_format": "capture", "packet_type": "record"}, {"d": 1}),
    ('{"tick":3}', {"raw_format": "legacy", "packet_type": "record"}, {"tick": 3}),
    ("not json", {"raw_format": "legacy", "packet_type": "record"}, None),
    ('{"id":"g"}', {"raw_format": "history", "packet_type": "record"}, {"id": "g"}),
]  # fmt: skip


def test_data_is_the_payload_of_every_kind_of_raw(tree: Any) -> None:
    tree.add(*(tree.ws(i + 1, raw, **kind) for i, (raw, kind, _) in enumerate(PAYLOADS)))
    with open_query(tree.root) as session:
        rows = session.query("SELECT raw, data FROM ws_event ORDER BY seq").rows()
    for (raw, _, expected), (stored, data) in zip(PAYLOADS, rows, strict=True):
        assert stored == raw
        got = None if data is None else json.loads(data)
        assert got == (None if expected == "null" else expected), raw


def test_every_doc_type_is_a_view_even_before_its_first_file(tree: Any) -> None:
    with open_query(tree.root) as session:
        for doc_type in DOC_TYPES:
            result = session.query(f"SELECT * FROM {doc_type}")
            assert result.rows() == []
            assert {"session_id", "seq", "sub", "ts", "schema_version", "date"} <= set(
                result.columns
            )


def test_a_column_an_older_file_lacks_reads_as_null(tree: Any) -> None:
    import pyarrow.parquet as pq

    (path,) = tree.add(tree.tick(0, 1.0))
    pq.write_table(pq.read_table(path, partitioning=None).drop_columns(["trade_count"]), path)
    tree.add(tree.tick(1, 2.0, seq=2, session="s2", trade_count=5))
    with open_query(tree.root) as session:
        rows = session.query("SELECT tick, trade_count FROM game_tick ORDER BY tick").rows()
    assert rows == [(0, None), (1, 5)]


def test_game_chooses_the_most_complete_row_and_the_earliest_commitment(tree: Any) -> None:
    seen = tree.T0 - 5
    tree.add(
        tree.game(completeness="partial", server_seed_hash="h", commitment_first_seen_at=seen),
        tree.game(session="s2", completeness="full", prices=[1.0, 2.0], server_seed_hash="h"),
        tree.game(session="s3", origin="127.0.0.1:8000", source="demo"),
    )
    with open_query(tree.root) as session:
        rows = session.query(
            "SELECT session_id, epoch_us(commitment_first_seen_at) FROM game ORDER BY 1"
        ).rows()
        assert rows == [("s2", seen), ("s3", None)]
        assert session.query("SELECT count(*) FROM game_all").rows() == [(3,)]


def test_sidebet_chooses_the_settled_row(tree: Any) -> None:
    tree.add(
        tree.sidebet(),
        tree.sidebet(session="s2", outcome="won", payout=Decimal("0.005"), settled_at=1),
        tree.sidebet(session="s2", seq=51, start_tick=90, end_tick=130),
    )
    with open_query(tree.root) as session:
        rows = session.query("SELECT outcome, payout FROM sidebet ORDER BY start_tick").rows()
    assert rows == [("won", Decimal("0.005000000")), ("unknown", None)]


def test_a_cut_answer_says_so(tree: Any) -> None:
    tree.add(*(tree.tick(i, 1.0) for i in range(20)))
    with open_query(tree.root, QueryLimits(rows=7)) as session:
        result = session.query("SELECT tick FROM game_tick ORDER BY tick")
        assert (len(result.rows()), result.truncated) == (7, True)
        assert not session.query("SELECT 1").truncated


def test_files_filed_after_opening_are_seen(tree: Any) -> None:
    with open_query(tree.root) as session:
        assert session.query("SELECT count(*) FROM game_tick").rows() == [(0,)]
        tree.add(tree.tick(0, 1.0))
        assert session.query("SELECT count(*) FROM game_tick").rows() == [(1,)]


def test_a_file_exchanged_while_it_is_read_is_looked_up_again(
    tree: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    (path,) = tree.add(tree.tick(0, 1.0))
    with open_query(tree.root) as session:
        listing = session.root.files
        calls: list[str] = []

        def stale_once(doc_type: str) -> list[Any]:
            files = listing(doc_type)
            calls.append(doc_type)
            if doc_type == "game_tick" and calls.count(doc_type) == 1:
                return [file._replace(path=file.path + ".gone.parquet") for file in files]
            return files

        monkeypatch.setattr(session.root, "files", stale_once)
        assert session.query("SELECT count(*), sum(price) FROM game_tick").rows() == [(1, 1.0)]
        assert calls.count("game_tick") == 2
    assert path.exists()


def test_a_slow_statement_is_interrupted(tree: Any) -> None:
    with (
        open_query(tree.root, QueryLimits(timeout_s=0.2)) as session,
        pytest.raises(QueryRefusedError, match="longer than"),
    ):
        session.query("SELECT count(*) FROM range(1000000000000000)")


def test_explain_is_ours_to_prefix(tree: Any) -> None:
    with open_query(tree.root) as session:
        plan = session.query("SELECT tick FROM game_tick WHERE game_id = 'x'", explain=True)
        assert "game_id" in str(plan.rows())
        with pytest.raises(QueryRefusedError, match="EXPLAIN"):
            session.query("EXPLAIN SELECT 1")


def test_a_missing_directory_is_a_usage_error(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no data directory"):
        open_query(tmp_path / "absent")


def test_an_fsspec_url_is_read_like_a_directory(
    tree: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RUGS_DATA_DIR", str(tmp_path / "home"))
    tree.add(tree.tick(0, 1.0))
    sync(tree.data_dir, f"file://{tmp_path}/lake")
    with open_query(f"file://{tmp_path}/lake") as session:
        assert session.query("SELECT price, date FROM game_tick").rows()[0][0] == 1.0


def test_a_query_process_answers_and_survives_a_statement_that_overruns(tree: Any) -> None:
    tree.add(tree.tick(0, 1.25))
    with QueryProcess(tree.root, QueryLimits(timeout_s=2)) as process:
        assert process.query("SELECT price FROM game_tick").rows() == [(1.25,)]
        for bomb in (
            "SELECT length(repeat('x', 3000000000))",
            "SELECT levenshtein(repeat('a', 300000), repeat('b', 300000))",
        ):
            with pytest.raises(QueryRefusedError):
                process.query(bomb)
        assert process.query("SELECT count(*) FROM game_tick").rows() == [(1,)]


def test_one_statement_can_be_run_in_a_process_of_its_own(tree: Any) -> None:
    with QueryProcess(tree.root) as process:
        assert process.query("SELECT 40 + 2").rows() == [(42,)]
        with pytest.raises(QueryRefusedError, match="COPY"):
            process.query("COPY game TO 'x.parquet'")


def test_a_flipped_bit_is_an_error_and_never_data(tree: Any) -> None:
    from vectra_player.store.parquet import encode
    from vectra_player.store.schema import to_table

    ticks = [tree.tick(index, 1.0 + index / 7) for index in range(300)]
    (path,) = tree.add(*ticks)
    data = bytearray(encode(to_table(ticks, type(ticks[0]))))
    place = len(data) // 3
    data[place] ^= 0x10
    path.write_bytes(data)
    with open_query(tree.root) as session, pytest.raises(QueryRefusedError, match=r"failed|store"):
        session.query("SELECT * FROM game_tick")
