"""`alerts ...`: the rules in force, and what they would have said in recorded games."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from vectra_player.cli.bundles import unbundled
from vectra_player.cli.data import OriginChoice, iso_time, moment
from vectra_player.cli.session import FOUND_WRONG, Session, say
from vectra_player.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from vectra_player.alerts.book import Book
    from vectra_player.alerts.rules import Rule
    from vectra_player.alerts.trial import Trial, TypeResult
    from vectra_player.store.reads import GameFilter, StoreReader

app = typer.Typer(help="Alerts: rules, and trials over recorded games.", no_args_is_help=True)


@app.command("list", epilog="Example: vectra-player alerts list --json")
def list_(context: typer.Context) -> None:
    """List the rules: thresholds, where they are from, and what is wrong with your file."""
    from vectra_player.alerts.book import FILE, RuleFiles

    session: Session = context.obj
    folder = session.data_dir / "rules"
    book = RuleFiles(folder).read()
    result = {
        "file": folder / FILE,
        "rules": listed_rules(book),
        "faults": [str(fault) for fault in book.faults],
        "measured": book.measured if book.measured.made_at else None,
    }
    session.result(result, lambda: _show_list(session, book, folder / FILE))
    if book.faults:
        raise typer.Exit(FOUND_WRONG)


def listed_rules(book: Book) -> list[dict[str, Any]]:
    """Return each rule with its type's words and where it is from."""
    return [
        {
            "type": name,
            "text": rule.kind.text,
            "origin": book.origin(name),
            "seen": rule.kind.seen,
            **rule.table(),
        }
        for name, rule in book.rules.items()
    ]


def _show_list(session: Session, book: Book, file: Path) -> None:
    rows = [
        (
            name,
            "on" if rule.enabled else "off",
            book.origin(name),
            rule.severity,
            rule.cooldown.text,
            ", ".join(f"{key} {_short(value)}" for key, value in rule.params.items()),
        )
        for name, rule in book.rules.items()
    ]
    session.table("", ("type", "", "from", "severity", "cool-down", "thresholds"), rows)
    for fault in book.faults:
        say(str(fault))
    session.note(f"Write what you want otherwise into {file}; docs/how-to/alerts.md shows how.")


def _short(value: Any) -> str:
    if isinstance(value, tuple):
        return " ".join(_short(each) for each in value) or "none"
    return f"{value:g}" if isinstance(value, float) else str(value) or "none"


@dataclass(frozen=True)
class Games:
    """Which recorded games are tried."""

    games: Annotated[
        int | None, typer.Option(min=1, help="So many games, the newest.", show_default="all")
    ] = None
    game: Annotated[list[str] | None, typer.Option(help="This game; may be repeated.")] = None
    origin: Annotated[
        OriginChoice | None,
        typer.Option(
            help="Games of the real site, of the demo server, or all.", show_default="real"
        ),
    ] = None
    since: Annotated[str | None, typer.Option(help="From this date or time (UTC).")] = None
    until: Annotated[str | None, typer.Option(help="Before this date or time (UTC).")] = None

    @property
    def origins(self) -> OriginChoice:
        """Return whose games are tried; a game that is named may be anybody's."""
        return self.origin or (OriginChoice.all if self.game else OriginChoice.real)

    def chosen(self) -> GameFilter:
        """Return them as the store names them. Raises UsageError for what is no time."""
        from vectra_player.store.reads import GameFilter

        return GameFilter(
            origins=self.origins.value,
            since=moment(self.since),
            until=moment(self.until),
            limit=self.games,
        )


@app.command("test", epilog="Example: vectra-player alerts test --type rug_warning --games 50")
@unbundled
def try_rules(
    context: typer.Context,
    *,
    rule: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Try this file instead of your own.")
    ] = None,
    type_: Annotated[
        list[str] | None, typer.Option("--type", help="Try this type alone; may be repeated.")
    ] = None,
    save: Annotated[
        bool, typer.Option("--save", help="Keep what was measured: signals then state it.")
    ] = False,
    games: Games,
) -> None:
    """Run the rules over recorded games, those switched off too, with the engine that runs live."""
    from vectra_player.store.layout import DataDir
    from vectra_player.store.reads import StoreReader

    session: Session = context.obj
    book, chosen = _book(session, rule), games.chosen()
    wanted = _wanted(book, type_)
    if save and (type_ or rule or games.game):
        raise UsageError(
            "--save keeps what all rules in force did over many games.",
            advice="Leave out --type, --rule and --game.",
        )
    with StoreReader(DataDir.open_existing(session.data_dir).root) as reader:
        found, unseen = _tried(session, reader, wanted, chosen, games.game)
        saved = _save(session, reader, found, book, chosen) if save else None
    faults = [str(fault) for fault in book.faults]
    result = {
        "origin": chosen.origins,
        "games": found.games,
        "without_frames": unseen,
        "sessions": found.sessions,
        "ticks": found.ticks,
        "faults": faults,
        "types": found.types,
        "saved": saved,
    }
    session.result(result, lambda: _show_trial(session, found, unseen, faults, saved))
    if faults:
        raise typer.Exit(FOUND_WRONG)


