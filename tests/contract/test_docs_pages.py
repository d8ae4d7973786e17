"""Documentation is complete and consistent: links, settings, commands, sections, names."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer
from tests.docs_support import (
    DOCS,
    PROJECT,
    anchors,
    console_commands,
    links,
    pages,
    prose,
    text_of,
)
from typer.core import TyperGroup

from vectra_player.cli import app
from vectra_player.cli.arguments import hoist_globals
from vectra_player.config import FIELDS, env_name
from vectra_player.model.rows import DOC_TYPES

HOSTS = {
    *("rugs.fun", "backend.rugs.fun", "127.0.0.1", "localhost"),
    *("keepachangelog.com", "semver.org"),
}
"""Hosts a page may name in an address: the game's, our own, what the change log follows."""

TEST_VARIABLES = {"VECTRA_REAL_DATA", "VECTRA_LONG_FAULTS", "VECTRA_EXAMPLES"}
"""What only tests read, and pages may name."""

MACHINE_PATH = re.compile(r"(?<![\w.~*/])/(?:home|tmp|work|root|Users|var|opt|mnt/[a-z]/)\b")
CITATION = re.compile(
    r"(protocol|fairness|page)\.md,? sections? ((?:\d+(?:\.\d+)?(?:, | and | to )?)+)"
)


def commands(group: object, path: str = "vectra-player") -> Iterator[str]:
    """Yield every command as the words that call it."""
    assert isinstance(group, TyperGroup)
    for name, command in group.commands.items():
        yield f"{path} {name}"
        if isinstance(command, TyperGroup):
            yield from commands(command, f"{path} {name}")


COMMANDS = list(commands(typer.main.get_command(app)))


def sections(page: str) -> set[str]:
    """Return the numbers of a page's sections."""
    return set(re.findall(r"^#+ (\d+(?:\.\d+)?)\.? ", text_of(page), re.MULTILINE))


@pytest.mark.parametrize("page", pages())
def test_every_link_leads_somewhere(page: str) -> None:
    broken = []
    for target in links(page):
        path, _, anchor = target.partition("#")
        found = ((PROJECT / page).parent / path if path else PROJECT / page).resolve()
        if "://" in target:
            continue
        if not found.exists() or (
            anchor and anchor not in anchors(str(found.relative_to(PROJECT)))
        ):
            broken.append(target)
    assert broken == []


def test_every_page_can_be_reached_from_the_readme() -> None:
    reached, waiting = set[str](), ["README.md"]
    while waiting:
        page = waiting.pop()
        if page in reached or not page.endswith(".md"):
            continue
        reached.add(page)
        targets = (target.partition("#")[0] for target in links(page) if ":" not in target)
        waiting += [
            str(((PROJECT / page).parent / target).resolve().relative_to(PROJECT))
            for target in targets
            if target and ((PROJECT / page).parent / target).is_file()
        ]
    assert {page for page in pages() if page.startswith("docs/")} - reached == set()


@pytest.mark.parametrize("field", FIELDS)
def test_every_setting_is_in_the_reference(field: str) -> None:
    reference = text_of("docs/reference/settings.md")
    assert f"`{field}`" in reference
    assert not env_name(field) or f"`{env_name(field)}`" in reference


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_is_in_the_reference(name: str) -> None:
    assert f"`{name}`" in text_of("docs/reference/commands.md")


@pytest.mark.parametrize("doc_type", DOC_TYPES)
def test_every_doc_type_is_in_the_reference(doc_type: str) -> None:
    assert f"## {doc_type}" in text_of("docs/reference/schema.md")


@pytest.mark.parametrize("page", pages())
def test_a_command_or_variable_in_running_text_exists(page: str) -> None:
    inline = [*re.findall(r"`(vectra-player [^`]+)`", prose(page))]
    inline += [
        command.text for command in console_commands(page) if "[OPTIONS]" not in command.text
    ]
    for text in (text for text in inline if re.match(r"(\.venv/bin/)?vectra-player ", text)):
        words = hoist_globals(shlex.split(text.split(" | ")[0])[1:])
        while words and words[0].startswith("--"):
            words = words[2 if words[0] == "--data-dir" else 1 :]
        named = [word for word in words if not word.startswith("-")]
        assert not named or any(
            f"vectra-player {' '.join(named[:depth])}" in COMMANDS for depth in (1, 2)
        ), text
    variables = set(
        re.findall(r"`?\b(VECTRA_[A-Z_]+|RUGS_[A-Z_]+|CDP_PORT|FOUNDATION_[A-Z_]+)\b", prose(page))
    )
    assert variables <= {env_name(field) for field in FIELDS} | TEST_VARIABLES


def citing_files() -> list[Path]:
    """Return every source file, ours and the tests'."""
    folders = ("src", "tests", "benchmarks", "scripts")
    return [path for folder in folders for path in (PROJECT / folder).rglob("*.py")]


def test_sections_that_the_code_cites_exist() -> None:
    missing = []
    for path in citing_files():
        text = re.sub(r"\s+", " ", path.read_text("utf-8"))
        for page, numbers in CITATION.findall(text):
            cited = set(re.findall(r"\d+(?:\.\d+)?", numbers))
            missing += [(path.name, page, n) for n in cited - sections(f"docs/{page}.md")]
    assert missing == []


@pytest.mark.parametrize(("page", "last"), [("protocol", 16), ("fairness", 8), ("page", 8)])
def test_numbered_pages_keep_their_numbers(page: str, last: int) -> None:
    first = 0 if page == "protocol" else 1
    whole = sorted(int(number) for number in sections(f"docs/{page}.md") if "." not in number)
    assert whole == list(range(first, last + 1))


@pytest.mark.parametrize("page", pages())
def test_no_page_names_a_machine_path_or_a_foreign_host(page: str) -> None:
    text = text_of(page)
    hosts = set(re.findall(r"\b(?:https?|wss?)://([\w.-]+)", text))
    assert hosts <= HOSTS
    assert MACHINE_PATH.findall(text) == []


@pytest.mark.parametrize("page", pages())
def test_a_page_does_not_shout(page: str) -> None:
    assert re.findall(r"[a-z]!(?:\s|$)", re.sub(r"`[^`]*`", "", prose(page))) == []


def test_the_index_names_every_page_of_its_folder() -> None:
    named = set(links("docs/README.md"))
    assert {path.name for path in DOCS.glob("*.md")} - {"README.md"} <= named
