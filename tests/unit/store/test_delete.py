"""Deleting leaves nothing of what was deleted, and all of the rest."""

from __future__ import annotations

from typing import Any

import pytest

from vectra_player.errors import UsageError
from vectra_player.store import delete as module
from vectra_player.store.check import check
from vectra_player.store.delete import delete_player, delete_session
from vectra_player.store.reads import StoreReader
from vectra_player.store.rebuild import rebuild

ID = "did:privy:cm3xu2mqa00o3l50fkfjrkvlx"


def all_bytes(tree: Any) -> str:
    with StoreReader(tree.root) as reader:
        events = reader.fetch("SELECT * FROM ws_event_rows").to_pylist()
        ticks = reader.fetch("SELECT * FROM system_event").to_pylist()
    return repr(events) + repr(ticks)


def test_a_deleted_session_is_gone_and_the_other_is_untouched(recorded: Any) -> None:
    report = delete_session(recorded.data_dir, "s1")
    assert report.removed["ws_event"] == 42
    assert report.removed["game_tick"] == 40
    with StoreReader(recorded.root) as reader:
        assert [info.session_id for info in reader.sessions()] == ["s2"]
    result = check(recorded.data_dir)
    assert result.whole
    assert result.gaps == []
    assert list(recorded.data_dir.events.rglob("s1-*")) == []


def test_deleting_an_unknown_session_changes_nothing(recorded: Any) -> None:
    with pytest.raises(UsageError, match="no session"):
        delete_session(recorded.data_dir, "nope")
    assert check(recorded.data_dir).rows["ws_event"] == 84


def test_a_deleted_player_is_nowhere(tree: Any, deriver: Any) -> None:
    board = (
        f'42["gameStateUpdate",{{"leaderboard":[{{"id":"{ID}","username":"Bob"}}],"x":"Bobby"}}]'
    )
    rows = [
        tree.fact(1, "started", {}),
        tree.ws(2, f'42["t",{{"playerId":"{ID}"}}]', player_id=ID, username="Bob"),
        tree.ws(3, board),
        tree.ws(4, '42["t",{"playerId":"did:privy:other","username":"Eve"}]', username="Eve"),
        tree.fact(5, "stopped", {}),
    ]
    tree.add(*rows)
    report = delete_player(tree.data_dir, player_id=ID, username="Bob", deriver=deriver)
    assert (report.removed, report.masked, report.sessions) == ({"ws_event": 1}, 1, ["s1"])
    text = all_bytes(tree)
    assert ID not in text
    assert '"Bob"' not in text
    assert "Bobby" in text
    assert "Eve" in text
    result = check(tree.data_dir)
    assert result.whole
    assert [tuple(gap) for gap in result.gaps] == [("s1", 2, 2, "deleted")]
    assert result.rows["system_event"] == 2


def test_a_player_deleted_by_id_loses_the_name_too(tree: Any, deriver: Any) -> None:
    board = f'42["gameStateUpdate",{{"leaderboard":[{{"id":"{ID}","username":"Bo\\"b"}}]}}]'
    chat = f'42["t",{{"replyTo":{{"key":"{ID}-1","username":"Bo\\"b"}}}}]'
    tree.add(tree.ws(1, board), tree.ws(2, chat), tree.ws(3, '42["t",{"username":"Eve"}]'))
    report = delete_player(tree.data_dir, player_id=ID, deriver=deriver)
    assert report.masked == 2
    text = all_bytes(tree)
    assert (ID in text, "Bo" in text, "Eve" in text) == (False, False, True)


def test_a_deletion_cut_short_is_noticed(
    recorded: Any, deriver: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    recorded.add(recorded.ws(43, '42["t",{}]', player_id=ID))

    def die(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as killed:
        killed.setattr(module, "rebuild_held", die)
        with pytest.raises(KeyboardInterrupt):
            delete_player(recorded.data_dir, player_id=ID, deriver=deriver)
    assert "interrupted" in [problem.kind for problem in check(recorded.data_dir).problems]
    rebuild(recorded.data_dir, deriver=deriver)
    assert check(recorded.data_dir).whole


def test_a_player_called_like_a_field_takes_no_field_along(tree: Any, deriver: Any) -> None:
    kept = '42["standard/newTrade",{"type":"buy","price":1.5,"username":"Eve"}]'
    tree.add(tree.ws(1, kept), tree.ws(2, '42["t",{"username":"price","type":"price"}]'))
    report = delete_player(tree.data_dir, username="price", deriver=deriver)
    assert report.masked == 1
    with StoreReader(tree.root) as reader:
        first, second = (str(e.raw) for e in reader.read_ws_events("s1"))
    assert first == kept
    assert second.endswith('"type":"price"}]')
    assert '"username":"price"' not in second


def test_a_player_who_is_nowhere_changes_nothing(recorded: Any, deriver: Any) -> None:
    files = {p: p.stat().st_mtime_ns for p in recorded.data_dir.events.rglob("*.parquet")}
    report = delete_player(recorded.data_dir, player_id="did:privy:nobody", deriver=deriver)
    assert report.sessions == []
    now = {p: p.stat().st_mtime_ns for p in recorded.data_dir.events.rglob("*.parquet")}
    assert now == files


def test_somebody_must_be_named(tree: Any) -> None:
    with pytest.raises(UsageError):
        delete_player(tree.data_dir)
