"""Exports give every value back exactly."""

from __future__ import annotations

import csv
import io
import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from vectra_player.errors import UsageError
from vectra_player.model.rows import AlertTrigger, Sidebet, WsEvent
from vectra_player.store.export import ExportFilter, export
from vectra_player.store.reads import rows_of

ID = "did:privy:cm3xu2mqa00o3l50fkfjrkvlx"


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_json_lines_of_events_hold_all_that_an_import_needs(recorded: Any, tmp_path: Path) -> None:
    report = export(recorded.data_dir, "ws_event", "jsonl", tmp_path / "out.jsonl")
    rows = lines(report.path)
    assert (report.rows, report.sessions, len(rows)) == (84, 2, 84)
    assert [row["seq"] for row in rows[:42]] == list(range(1, 43))
    first = rows[1]
    assert first["doc_type"] == "ws_event"
    assert first["raw"].startswith('42["gameStateUpdate"')
    assert first["ts"] == "2026-01-01T00:00:00.000000Z"
    assert first["schema_version"] == "2.0.0"
    assert "ack_id" not in first


def test_floats_decimals_and_lists_round_trip(tree: Any, tmp_path: Path) -> None:
    odd = [0.1 + 0.2, 1e-300, 5e-324, 123456789.123456789, -0.0, 1.0]
    tree.add(tree.game(prices=odd, peak=odd[0], rug_price=float("inf")))
    tree.add(tree.sidebet(bet_amount=Decimal("0.000000001")))
    (game,) = lines(export(tree.data_dir, "game", "jsonl", tmp_path / "g.jsonl").path)
    assert [value.hex() for value in game["prices"]] == [value.hex() for value in odd]
    assert game["peak"].hex() == odd[0].hex()
    assert game["rug_price"] == "inf"
    (bet,) = lines(export(tree.data_dir, "sidebet", "jsonl", tmp_path / "s.jsonl").path)
    assert bet["bet_amount"] == "0.000000001"


def test_csv_tells_null_from_empty_and_keeps_quotes_and_newlines(tree: Any, tmp_path: Path) -> None:
    nasty = 'a,"b"\r\nc\tü'
    tree.add(tree.sidebet(username="", coin_address=nasty, x_payout=0.1))
    path = export(tree.data_dir, "sidebet", "csv", tmp_path / "s.csv").path
    text = path.read_bytes().decode()
    (row,) = csv.DictReader(io.StringIO(text, newline=""))
    assert row["coin_address"] == nasty
    assert float(row["x_payout"]) == 0.1
    assert row["own"] == "false"
    header, body = text.split("\r\n", 1)
    place = header.split(",").index("username")
    assert body.split(",")[place] == '""'
    assert body.split(",")[header.split(",").index("schema_version") - 1] == ""


def test_parquet_gives_the_same_rows(tree: Any, tmp_path: Path) -> None:
    row = tree.sidebet(bet_amount=Decimal("1.5"), settled_at=7)
    tree.add(row)
    path = export(tree.data_dir, "sidebet", "parquet", tmp_path / "s.parquet").path
    assert list(rows_of(Sidebet, pq.read_table(path))) == [row]


def test_an_export_can_be_narrowed(recorded: Any, tmp_path: Path) -> None:
    def count(name: str, chosen: ExportFilter) -> int:
        return export(recorded.data_dir, "game_tick", "jsonl", tmp_path / name, chosen).rows

    t0 = recorded.T0
    assert count("a", ExportFilter(game="g1")) == 80
    assert count("b", ExportFilter(game="other")) == 0
    assert count("c", ExportFilter(since=t0 + 86_400_000_000)) == 20
    assert count("d", ExportFilter(until=t0 + 250_000)) == 2


def test_a_file_is_not_overwritten_unless_forced(recorded: Any, tmp_path: Path) -> None:
    out = tmp_path / "out.jsonl"
    out.write_text("mine")
    with pytest.raises(UsageError, match="exists"):
        export(recorded.data_dir, "game_tick", "jsonl", out)
    assert out.read_text() == "mine"
    assert export(recorded.data_dir, "game_tick", "jsonl", out, force=True).rows == 80
    assert [path.name for path in tmp_path.glob(".*partial*")] == []


def test_places_that_are_no_export_are_refused(recorded: Any, tmp_path: Path) -> None:
    link = tmp_path / "link"
    link.symlink_to(tmp_path / "elsewhere")
    for out in (
        recorded.data_dir.events / "x.jsonl",
        recorded.data_dir.manifests / "x",
        tmp_path,
        tmp_path / "absent" / "x",
        Path("bad\nname"),
        Path(),
        link,
    ):
        with pytest.raises(UsageError):
            export(recorded.data_dir, "game_tick", "jsonl", out, force=True)
    with pytest.raises(UsageError, match="doc type"):
        export(recorded.data_dir, "../secret", "jsonl", tmp_path / "x")


