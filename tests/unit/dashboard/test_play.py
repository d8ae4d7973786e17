"""Own play from the frames of a logged-in browser to the answers of the page."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from tests.dashboard_support import Board, board
from tests.live_support import GAME, ME, OTHER
from tests.own_play_support import BET, HELD, TRADED, import_own_play, own_game, write_capture

from vectra_player.store.importers import import_paths

ELSE = "did:privy:me00000000000000000000xyz"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Board]:
    root = tmp_path_factory.mktemp("mine")
    import_own_play(root / "data", root)
    with board(root / "data") as opened:
        yield opened


def play(site: Board, asked: str = "") -> Any:
    return site.get(f"/api/play{asked}").json["play"]


def amount(text: str) -> Decimal:
    return Decimal(text)


def test_a_game_is_listed_with_what_it_brought(site: Board) -> None:
    found = play(site)
    (game,) = found["games"]
    assert (found["account"], game["game_id"]) == (ME, GAME)
    assert amount(game["profit"]) == TRADED + BET
    assert (game["buys"], game["sells"], game["bets"], game["bets_won"]) == (1, 1, 1, 1)
    assert (amount(game["bought"]), amount(game["staked"])) == (Decimal("0.1"), Decimal("0.01"))
    assert (game["rug_tick"], game["peak"]) == (7, 1.2)


def test_sums_and_days_are_those_of_the_games(site: Board) -> None:
    found = play(site)
    assert amount(found["totals"]["profit"]) == TRADED + BET
    assert amount(found["totals"]["bets_mean"]) < 0
    (day,) = found["days"]
    assert (day["date"], day["games"], day["unknown"]) == ("2025-12-15", 1, 0)


def test_days_and_pages_choose_games(site: Board) -> None:
    assert play(site, "?since=2025-12-15&until=2025-12-15")["total"] == 1
    later = play(site, "?since=2025-12-16")
    assert (later["total"], later["games"], len(later["days"])) == (0, [], 1)
    assert play(site, "?page=2")["games"] == []


@pytest.mark.parametrize("field", ["time", "profit", "bought", "bets", "staked", "ticks", "peak"])
def test_every_column_can_be_sorted_by(site: Board, field: str) -> None:
    assert len(play(site, f"?sort={field}&order=asc")["games"]) == 1


def test_one_game_tells_what_was_done_and_what_else_would_have_come_of_it(site: Board) -> None:
    told = site.get(f"/api/play/games/{GAME}").json["play"]
    deals = [(d["action"], d["tick"], d["price"], d["seen"]) for d in told["game"]["own"]]
    assert deals == [("BUY", 2, 1.05, True), ("SELL", 5, 0.99, True)]
    assert (amount(told["before"]), amount(told["seen"])) == (Decimal(10), TRADED + BET)
    found = {each["kind"]: each["profit"] for each in told["alternatives"]}
    assert amount(found["held"]) == HELD
    assert amount(found["no_bets"]) == TRADED
    assert amount(found["nothing"]) == 0


def test_the_page_of_a_game_marks_what_is_own(site: Board) -> None:
    game = site.get(f"/api/games/{GAME}").json
    assert [deal["account"] for deal in game["own"]] == [ME, ME]
    assert game["trades"] == []
    assert [bet["own"] for bet in game["sidebets"]] == [True]


def test_trades_without_an_echo_are_known_from_the_account(tmp_path: Path) -> None:
    import_own_play(tmp_path / "data", tmp_path, echoes=False)
    with board(tmp_path / "data") as site:
        told = site.get(f"/api/play/games/{GAME}").json["play"]
    deals = [(d["action"], d["tick"], d["seen"]) for d in told["game"]["own"]]
    assert deals == [("BUY", 2, False), ("SELL", 5, False)]
    assert amount(told["seen"]) == TRADED + BET


def test_several_accounts_are_never_added_up(tmp_path: Path) -> None:
    files = [
        write_capture(tmp_path / "one.jsonl", own_game(ME)),
        write_capture(tmp_path / "two.jsonl", own_game(ELSE, cash=3.0), late_us=1),
    ]
    import_paths(files, tmp_path / "data")
    with board(tmp_path / "data") as site:
        assert {account["id"] for account in play(site)["accounts"]} == {ME, ELSE}
        for account in (ME, ELSE):
            found = play(site, f"?account={account}")
            assert (found["account"], found["totals"]["games"]) == (account, 1)
            one = site.get(f"/api/play/games/{GAME}?account={account}").json["play"]
            assert one["account"] == account
            assert one["seen"] == f"{TRADED + BET:f}"
        game = site.get(f"/api/games/{GAME}").json
        assert [deal["account"] for deal in game["own"]].count(ELSE) == 2
        assert game["trades"] == []


def test_an_account_that_only_watched_has_no_games(tmp_path: Path) -> None:
    idle = (each for each in own_game() if each[0] not in ("playerUpdate", "standard/newTrade")
            and "idebet" not in each[0])  # fmt: skip
    watched = [*list(idle)[:3], ("playerUpdate", {"id": ME, "cash": 1.0, "positionQty": 0})]
    import_paths([write_capture(tmp_path / "idle.jsonl", iter(watched))], tmp_path / "data")
    with board(tmp_path / "data") as site:
        found = play(site)
        assert (found["account"], found["games"], found["accounts"][0]["games_seen"]) == (ME, [], 1)
        assert site.get(f"/api/play/games/{GAME}").status_code == 404


def test_an_empty_store_answers_with_nothing(tmp_path: Path) -> None:
    with board(tmp_path) as site:
        found = play(site)
        assert (found["accounts"], found["account"], found["total"]) == ([], None, 0)
        assert site.get("/play").status_code == 200


@pytest.mark.parametrize(
    ("asked", "field"),
    [("?sort=odd", "sort"), ("?since=2025-13-01", "since"), ("?page=0", "page"), ("?x=1", "x")],
)
def test_wrong_parameters_are_told_by_field(site: Board, asked: str, field: str) -> None:
    answer = site.get(f"/api/play{asked}")
    assert answer.status_code == 422
    assert field in answer.json["error"]["fields"]


def test_the_page_of_an_own_game_may_name_a_tick(site: Board) -> None:
    assert site.get(f"/play/{GAME}?account={ME}&tick=3").status_code == 200
    assert site.get(f"/play/{GAME}?tick=-1").status_code == 422


def test_an_account_or_game_that_is_not_there_is_said(site: Board) -> None:
    assert site.get(f"/api/play?account={OTHER}").status_code == 404
    assert site.get("/api/play/games/nothing").status_code == 404
    assert site.get(f"/play/{GAME}?account={OTHER}").status_code == 404


def test_a_note_is_kept_shown_and_removed(site: Board) -> None:
    path = f"/api/play/games/{GAME}"
    kept = site.post(f"{path}/note", {"text": " sold too early \n"}).json["note"]
    assert kept["text"] == "sold too early"
    assert site.get(path).json["note"] == kept
    assert site.get("/api/play").json["notes"] == {GAME: "sold too early"}
    late = site.post(f"{path}/note", {"text": "other"})
    assert (late.status_code, "another window" in late.json["error"]["message"]) == (409, True)
    assert site.post(f"{path}/note", {"text": "", "before": kept["at"]}).json["note"] is None
    assert site.get(path).json["note"] is None


def test_damaged_notes_take_nothing_else_from_the_pages(site: Board) -> None:
    file = site.services.data_dir / "notes" / "play.json"
    file.parent.mkdir(exist_ok=True)
    file.write_text("{ cut off")
    told = site.get("/api/play").json
    (aside,) = (site.services.data_dir / "quarantine").glob("notes-*.json")
    assert (len(told["play"]["games"]), told["notes"]) == (1, {})
    assert aside.name in told["trouble"]
    assert site.get(f"/api/play/games/{GAME}").json["trouble"] == told["trouble"]
    aside.unlink()


def test_notes_are_for_own_games_and_of_bounded_length(site: Board) -> None:
    assert site.post("/api/play/games/nothing/note", {"text": "x"}).status_code == 404
    long = site.post(f"/api/play/games/{GAME}/note", {"text": "x" * 4001})
    assert (long.status_code, list(long.json["error"]["fields"])) == (422, ["text"])
