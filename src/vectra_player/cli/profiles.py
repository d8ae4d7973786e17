"""`profiles ...`: strategy profiles kept, made, checked, compared and brought in."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from vectra_player.cli.session import FOUND_WRONG, Session, say
from vectra_player.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from vectra_player.analysis.profiles import Listed, ProfileStore
    from vectra_player.strategy.profile import Profile

app = typer.Typer(
    help="Strategy profiles: how sidebets are placed and sized.", no_args_is_help=True
)

Name = Annotated[str, typer.Argument(help="Name of the profile: letters, digits, - and _.")]
Word = Annotated[str, typer.Argument(help="A profile, a preset, or the file of a profile.")]
Force = Annotated[bool, typer.Option("--force", help="Replace a profile of that name.")]


def _store(session: Session) -> ProfileStore:
    from vectra_player.analysis.profiles import ProfileStore

    return ProfileStore(session.data_dir)


@app.command("list", epilog="Example: vectra-player profiles list --json")
def list_(
    context: typer.Context,
    presets: Annotated[bool, typer.Option(help="List the presets too.", show_default=True)] = True,
) -> None:
    """List the profiles with what their last simulation found."""
    from vectra_player.analysis.presets import PRESETS
    from vectra_player.analysis.profiles import Listed

    session: Session = context.obj
    own = _store(session).all()
    taken = {one.name for one in own} if presets else PRESETS
    others = (one for one in PRESETS.values() if one.name not in taken)
    shown = [*own, *(Listed(one.name, one, ()) for one in others)]
    session.result([_listed(one) for one in shown], lambda: _show_list(session, shown))


def _listed(one: Listed) -> dict[str, Any]:
    if one.profile is None:
        return {"name": one.name, "valid": False, "problems": one.problems}
    return {"valid": True, **one.profile.model_dump(mode="json")}


def _show_list(session: Session, shown: Sequence[Listed]) -> None:
    columns = ("name", "source", "plays", "sizing", "entry", "bets", "balance", "profit", "risk")
    session.table("", columns, [_row(one) for one in shown])
    for one in shown:
        for problem in one.problems:
            say(f"{one.name}: {problem}")
    session.note("Profit and risk are those of the last `vectra-player simulate NAME --save`.")


def _row(one: Listed) -> tuple[Any, ...]:
    from vectra_player.analysis.wording import percent

    profile = one.profile
    if profile is None:
        return (one.name, "cannot be used", *(None,) * 7)
    found = profile.monte_carlo_metrics
    chance = found.probability_profit if found else None
    return (
        one.name,
        profile.source,
        profile.strategy,
        profile.scaling.mode,
        profile.execution.entry_tick,
        profile.execution.num_bets,
        f"{profile.execution.initial_balance.normalize():f}",
        None if chance is None else percent(chance),
        found.risk_level if found else None,
    )


@app.command(epilog="Example: vectra-player profiles show fixed_baseline")
def show(context: typer.Context, profile: Word) -> None:
    """Print a profile as its file has it."""
    from vectra_player.strategy.profile import remarks

    session: Session = context.obj
    _, found = _store(session).find(profile)

    def show_it() -> None:
        say(found.to_json().rstrip())
        for remark in remarks(found):
            session.note(remark)

    session.result(found.model_dump(mode="json"), show_it)


@app.command(
    epilog="Example: vectra-player profiles new mine --from fixed_baseline "
    "--set execution.entry_tick=100"
)
def new(
    context: typer.Context,
    name: Name,
    based_on: Annotated[
        str | None, typer.Option("--from", help="A profile or preset to begin with.")
    ] = None,
    changes: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="FIELD=VALUE", help="Set a field; may be repeated."),
    ] = None,
    force: Force = False,
) -> None:
    """Make a profile, or change one: `new NAME --from NAME --set FIELD=VALUE --force`."""
    from vectra_player.analysis.profiles import checked_name
    from vectra_player.strategy.profile import Profile, remarks

    session: Session = context.obj
    store = _store(session)
    base = Profile(name=checked_name(name)) if based_on is None else store.find(based_on)[1]
    profile = store.based_on(base, name, _fields(changes or ()))
    path = store.save(profile, replace=force)

    def show_it() -> None:
        say(f"{path} is written.")
        for remark in remarks(profile):
            session.note(remark)

    session.result(profile.model_dump(mode="json"), show_it)


def _fields(changes: Sequence[str]) -> dict[str, Any]:
    """Read FIELD=VALUE words: values are JSON, and text where they are none."""
    import msgspec

    found: dict[str, Any] = {}
    for change in changes:
        field, equals, value = change.partition("=")
        if not equals:
            raise UsageError(
                f"{change!r} sets nothing.", advice="Write --set execution.entry_tick=100."
            )
        try:
            found[field] = msgspec.json.decode(value)
        except msgspec.DecodeError:
            found[field] = value
    return found


@app.command(epilog="Example: vectra-player profiles validate mine")
def validate(
    context: typer.Context,
    profiles: Annotated[
        list[str] | None, typer.Argument(help="Profiles or files; none means all stored ones.")
    ] = None,
) -> None:
    """Check profiles and say what is wrong with each field."""
    session: Session = context.obj
    store = _store(session)
    checked = [_checked(store, word) for word in profiles or store.names()]

    def show_it() -> None:
        for one in checked:
            say(f"{one['name']}: {'valid' if one['valid'] else 'not valid'}")
            for line in (*one["problems"], *one["remarks"]):
                say(f"  {line}")
        if not checked:
            say("There is no profile here.")

    session.result(checked, show_it)
    if not all(one["valid"] for one in checked):
        raise typer.Exit(FOUND_WRONG)


def _checked(store: ProfileStore, word: str) -> dict[str, Any]:
    from vectra_player.strategy.profile import ProfileError, remarks

    problems: tuple[str, ...] = ()
    told: tuple[str, ...] = ()
    try:
        told = remarks(store.find(word)[1])
    except ProfileError as error:
        problems = error.problems
    return {"name": word, "valid": not problems, "problems": problems, "remarks": told}


@app.command("import", epilog="Example: vectra-player profiles import old-profiles/")
def import_(
    context: typer.Context,
    paths: Annotated[list[Path], typer.Argument(help="Files of profiles, or folders of them.")],
    force: Force = False,
) -> None:
    """Bring in profiles of the earlier system, version 1 or 2; what changes is said."""
    session: Session = context.obj
    done = _store(session).import_files(paths, replace=force)

    def show_it() -> None:
        for one in done:
            say(f"{one.path}: {one.outcome}{f' as {one.name}' if one.name else ''}")
            for note in one.notes:
                say(f"  {note}")
        counts = {one.outcome: sum(o.outcome == one.outcome for o in done) for one in done}
        say(", ".join(f"{count} {outcome}" for outcome, count in counts.items()) + ".")

    session.result([one._asdict() for one in done], show_it)
    if any(one.outcome == "refused" for one in done):
        raise typer.Exit(FOUND_WRONG)


@app.command(epilog="Example: vectra-player profiles diff mine fixed_baseline")
def diff(context: typer.Context, left: Word, right: Word) -> None:
    """Show the fields in which two profiles differ."""
    from vectra_player.analysis.profiles import differences

    session: Session = context.obj
    store = _store(session)
    profiles: list[Profile] = [store.find(word)[1] for word in (left, right)]
    found = differences(*profiles)

    def show_it() -> None:
        if found:
            rows = [(one.field, _text(one.left), _text(one.right)) for one in found]
            session.table("", ("field", left, right), rows)
        else:
            say("They are the same.")

    session.result([one._asdict() for one in found], show_it)


def _text(value: Any) -> str:
    import msgspec

    return msgspec.json.encode(value).decode()


@app.command(epilog="Example: vectra-player profiles delete mine --yes")
def delete(
    context: typer.Context,
    name: Name,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Remove a stored profile."""
    session: Session = context.obj
    store = _store(session)
    store.path_of(name)
    if not yes:
        if not sys.stdin.isatty():
            raise UsageError("Nobody is there to ask.", advice="Add --yes to remove it for good.")
        typer.confirm(f"Remove the profile {name} for good?", abort=True, err=True)
    store.delete(name)
    session.result({"deleted": name}, lambda: say(f"{name} is removed."))