def test_pseudonyms_are_stable_and_leave_no_trace_of_the_player(tree: Any, tmp_path: Path) -> None:
    seed = "a" * 64
    trade = (
        f'42["standard/newTrade",{{"playerId":"{ID}","username":"Al\\"ice","gameId":"20260101-ab",'
        f'"serverSeed":"{seed}","qty":0.10,"key":"{ID}-17"}}]'
    )
    chat = f'42["newChatMessage",{{"playerId":"{ID}","username":"Alice","message":"I am Alice"}}]'
    nested = '{"raw_json":"{\\"username\\":\\"Alice\\",\\"qty\\":1}"}'
    tree.add(
        tree.ws(1, trade, player_id=ID, username="Alice", event_name="standard/newTrade"),
        tree.ws(2, chat, player_id=ID, username="Alice", event_name="newChatMessage"),
        tree.ws(3, nested, raw_format="legacy", packet_type="record"),
    )
    out = [
        export(tree.data_dir, "ws_event", "jsonl", tmp_path / name, pseudonymise=True).path
        for name in ("a", "b")
    ]
    assert out[0].read_bytes() == out[1].read_bytes()
    text = out[0].read_text()
    assert ID not in text
    assert "Alice" not in text
    assert 'Al\\\\\\"ice' not in text
    rows = lines(out[0])
    payload = json.loads(rows[0]["raw"][2:])[1]
    assert payload["serverSeed"] == seed
    assert payload["gameId"] == "20260101-ab"
    assert payload["playerId"] == rows[0]["player_id"]
    assert len(payload["playerId"]) == len(ID)
    assert '"qty":0.10' in rows[0]["raw"]
    assert rows[0]["size_bytes"] == len(rows[0]["raw"].encode())
    assert json.loads(rows[1]["raw"][2:])[1]["username"] == rows[1]["username"]
    assert json.loads(json.loads(rows[2]["raw"])["raw_json"])["qty"] == 1
    key = tree.data_dir.manifests / "pseudonym.key"
    assert key.stat().st_mode & 0o777 == 0o600


def test_what_an_alert_says_of_another_player_is_masked_whole(tree: Any, tmp_path: Path) -> None:
    told = {"alert_id": "a", "title": "Alice: bought", "message": "0.1 SOL", "player_id": ID}
    own = {"alert_id": "b", "title": "Rugged", "message": "Peak 2x", "player_id": None}
    fields = {"raw_format": "fact", "packet_type": "fact", "event_name": "vectra.alert"}
    tree.add(
        tree.ws(1, json.dumps(told), player_id=ID, username="Alice", **fields),
        tree.ws(2, json.dumps(own), **fields),
        *(
            AlertTrigger(
                session_id="s", seq=number, ts=0, source="ui", origin="", alert_type="x",
                severity="info", player_id=one["player_id"],
                username="Alice" if one is told else None,
                **{key: str(one[key]) for key in ("alert_id", "title", "message")},
            )
            for number, one in enumerate((told, own), 1)
        ),
    )  # fmt: skip
    for doc_type in ("ws_event", "alert_trigger"):
        out = export(tree.data_dir, doc_type, "jsonl", tmp_path / doc_type, pseudonymise=True)
        text = out.path.read_text()
        assert "Alice" not in text
        assert "Peak 2x" in text
    rows = lines(tmp_path / "alert_trigger")
    assert [(row["title"], row["message"]) for row in rows] == [
        ("[masked]", "[masked]"), ("Rugged", "Peak 2x")
    ]  # fmt: skip


def test_an_export_of_nothing_is_an_empty_file_of_its_format(tree: Any, tmp_path: Path) -> None:
    assert export(tree.data_dir, "candleflip", "jsonl", tmp_path / "a").path.read_bytes() == b""
    text = export(tree.data_dir, "candleflip", "csv", tmp_path / "b").path.read_text()
    assert text.startswith("session_id,seq,sub,ts,")
    path = export(tree.data_dir, "ws_event", "parquet", tmp_path / "c").path
    assert list(rows_of(WsEvent, pq.read_table(path))) == []


@pytest.mark.parametrize(
    "name",
    [
        *("run/writer.lock", "logs/vectra.log", "journal/x", "manifests/x", "staging/x"),
        *("events_parquet/x", "config.toml", "CONTEXT.md"),
    ],
)
def test_nothing_the_store_needs_is_replaced(recorded: Any, name: str) -> None:
    target = recorded.root / name
    before = target.read_bytes() if target.exists() else None
    with pytest.raises(UsageError, match="belongs to the data directory"):
        export(recorded.data_dir, "game", "jsonl", target, force=True)
    assert (target.read_bytes() if target.exists() else None) == before
