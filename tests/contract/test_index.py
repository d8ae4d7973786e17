"""The index of this product's own pages and a few games, made by its own command with the real
model, without a network: how well it answers, and that it calls nobody.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from tests.rag_support import (
    GAME,
    Quality,
    make_store,
    qualities,
    questions,
    told_unanswered,
)

from vectra_player.rag import checkpoint
from vectra_player.rag.embedder import OnnxEmbedder
from vectra_player.rag.retrieve import Retriever
from vectra_player.store.layout import DataDir

ALONE = """
import ctypes, os, sys
told = []
CLONE_NEWUSER, CLONE_NEWNET = 0x10000000, 0x40000000
libc = ctypes.CDLL(None, use_errno=True)
namespace = any(libc.unshare(flags) == 0 for flags in (CLONE_NEWNET, CLONE_NEWUSER | CLONE_NEWNET))

def heard(name, arguments):
    if name in ("socket.connect", "socket.bind", "socket.getaddrinfo", "socket.sendto"):
        told.append(f"{name} {arguments[1:]}")

sys.addaudithook(heard)
from vectra_player.cli import main
try:
    main(sys.argv[2:])
except SystemExit as ended:
    import psutil
    sockets = [str(one) for one in psutil.Process().net_connections("inet")]
    import json
    with open(sys.argv[1], "w") as file:
        json.dump({"namespace": namespace, "told": told, "sockets": sockets,
                   "loaded": [name for name in ("torch", "posthog") if name in sys.modules]}, file)
    raise
"""
"""Runs a command where the kernel has no network but an unconfigured loopback, if it allows that,
and notes every address Python was asked to reach.
"""


pytestmark = pytest.mark.timeout(400)
"""The first test waits for the build: ten seconds of a processor that others use too."""


class Made(NamedTuple):
    """An index and what its making said."""

    home: DataDir
    report: Any
    heard: dict[str, Any]


def alone(home: Path, *words: str) -> tuple[subprocess.CompletedProcess[str], dict[str, Any]]:
    """Run a command without a network."""
    notes = home.parent / "heard.json"
    done = subprocess.run(
        [sys.executable, "-c", ALONE, str(notes), "--data-dir", str(home), "--json", *words],
        capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    return done, json.loads(notes.read_text("utf-8"))


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    """The index of the product's pages and three games."""
    home = make_store(tmp_path_factory.mktemp("index"))
    done, heard = alone(home.root, "index", "build")
    assert done.returncode == 0, done.stderr
    return Made(home, json.loads(done.stdout), heard)


@pytest.fixture(scope="module")
def retriever(made: Made) -> Iterator[Retriever]:
    with Retriever(made.home, OnnxEmbedder(threads=1)) as opened:
        yield opened


@pytest.fixture(scope="module")
def fused(retriever: Retriever) -> dict[str, Quality]:
    return qualities(retriever, "fusion")


def test_the_command_tells_what_it_did(made: Made) -> None:
    assert made.report["passages"]["vectra_knowledge"] > 300
    assert made.report["passages"]["rugs_events"] >= 6
    assert made.report["embedded"] == sum(made.report["passages"].values())
    assert made.report["origins"] == "real"


@pytest.fixture(scope="module")
def answered(made: Made) -> Made:
    """What the command answers to a question."""
    question = "What fields are in playerUpdate?"
    done, heard = alone(made.home.root, "index", "query", question, "-k", "3")
    assert done.returncode == 0, done.stderr
    return Made(made.home, json.loads(done.stdout), heard)


def test_nobody_is_called_and_nothing_listens(made: Made, answered: Made) -> None:
    for heard in (made.heard, answered.heard):
        assert heard["told"] == []
        assert heard["sockets"] == []
        assert heard["loaded"] == []
    if sys.platform == "linux" and not made.heard["namespace"]:
        pytest.skip("this kernel gives no network namespace; the calls of Python were watched")


