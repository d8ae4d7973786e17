"""What an index tells of recordings comes from the right rows, of the right server."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.unit.store.conftest import Tree

from vectra_player.model.rows import AlertTrigger, SystemEvent
from vectra_player.rag.passages import Passage
from vectra_player.rag.recordings import passages_of
from vectra_player.store import summaries
from vectra_player.store.reads import Origins, StoreReader

DEMO = "127.0.0.1:8765"


def fault(seq: int, kind: str, session: str = "s1", **changes: str) -> SystemEvent:
    return SystemEvent(
        session_id=session, seq=seq, ts=Tree.T0 + seq, source="cdp",
        origin=changes.get("origin", Tree.ORIGIN), kind=kind, detail=f'{{"missing": {seq}}}',
    )  # fmt: skip


@pytest.fixture
def tree(tmp_path: Path) -> Tree:
    """Two sessions: one of the real site with gaps and alerts, one of the demo server."""
    tree = Tree(tmp_path / "data")
    trade = '42["standard/newTrade",{"__trace":true,"traceparent":"00-0"},{"price":%s}]'
    tree.add(
        *(Tree.ws(seq, '42["gameStateUpdate",{"gameId":"g1"}]') for seq in range(1, 5)),
        *(Tree.ws(seq, trade % seq, event_name="standard/newTrade") for seq in range(5, 8)),
        Tree.fact(8, "gap", {"from": 1}),
        Tree.ws(1, '42["gameStateUpdate",{}]', "s2", origin=DEMO, source="demo"),
    )
    tree.add(*(fault(10 + n, "gap") for n in range(12)), fault(30, "connected"))
    tree.add(fault(1, "gap", "s2", origin=DEMO))
    tree.add(
        AlertTrigger(
            session_id="s1", seq=50, ts=Tree.T0, source="cdp", origin=Tree.ORIGIN, game_id="g1",
            alert_id="a", alert_type="game_rug", severity="info", title="Rugged", message="m",
        )
    )  # fmt: skip
    tree.add(Tree.game("g1"), Tree.game("g1", "s2", origin=DEMO))
    return tree


def told(tree: Tree, origins: Origins) -> dict[str, Passage]:
    with StoreReader(tree.root) as reader:
        return {passage.id: passage for passage in passages_of(reader, origins)}


def test_rounds_of_another_server_are_left_out(tree: Tree) -> None:
    real, demo, both = (told(tree, origins) for origins in ("real", "demo", "all"))  # type: ignore[arg-type]
    assert "session/s1" in real
    assert "session/s2" not in real
    assert {"session/s2", "anomaly/s2", f"game/{DEMO}/g1"} <= set(demo)
    assert not {"session/s1", "alert/s1"} & set(demo)
    assert {*real, *demo} <= set(both)


def test_faults_of_a_session_are_counted_and_the_first_named(tree: Tree) -> None:
    passage = told(tree, "real")["anomaly/s1"]
    assert "12 of kind gap" in passage.text
    assert "connected" not in passage.text
    assert passage.rows[0] == "system_event/s1/10/0"
    assert len(passage.rows) == 10


def test_alerts_name_their_games_and_rows(tree: Tree) -> None:
    passage = told(tree, "real")["alert/s1"]
    assert "game_rug (info) 1 times" in passage.text
    assert "in games g1" in passage.text
    assert passage.rows == ("alert_trigger/s1/50/0",)


def test_fields_are_those_of_the_payload_not_of_the_trace(tree: Tree) -> None:
    text = told(tree, "real")["event/received/standard/newTrade~2"].text
    assert "price integer 5 to 7" in text
    assert "traceparent" not in text


def test_the_same_packets_are_sampled_in_every_build(tree: Tree) -> None:
    with StoreReader(tree.root) as reader:
        names = ["gameStateUpdate", "standard/newTrade"]
        first, second = (
            summaries.sampled_payloads(reader, "all", names).to_pylist() for _ in range(2)
        )
    assert first == second
    assert len(first) == 8


def test_marks_are_the_last_seq_of_each_session(tree: Tree) -> None:
    with StoreReader(tree.root) as reader:
        assert summaries.session_marks(reader) == {"s1": 8, "s2": 1}
