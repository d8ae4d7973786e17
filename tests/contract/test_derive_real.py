"""Rows of the real captures, each figure compared with a count made here from plain JSON."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from vectra_player.live.derive import decode_state, derive, encode_state, finish, new_state
from vectra_player.live.live_state import LiveState
from vectra_player.live.reducer import reduce
from vectra_player.model.frame import Frame, StoredFrame
from vectra_player.model.rows import Game, GameTick, OtherPlayer, Row, Sidebet, SystemEvent
from vectra_player.model.units import RawFormat
from vectra_player.protocol.describe import describe
from vectra_player.protocol.rugs import decode

pytestmark = pytest.mark.real_data

RAW1214 = "2025-12-14_20-17-10_raw.jsonl"
WS1206 = "websocket_raw_samples.part1.jsonl"
T0 = 1_765_000_000_000_000


def records(path: Path) -> list[tuple[str, dict[str, Any]]]:
    """Lines that hold one JSON object, with their exact text."""
    found = []
    for line in path.read_bytes().split(b"\n"):
        try:
            record = json.loads(line)
        except ValueError:
            continue
        if isinstance(record, dict):
            found.append((line.decode(), record))
    return found


def rows_of(path: Path, raw_format: RawFormat = "capture", *, packed: bool = False) -> list[Row]:
    state, rows = new_state(path.name), []
    for seq, (text, record) in enumerate(records(path), 1):
        frame = Frame(
            ts=T0 + seq,
            raw=text,
            raw_format=raw_format,
            event_name=name_of(record, raw_format),
            source="import",
        )
        state, made = derive(state, describe(StoredFrame(path.name, seq, frame)))
        rows += made
        if packed:
            state = decode_state(encode_state(state))
    return rows + finish(state)[1]


def name_of(record: dict[str, Any], raw_format: RawFormat) -> str:
    if raw_format == "legacy":
        return f"legacy.{record['type']}"
    if raw_format == "history":
        return "history.game"
    return str(record.get("event") or record.get("event_type"))


def states(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    """All gameStateUpdate payloads with their number."""
    for seq, (_, record) in enumerate(records(path), 1):
        if name_of(record, "capture") == "gameStateUpdate":
            yield seq, record["data"]


def history(path: Path) -> dict[str, dict[str, Any]]:
    return {game["id"]: game for _, s in states(path) for game in s.get("gameHistory", [])}


def frame_ticks(path: Path) -> dict[tuple[str, int], tuple[float, str]]:
    """Prices of running games by game and tick, and whether a tick's own frame told it first.

    A frame tells its own tick (not after the first rugged frame of its game), and before that
    the ticks of its window and of a snapshot's list.
    """
    seen: dict[tuple[str, int], tuple[float, str]] = {}
    over: set[str] = set()
    for _, state in states(path):
        game = state["gameId"]
        if not state.get("active"):
            continue
        own = state["tickCount"] if game not in over else None
        told = dict(enumerate(state.get("prices", [])))
        told |= {int(t): p for t, p in state.get("partialPrices", {}).get("values", {}).items()}
        for tick, price in told.items():
            if tick != own:
                seen.setdefault((game, tick), (float(price), "partial"))
        if own is not None:
            seen.setdefault((game, own), (float(state["price"]), "live"))
        if state["rugged"]:
            over.add(game)
    return seen


def of(rows: list[Row], kind: type[Row]) -> list[Any]:
    return [row for row in rows if isinstance(row, kind)]


@pytest.mark.parametrize("name", [RAW1214, WS1206])
def test_every_price_any_frame_tells_is_one_row_bit_for_bit(real_data: Path, name: str) -> None:
    path = real_data / name
    wanted = frame_ticks(path)
    for game in history(path).values():
        for tick, price in enumerate(game["prices"]):
            wanted.setdefault((game["id"], tick), (float(price), "history"))
    rows = of(rows_of(path), GameTick)
    assert {(r.game_id, r.tick): (r.price, r.price_source) for r in rows} == wanted
    assert len(rows) == len(wanted)


def test_the_first_capture_splits_into_live_and_history_ticks(real_data: Path) -> None:
    rows = of(rows_of(real_data / RAW1214), GameTick)
    own = {game for game, _ in frame_ticks(real_data / RAW1214)}
    lengths = {game: len(entry["prices"]) for game, entry in history(real_data / RAW1214).items()}
    assert Counter(r.price_source for r in rows) == {
        "live": sum(lengths[game] for game in own),
        "history": sum(n for game, n in lengths.items() if game not in own),
    }


@pytest.mark.parametrize("name", [RAW1214, WS1206])
def test_games_are_those_of_the_history_with_their_seeds(real_data: Path, name: str) -> None:
    wanted = history(real_data / name)
    games = {row.game_id: row for row in of(rows_of(real_data / name), Game)}
    assert set(games) == set(wanted)
    for game_id, entry in wanted.items():
        row = games[game_id]
        assert row.prices == [float(price) for price in entry["prices"]]
        assert (row.rug_tick, row.peak) == (len(entry["prices"]) - 1, entry["peakMultiplier"])
        assert row.rug_price == entry["prices"][-1]
        assert row.server_seed == entry["provablyFair"]["serverSeed"]
        assert row.server_seed_hash == entry["provablyFair"]["serverSeedHash"]
        assert row.game_version == entry["gameVersion"]
        assert row.ticks_missing == 0


def test_commitments_are_dated_by_the_first_frame_that_showed_them(real_data: Path) -> None:
    path = real_data / RAW1214
    first: dict[str, int] = {}
    for seq, state in states(path):
        first.setdefault(state["provablyFair"]["serverSeedHash"], seq)
    for row in of(rows_of(path), Game):
        seq = first.get(row.server_seed_hash)
        assert row.commitment_first_seen_at == (None if seq is None else T0 + seq)
        assert row.completeness == ("revealed" if seq is None else "full")


@pytest.mark.parametrize("name", [RAW1214, WS1206])
def test_sidebets_are_those_of_the_history_won_or_lost_as_paid(real_data: Path, name: str) -> None:
    wanted: dict[tuple[str, str, int], Any] = {}
    for game in history(real_data / name).values():
        for bet in game["globalSidebets"]:
            start = bet.get("startTick", bet.get("startedAtTick"))
            known = wanted.setdefault((game["id"], bet["playerId"], start), {})
            known[bet["type"]] = bet
    rows = of(rows_of(real_data / name), Sidebet)
    assert len(rows) == len(wanted)
    for row in rows:
        told = wanted[row.game_id, row.player_id, row.start_tick]
        paid, placed = told["payout"], told.get("placed")
        assert row.outcome == ("won" if paid["payout"] > 0 else "lost")
        assert (row.payout, row.profit, row.bet_amount) == tuple(
            Decimal(str(paid[key])).quantize(Decimal("1e-9"))
            for key in ("payout", "profit", "betAmount")
        )
        assert row.placed_at == (placed["timestamp"] if placed else None)
        assert (row.settled_at, row.end_tick) == (paid["timestamp"], paid["endTick"])


@pytest.mark.parametrize("name", [RAW1214, WS1206])
def test_trades_are_rows_with_the_price_of_their_tick(real_data: Path, name: str) -> None:
    trades = {}
    for seq, (_, record) in enumerate(records(real_data / name), 1):
        if name_of(record, "capture") == "standard/newTrade":
            data = record["data"]
            trades[seq] = data[-1] if isinstance(data, list) else data
    rows = of(rows_of(real_data / name), OtherPlayer)
    assert len(trades) > 10
    assert {
        row.seq: (
            row.trade_id,
            row.player_id,
            row.action_type,
            row.price,
            row.tick,
            row.leverage,
        )
        for row in rows
    } == {
        seq: (
            t["id"],
            t["playerId"],
            t["type"].upper(),
            t["price"],
            t["tickIndex"],
            t.get("leverage"),
        )
        for seq, t in trades.items()
    }
    assert any(row.leaderboard_rank is not None for row in rows)
    assert {row.game_phase for row in rows} <= {"BETTING", "LIVE", "RUGGED"}


@pytest.mark.parametrize("name", [RAW1214, WS1206])
def test_no_record_fails_and_every_row_has_its_own_place(real_data: Path, name: str) -> None:
    rows = rows_of(real_data / name)
    assert of(rows, SystemEvent) == []
    places = Counter((row.doc_type, row.seq, row.sub) for row in rows)
    assert max(places.values()) == 1


@pytest.mark.parametrize("name", [RAW1214, WS1206])
def test_a_second_derivation_gives_the_same_rows_packed_or_not(real_data: Path, name: str) -> None:
    first = rows_of(real_data / name)
    assert rows_of(real_data / name) == first
    assert rows_of(real_data / name, packed=True) == first


def legacy_files(folder: Path) -> list[Path]:
    return sorted((folder / "legacy").glob("*.jsonl"))


def test_rug_ticks_of_the_per_game_files_are_those_of_the_manifest(real_data: Path) -> None:
    manifest = json.loads((real_data / "MANIFEST.json").read_text())
    wanted = {item["file"]: item["rug_tick"] for item in manifest["legacy"]}
    got = {}
    for path in legacy_files(real_data):
        games = of(rows_of(path, "legacy"), Game)
        assert len(games) <= 1
        got[path.name] = games[0].rug_tick if games else None
    assert len(got) == len(wanted)
    assert got == wanted


def test_ticks_of_the_per_game_files_are_their_active_rows_up_to_the_rug(real_data: Path) -> None:
    for path in legacy_files(real_data):
        wanted: dict[tuple[str, int], float] = {}
        over: set[str] = set()
        for _, record in records(path):
            if not record.get("active") or record["game_id"] in over:
                continue
            if record["rugged"]:
                over.add(record["game_id"])
            wanted.setdefault((record["game_id"], record["tick"]), float(record["price"]))
        rows = of(rows_of(path, "legacy"), GameTick)
        assert {(r.game_id, r.tick): r.price for r in rows} == wanted, path.name
        assert len(rows) == len(wanted)
        for row in rows:
            assert row.phase == ("RUGGED" if row.rugged else "LIVE")


def test_revealed_games_give_a_game_and_all_their_prices(real_data: Path) -> None:
    path = real_data / "games_with_seeds.jsonl"
    wanted = {record["id"]: record for _, record in records(path)}
    rows = rows_of(path, "history")
    games = {row.game_id: row for row in of(rows, Game)}
    assert len(wanted) == 22
    assert set(games) == set(wanted)
    ticks = Counter(row.game_id for row in of(rows, GameTick))
    for game_id, entry in wanted.items():
        assert games[game_id].prices == [float(price) for price in entry["prices"]]
        assert games[game_id].server_seed == entry["provablyFair"]["serverSeed"]
        assert games[game_id].completeness == "revealed"
        assert ticks[game_id] == len(entry["prices"])


def test_prices_taken_away_come_back_from_the_seed_bit_for_bit(
    real_data: Path, tmp_path: Path
) -> None:
    found = [record for _, record in records(real_data / "games_with_seeds.jsonl")]
    bare = tmp_path / "bare.jsonl"
    without = [{k: v for k, v in game.items() if k != "prices"} for game in found]
    bare.write_text("\n".join(json.dumps(game) for game in without))
    rows = rows_of(bare, "history")
    assert {r.game_id: r.prices for r in of(rows, Game)} == {
        game["id"]: [float(price) for price in game["prices"]] for game in found
    }
    assert {r.price_source for r in of(rows, GameTick)} == {"recomputed"}


@pytest.mark.parametrize("name", [RAW1214, WS1206])
def test_the_live_state_follows_the_newest_frame(real_data: Path, name: str) -> None:
    """Phase, tick and price after each frame, beside the rule written out again from the fields."""
    state, checked = LiveState(), Counter[str]()
    for seq, (text, record) in enumerate(records(real_data / name), 1):
        event_name = name_of(record, "capture")
        frame = Frame(ts=T0 + seq, raw=text, raw_format="capture", event_name=event_name)
        event = decode(describe(StoredFrame(name, seq, frame)))
        assert event is not None
        state = reduce(state, event)
        data = record["data"]
        if event_name != "gameStateUpdate" or data["gameId"] != state.game_id:
            continue
        if data.get("active") and not data["rugged"] and data["tickCount"] == state.tick:
            assert (state.price, state.game_phase) == (data["price"], "LIVE")
            checked["LIVE"] += 1
        elif data.get("active") and data["rugged"]:
            assert (state.tick, state.game_phase) == (data["partialPrices"]["endTick"], "RUGGED")
            checked["RUGGED"] += 1
        elif state.cooldown_ms == data["cooldownTimer"] and not data.get("active"):
            betting = data["allowPreRoundBuys"]
            assert state.game_phase == ("BETTING" if betting else "COOLDOWN")
            checked[state.game_phase.value] += 1
    frames = [s for _, s in states(real_data / name)]
    assert sum(checked.values()) >= len(frames) - 4
    assert checked["RUGGED"] == sum(bool(s.get("rugged")) for s in frames)