def _tried(
    session: Session,
    reader: StoreReader,
    rules: Mapping[str, Rule],
    chosen: GameFilter,
    game_ids: list[str] | None,
) -> tuple[Trial, int]:
    """Run rules over games; return what they did, and how many games no frame is known of."""
    from vectra_player.alerts.recorded import plan_trial, stretches
    from vectra_player.alerts.trial import run_trial

    plan = plan_trial(reader, chosen, game_ids or None)
    with session.counter() as counter:
        counted = counter.add_task("events")
        found = run_trial(stretches(reader, plan, lambda: counter.advance(counted)), rules)
    return found, plan.unseen


def _book(session: Session, file: Path | None) -> Book:
    from vectra_player.alerts.book import Book, RuleFiles, read_file

    if file is None:
        return RuleFiles(session.data_dir / "rules").read()
    read = read_file(file, required=True)
    return Book(read.rules, read.changed, read.faults)


def _wanted(book: Book, types: list[str] | None) -> dict[str, Any]:
    from vectra_player.alerts.catalogue import KINDS

    for name in types or ():
        if name not in KINDS:
            raise UsageError(
                f"{name!r} is no type of alert.", advice="`vectra-player alerts list` names them."
            )
    return {name: rule for name, rule in book.rules.items() if not types or name in types}


def _save(
    session: Session, reader: StoreReader, found: Trial, book: Book, chosen: GameFilter
) -> Path:
    import msgspec

    from vectra_player.alerts.book import save_measured
    from vectra_player.alerts.measuring import exceptional_players, measured_of
    from vectra_player.clock import SystemClock

    measured = measured_of(
        found,
        book.rules,
        exceptional_players(reader, chosen),
        made_at=iso_time(SystemClock().now_us()),
        origin=chosen.origins,
    )
    text = msgspec.json.format(msgspec.json.encode(measured), indent=2)
    return save_measured(session.data_dir / "rules", text)


def _show_trial(
    session: Session, found: Trial, unseen: int, faults: list[str], saved: Path | None
) -> None:
    from vectra_player.analysis.wording import counted

    games = counted(found.games, "game")
    session.note(f"Rules over {games}, {counted(found.ticks, 'tick')}:\n")
    columns = ("type", "live", "alerts", "a game", "in games", "came true", "95 %", "fair")
    session.table("", columns, [_row(one) for one in found.types])
    for line in _examples(found):
        session.note(line)
    for fault in faults:
        say(fault)
    if unseen:
        session.note(f"\nLeft out, as no frame of them was recorded: {counted(unseen, 'game')}.")
    if saved is not None:
        session.note(f"\nKept in {saved}: signals state it, and players listed there are watched.")


def _row(one: TypeResult) -> tuple[Any, ...]:
    from vectra_player.analysis.wording import interval, percent

    told = one.came_true
    rate = None if one.a_game is None else f"{one.a_game:.2f}"
    cells: tuple[Any, ...] = (None, None, None)
    if told is not None and told.judged:
        share = told.share
        cells = (
            f"{told.came_true:,} of {told.judged:,}",
            interval(share, percent),
            None if share.fair is None else percent(share.fair),
        )
    live = "on" if one.enabled else "off"
    return (one.type, live, one.alerts, rate, one.games, *cells)


def _examples(found: Trial) -> Iterator[str]:
    for one in found.types:
        if one.examples:
            yield f"\n{one.type}"
        for example in one.examples:
            tick = "" if example.tick is None else f", tick {example.tick}"
            game = example.game_id or "no game"
            yield f"  {game}{tick}: {example.title}. {example.message}"