def test_a_question_is_answered_with_passages_and_where_they_come_from(answered: Made) -> None:
    hits = answered.report
    assert len(hits) == 3
    assert set(hits[0]) == {"id", "score", "text", "metadata"}
    assert hits[0]["metadata"]["source"] == "knowledge/protocol/10-personal-events.md#playerupdate"
    assert hits[0]["metadata"]["collection"] == "vectra_knowledge"
    assert hits[0]["score"] >= hits[1]["score"] >= hits[2]["score"]


def test_a_collection_can_be_asked_alone(retriever: Retriever) -> None:
    hits = retriever.retrieve(f"What happened in game {GAME}?", 5, "rugs_events")
    assert {hit.metadata["collection"] for hit in hits} == {"rugs_events"}
    assert hits[0].metadata["game_id"] == GAME
    assert hits[0].metadata["rows"].startswith("game/")


def test_the_question_set_is_large_and_of_every_kind() -> None:
    asked = questions()
    kinds = [one.kind for one in asked]
    assert len(asked) >= 60
    assert len({one.text for one in asked}) == len(asked)
    assert {kind: kinds.count(kind) >= 5 for kind in set(kinds)} == dict.fromkeys(
        (
            "exact",
            "paraphrase",
            "multihop",
            "unanswerable",
            "language",
            "data",
            "held out",
            "near miss",
            "near miss held out",
            "foreign",
        ),
        True,
    )


def test_every_expected_source_exists(made: Made) -> None:
    noted = checkpoint.read(made.home)
    assert noted is not None
    held = {name.partition("~")[0] for found in noted.passages.values() for name in found}
    held |= {name.partition("#")[0] for name in held}
    held |= {f"game/{name.rpartition('/')[2]}" for name in held if name.startswith("game/")}
    wanted = {source for one in questions() for need in one.needs for source in need}
    assert {one for one in wanted if one not in held and one != "session/"} == set()


def test_most_questions_are_answered(fused: dict[str, Quality]) -> None:
    assert fused["all"].r5 >= 0.9, fused
    assert fused["all"].mrr >= 0.7, fused


def test_exact_names_come_first(fused: dict[str, Quality]) -> None:
    assert fused["exact"].r1 >= 0.95, fused


def test_fusion_wins_over_either_alone(retriever: Retriever, fused: dict[str, Quality]) -> None:
    for variant in ("vector", "lexical"):
        alone_ = qualities(retriever, variant)  # type: ignore[arg-type]
        assert fused["all"].r5 > alone_["all"].r5
        assert fused["all"].mrr > alone_["all"].mrr


def test_a_question_for_a_word_of_the_glossary_is_answered_by_its_definition(
    retriever: Retriever,
) -> None:
    for question in ("What is a rug?", "rugs"):
        assert retriever.retrieve(question, 1)[0].text.startswith("rug: the price collapses")
    assert retriever.ask("EV").answers
    events = retriever.retrieve("What is a rug?", 10, "rugs_events")
    longer = retriever.retrieve("Is a rug more likely when nobody trades?", 10)
    assert not any(hit.metadata["kind"] == "definition" for hit in (*events, *longer))


def test_what_nothing_here_answers_is_said_so(retriever: Retriever) -> None:
    counts = told_unanswered(retriever)
    answerable = {one.kind for one in questions() if one.needs}
    wrong = sum(told for kind, (told, _) in counts.items() if kind in answerable)
    asked = sum(n for kind, (_, n) in counts.items() if kind in answerable)
    assert wrong <= 0.05 * asked, counts
    for kind, least in (("unanswerable", 0.9), ("foreign", 0.9), ("near miss held out", 0.5)):
        told, n = counts[kind]
        assert told >= least * n, counts


def test_a_vector_does_not_depend_on_its_neighbours() -> None:
    model = OnnxEmbedder(threads=2)
    texts = ["The rug", "A sidebet pays five times its stake.", "x " * 600]
    together, one = model.embed(texts), model.embed([texts[1]])
    assert (together[1] == one[0]).all()
    assert together.shape == (3, 384)
    assert abs(float((together**2).sum()) - 3) < 1e-4
    assert model.count_tokens("playerUpdate") > 1
