"""`index build|query|status`: the vector index, made, asked and looked at."""

from __future__ import annotations

from enum import StrEnum
from textwrap import indent, shorten
from typing import TYPE_CHECKING, Annotated

import typer

from vectra_player.cli.counting import counted
from vectra_player.cli.data import OriginChoice
from vectra_player.cli.session import FOUND_WRONG, Session, say
from vectra_player.cli.status import format_bytes

if TYPE_CHECKING:
    from vectra_player.rag.build import BuildReport
    from vectra_player.rag.passages import Collection
    from vectra_player.rag.retrieve import Answer, Hit
    from vectra_player.rag.status import IndexStatus

app = typer.Typer(
    help="Ask recordings and the knowledge base in words: an index made on this machine.",
    no_args_is_help=True,
)

_SHOWN_CHARS = 600
_SHOWN_ROWS = 200


class CollectionChoice(StrEnum):
    """Which part of the index is asked."""

    vectra_knowledge = "vectra_knowledge"
    rugs_events = "rugs_events"


_COLLECTIONS: dict[CollectionChoice, Collection] = {
    CollectionChoice.vectra_knowledge: "vectra_knowledge",
    CollectionChoice.rugs_events: "rugs_events",
}


@app.command(epilog="Example: vectra-player index build")
def build(
    context: typer.Context,
    full: Annotated[bool, typer.Option("--full", help="Make everything anew.")] = False,
    origin: Annotated[
        OriginChoice, typer.Option(help="Index the real site's rounds, the demo server's, or all.")
    ] = OriginChoice.real,
) -> None:
    """Bring the index up to date; only what changed is embedded. A stopped build is made good by
    the next.
    """
    from vectra_player.rag.build import build_index
    from vectra_player.rag.embedder import OnnxEmbedder
    from vectra_player.rag.extra import PACKAGES, needed
    from vectra_player.store.layout import DataDir

    session: Session = context.obj
    needed(*PACKAGES)
    home = DataDir.open_or_create(session.home)
    with counted(session, "passages") as progress:
        report = build_index(
            home,
            OnnxEmbedder(),
            origins=origin.value,
            full=full,
            progress=progress,
            recorded=session.remote or None,
        )
    session.result(report, lambda: _show_build(session, report))


def _show_build(session: Session, report: BuildReport) -> None:
    from vectra_player.rag.build import NONE_BEFORE

    held = ", ".join(f"{count:,} in {name}" for name, count in report.passages.items())
    say(
        f"{report.embedded:,} passages embedded, {report.removed:,} removed,"
        f" {report.kept:,} unchanged: {held}. {report.seconds:.1f} s."
    )
    if report.reason and report.reason != NONE_BEFORE:
        session.note(f"The index was made anew: {report.reason}.")
    if report.set_aside:
        session.note(f"What could not be read was moved to {report.set_aside}.")
    if report.foreign:
        session.note(f"Collections of others, left as they are: {', '.join(report.foreign)}.")


@app.command(epilog='Example: vectra-player index query "What fields are in playerUpdate?"')
def query(
    context: typer.Context,
    text: Annotated[str, typer.Argument(help="A question in words, or an exact name.")],
    count: Annotated[int, typer.Option("-k", help="Passages to answer with.")] = 5,
    collection: Annotated[
        CollectionChoice | None,
        typer.Option("--collection", "-C", help="Ask only the knowledge base or the recordings."),
    ] = None,
) -> None:
    """Answer with the passages that fit best, each with where it comes from."""
    from vectra_player.rag.retrieve import Retriever
    from vectra_player.store.layout import DataDir

    session: Session = context.obj
    home = DataDir.open_existing(session.data_dir)
    chosen = None if collection is None else _COLLECTIONS[collection]
    with Retriever(home) as retriever:
        found = retriever.ask(text, count, chosen)
    session.result(found.hits, lambda: _show_hits(found.hits))
    if not found.answers:
        session.note(_doubt(found))


def _doubt(found: Answer) -> str:
    """Say that nothing seems to answer, and what may be the reason."""
    told = ["Nothing here seems to answer that; these are the nearest passages."]
    if found.unknown:
        told.append(f"Nothing here mentions: {', '.join(found.unknown)}.")
    if found.maybe_foreign:
        told.append("Ask in English: the model knows no other language.")
    return " ".join(told)


def _show_hits(hits: list[Hit]) -> None:
    from vectra_player.rag.passages import undrawn

    for number, hit in enumerate(hits, 1):
        told = hit.metadata
        say(f"{number}. {told['title']}  ({hit.score:.3f})")
        text = undrawn(hit.text)
        cut = text if len(text) <= _SHOWN_CHARS else f"{text[:_SHOWN_CHARS].rpartition(' ')[0]} …"
        say(indent(cut, "   "))
        say(f"   from {told['source']}")
        if "rows" in told:
            say(f"   rows {shorten(told['rows'], _SHOWN_ROWS, placeholder=' …')}")


@app.command(epilog="Example: vectra-player index status")
def status(context: typer.Context) -> None:
    """Say what is indexed, by which model, and how far behind the recordings it is."""
    from vectra_player.rag.status import index_status
    from vectra_player.store.layout import DataDir

    session: Session = context.obj
    found = index_status(DataDir.open_existing(session.data_dir))
    session.result(found, lambda: _show_status(found))
    if found.state == "damaged":
        raise typer.Exit(FOUND_WRONG)


def _show_status(found: IndexStatus) -> None:
    from vectra_player.store.layout import iso

    say(f"{found.state}" + (f": {found.reason}" if found.reason else ""))
    if found.built_at is not None:
        held = ", ".join(f"{count:,} in {name}" for name, count in found.passages.items())
        say(f"{held}; {format_bytes(found.bytes)}; rounds: {found.origins}")
        say(f"built {iso(found.built_at)} with {found.model_id}")
    if found.new_sessions or found.new_events:
        say(f"not looked at yet: {found.new_sessions:,} sessions, {found.new_events:,} events")
    if found.missing_packages:
        from vectra_player.rag.extra import install_line

        say(f"not installed: {', '.join(found.missing_packages)}; {install_line()}")
    if found.state != "ready":
        say("Bring it up to date with 'vectra-player index build'.")
