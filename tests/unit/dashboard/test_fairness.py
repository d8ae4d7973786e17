"""The fairness page: the numbers of `verify`, kept between passes, and seeds of one's own."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from tests.dashboard_support import Board, board
from tests.unit.fairness.recordings import make_names, make_path
from tests.unit.store.conftest import Tree

from vectra_player.dashboard.data import verification_kept as kept
from vectra_player.dashboard.work import fairness as work
from vectra_player.fairness.checks import GameCheck
from vectra_player.fairness.verify import verify_store
from vectra_player.game.price_path import commitment
from vectra_player.model.rows import Game
from vectra_player.store.reads import StoreReader

DEMO = "127.0.0.1:9000"


def game(number: int, **changes: Any) -> Game:
    """Build the row of a game by the rules; its seed is revealed."""
    seed, name = make_names(number)
    path = make_path(number)
    whole: dict[str, Any] = {
        "seq": 100 + number,
        "prices": list(path.prices),
        "peak": path.peak,
        "rug_tick": path.rug_tick,
        "rug_price": path.prices[-1],
        "game_version": "v3",
        "server_seed": seed,
        "server_seed_hash": commitment(seed),
    }
    return Tree.game(name, **{**whole, **changes})


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Board]:
    with board(tmp_path) as running:
        yield running


@pytest.fixture
def tree(site: Board) -> Tree:
    return Tree(site.services.data_dir)


def told(site: Board, path: str, status: int = 200) -> Any:
    answer = site.get(path)
    assert answer.status_code == status, answer.data
    return answer.json


def passed(site: Board) -> int:
    """Carry out a pass here and return how many games it looked at."""
    done = work.verify_games(site.services.data_dir, {}, lambda *progress: None)
    return int(done["games"])


def said(site: Board, origin: Any = "real") -> dict[str, Any]:
    """Return the document of `vectra-player --json verify --all`."""
    with StoreReader(site.services.data_dir) as reader:
        return verify_store(reader, origin).document()


# The numbers -------------------------------------------------------------------------------------


def test_before_the_first_pass_nothing_is_claimed(site: Board) -> None:
    found = told(site, "/api/fairness")
    assert (found["counts"], found["current"], found["games"]) == (None, False, [])


@pytest.mark.parametrize("origin", ["real", "demo", "all"])
def test_the_numbers_are_those_of_the_command(site: Board, tree: Tree, origin: str) -> None:
    tree.add(*(game(number) for number in range(4)))
    tree.add(
        game(10, peak=99.0),
        game(11, server_seed_hash=None),
        game(12, game_version="v9"),
        game(13, server_seed=None),
        game(14, origin=DEMO, session_id="s2"),
        game(15, origin=DEMO, session_id="s2", rug_price=1.0),
    )
    assert passed(site) == 9
    counts = told(site, f"/api/fairness?origin={origin}")["counts"]
    document = said(site, origin)
    for name in ("verified", "rebuilt", "compared", "unrevealed", "commitment"):
        assert counts[name] == document[name], name
    for name in ("failed", "incomplete"):
        assert counts[name] == len(document[name]), name


def test_games_that_are_not_verified_are_listed_failed_ones_first(site: Board, tree: Tree) -> None:
    tree.add(game(1), game(2, peak=99.0), game(3, server_seed_hash=None), game(4, peak=98.0))
    passed(site)
    found = told(site, "/api/fairness?size=2")
    assert [one["status"] for one in found["games"]] == ["failed", "failed"]
    assert (found["total"], found["pages"]) == (3, 2)
    assert "the peak is" in found["games"][0]["reason"]
    assert found["games"][0]["mismatches"] == [f"peak: {found['games'][0]['reason']}"]
    (last,) = told(site, "/api/fairness?size=2&page=2")["games"]
    assert (last["game_id"], last["status"]) == (make_names(3)[1], "incomplete")
    assert told(site, "/api/fairness?status=incomplete")["total"] == 1


def test_another_origin_is_told_where_the_chosen_one_has_nothing(site: Board, tree: Tree) -> None:
    tree.add(game(1, origin=DEMO))
    passed(site)
    found = told(site, "/api/fairness")
    assert (found["counts"]["verified"], found["others"]) == (0, 1)
    assert told(site, "/api/fairness?origin=all")["others"] == 0


def test_a_pass_looks_only_at_games_of_new_files(site: Board, tree: Tree) -> None:
    tree.add(*(game(number) for number in range(3)))
    assert passed(site) == 3
    before = told(site, "/api/fairness")
    assert before["current"]
    assert passed(site) == 0
    tree.add(game(7, session_id="s2"))
    after = told(site, "/api/fairness")
    assert not after["current"]
    assert after["state"] != before["state"]
    assert passed(site) == 1
    assert told(site, "/api/fairness")["counts"]["verified"] == 4


def test_a_price_heard_later_is_held_against_a_verified_game(site: Board, tree: Tree) -> None:
    tree.add(game(1))
    passed(site)
    name = make_names(1)[1]
    tree.add(Tree.tick(3, 1.5, name, "s2"))
    assert passed(site) == 1
    found = told(site, "/api/fairness")
    assert (found["counts"]["verified"], found["counts"]["failed"]) == (0, 1)
    assert "tick 3" in found["games"][0]["reason"]


def test_when_a_file_goes_everything_is_looked_at_anew(site: Board, tree: Tree) -> None:
    tree.add(game(1))
    (gone,) = tree.add(game(2, peak=99.0, session_id="s2"))
    passed(site)
    assert told(site, "/api/fairness")["counts"]["failed"] == 1
    gone.unlink()
    assert passed(site) == 1
    counts = told(site, "/api/fairness")["counts"]
    assert (counts["verified"], counts["failed"]) == (1, 0)


def test_when_the_rules_change_everything_is_looked_at_anew(
    site: Board, tree: Tree, monkeypatch: pytest.MonkeyPatch
) -> None:
    tree.add(game(1), game(2))
    passed(site)
    monkeypatch.setattr(work, "code_digest", lambda files: "other rules")
    assert passed(site) == 2


def test_many_new_games_are_verified_in_one_go(
    site: Board, tree: Tree, monkeypatch: pytest.MonkeyPatch
) -> None:
    tree.add(game(1))
    passed(site)
    monkeypatch.setattr(work, "FEW", 2)
    tree.add(*(game(number, session_id="s2") for number in range(2, 6)))
    assert passed(site) == 5
    assert told(site, "/api/fairness")["counts"]["verified"] == 5


def test_a_spoiled_file_of_a_pass_is_made_anew(site: Board, tree: Tree) -> None:
    tree.add(game(1))
    passed(site)
    for path in kept.summary_path(site.services.data_dir).parent.iterdir():
        path.write_bytes(b"{")
    assert told(site, "/api/fairness")["counts"] is None
    assert passed(site) == 1
    assert told(site, "/api/fairness")["counts"]["verified"] == 1


def test_thousands_of_doubtful_games_are_paged_from_memory(site: Board) -> None:
    check = msgspec.convert(
        {"game_id": "g", "status": "incomplete", "version": None, "rebuilt": False,
         "commitment": "not seen", "compared": 0, "reason": "r"},
        GameCheck,
    )  # fmt: skip
    doubtful = [
        kept.Doubtful("real", msgspec.structs.replace(check, game_id=f"g{number}"))
        for number in range(20_000)
    ]
    summary = kept.Summary(
        state="", made_at=1, real=kept.Counts(incomplete=20_000), demo=kept.Counts(),
        doubtful=doubtful,
    )  # fmt: skip
    kept.write(site.services.data_dir, kept.Checks(), summary)
    found = told(site, "/api/fairness?page=800&size=25")
    assert (found["pages"], found["games"][-1]["game_id"]) == (800, "g19999")
    assert told(site, "/api/fairness?page=801")["games"] == []


def test_one_verification_runs_at_a_time_and_old_ones_make_room(site: Board, tree: Tree) -> None:
    tree.add(game(1))
    jobs = site.services.jobs
    done = jobs.add("verification", "an old one", {})
    jobs.cancel(done.id)
    first = site.post("/api/fairness/verification", {}).json
    again = site.post("/api/fairness/verification", {}).json
    assert first is not None
    assert again is not None
    assert first["id"] == again["id"]
    assert [job.id for job in jobs.list("verification")] == [first["id"]]
    jobs.cancel(first["id"])


def test_a_cancelled_verification_is_told_until_the_user_asks_for_another(
    site: Board, tree: Tree
) -> None:
    tree.add(game(1))
    jobs = site.services.jobs
    assert not told(site, "/api/fairness")["cancelled"]
    jobs.cancel(jobs.add("verification", "x", {}).id)
    assert told(site, "/api/fairness")["cancelled"]
    job_id = site.post("/api/fairness/verification", {}).json["id"]
    assert not told(site, "/api/fairness")["cancelled"]
    jobs.cancel(job_id)
    passed(site)
    assert not told(site, "/api/fairness")["cancelled"]  # nothing is missing in the numbers


@pytest.mark.parametrize(
    "query", ["origin=mine", "status=good", "page=0", "size=0", "size=201", "nothing=1"]
)
def test_wrong_parameters_are_named(site: Board, query: str) -> None:
    fields = told(site, f"/api/fairness?{query}", 422)["error"]["fields"]
    assert list(fields) == [query.split("=")[0]]


# A seed ------------------------------------------------------------------------------------------


def seeded(site: Board, number: int = 1, status: int = 200, **order: str) -> Any:
    seed, name = make_names(number)
    answer = site.post("/api/fairness/seed", {"seed": seed, "game_id": name, **order})
    assert answer.status_code == status, answer.data
    return answer.json


def test_a_seed_gives_its_game_whether_or_not_it_is_recorded(site: Board) -> None:
    found = seeded(site)
    path = make_path(1)
    assert tuple(found["prices"]) == path.prices
    assert (found["peak"], found["rug_tick"]) == (path.peak, path.rug_tick)
    assert (found["version"], found["recorded"], found["hash_agrees"]) == ("v3", None, None)
    assert found["hash"] == commitment(make_names(1)[0])


def test_a_hash_is_compared_and_space_around_a_paste_does_not_matter(site: Board) -> None:
    seed, name = make_names(1)
    told_hash = commitment(seed)
    pasted = seeded(site, seed=f" {seed}\n", game_id=f"{name} ", hash=f" {told_hash.upper()}")
    assert pasted["hash_agrees"] is True
    assert seeded(site, hash="0" * 64)["hash_agrees"] is False


def test_the_seed_of_a_recorded_game_is_confirmed(site: Board, tree: Tree) -> None:
    tree.add(game(1))
    recorded = seeded(site)["recorded"]
    assert (recorded["status"], recorded["seed"]) == ("verified", "same")
    assert recorded["compared"] == len(make_path(1).prices)


def test_another_seed_is_refuted_with_what_differs(site: Board, tree: Tree) -> None:
    tree.add(game(1))
    recorded = seeded(site, seed="0" * 64)["recorded"]
    assert (recorded["status"], recorded["seed"]) == ("failed", "other")
    checks = {found["check"] for found in recorded["differences"]}
    assert {"hash", "path"} <= checks
    assert any(found["tick"] is not None for found in recorded["differences"])


def test_a_game_whose_seed_nobody_recorded_is_compared_with_what_was_heard(
    site: Board, tree: Tree
) -> None:
    name, path = make_names(1)[1], make_path(1)
    tree.add(*(Tree.tick(tick, price, name) for tick, price in enumerate(path.prices[:20])))
    recorded = seeded(site)["recorded"]
    assert (recorded["status"], recorded["seed"]) == ("incomplete", "not revealed")
    assert recorded["compared"] == 20
    assert seeded(site, seed="0" * 64)["recorded"]["status"] == "failed"


def test_rules_nobody_described_are_not_guessed(site: Board, tree: Tree) -> None:
    tree.add(game(1, game_version="v9"))
    assert "v9" in seeded(site, status=422)["error"]["fields"]["version"]
    assert seeded(site, version="v3")["recorded"]["status"] == "verified"


@pytest.mark.parametrize(
    ("order", "field"),
    [
        ({"seed": " "}, "seed"),
        ({"game_id": ""}, "game_id"),
        ({"hash": "abc"}, "hash"),
        ({"version": "v7"}, "version"),
        ({"seed": "x" * 513}, "seed"),
    ],
)
def test_what_cannot_be_a_seed_is_named(site: Board, order: dict[str, str], field: str) -> None:
    assert list(seeded(site, status=422, **order)["error"]["fields"]) == [field]


def test_odd_text_is_a_seed_like_any_other(site: Board) -> None:
    for seed in ("<script>", "\u202e", "a" * 512, "é", "0"):
        assert seeded(site, seed=seed)["prices"]


# Proofs and audits -------------------------------------------------------------------------------


def test_a_proof_is_that_of_the_command_and_without_a_seed_there_is_none(
    site: Board, tree: Tree, monkeypatch: pytest.MonkeyPatch
) -> None:
    tree.add(game(1), game(2, server_seed=None))
    root = site.services.data_dir

    def ask(question: str, request: dict[str, Any]) -> str:
        assert question == "fairness:proof"
        return work.proof(root, request)

    monkeypatch.setattr(site.services.compute, "ask", ask)
    name = make_names(1)[1]
    answer = site.get(f"/fairness/proofs/{name}")
    assert answer.headers["Content-Disposition"] == f'attachment; filename="proof-{name}.html"'
    assert b"This game follows from its seed." in answer.data
    for other in (make_names(2)[1], "nothing"):
        refusal = site.get(f"/fairness/proofs/{other}")
        assert refusal.status_code == 404
        assert "No recording has the seed" in json.dumps(refusal.json)


def test_an_audit_that_is_not_kept_is_told(site: Board) -> None:
    assert told(site, "/api/fairness/audits") == []
    for name in ("nothing", "..", "%2e%2e%2fx"):
        assert site.get(f"/api/fairness/audits/{name}").status_code == 404
        assert site.get(f"/fairness/audits/{name}/report").status_code == 404


def test_an_audit_is_ordered_with_its_seed(site: Board) -> None:
    for wrong in ({"seed": -1}, {"seed": 0.5}, {"origin": "mine"}, {"more": 1}):
        assert site.post("/api/fairness/audits", wrong).status_code == 422
    job = site.post("/api/fairness/audits", {"origin": "demo", "seed": 7}).json
    assert job is not None
    assert job["title"] == "Audit of the games of the demo server"
    known = site.services.jobs.get(job["id"])
    assert known is not None
    assert known.request == {"origin": "demo", "seed": 7}
    site.services.jobs.cancel(job["id"])
