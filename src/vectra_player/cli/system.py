"""`doctor` and `config show`: the machine and the settings in force."""

from __future__ import annotations

import typer

from vectra_player.cli.session import FOUND_WRONG, Session

config_app = typer.Typer(help="Settings in force.", no_args_is_help=True)

MARKS = {"ok": "ok", "warning": "!", "problem": "PROBLEM"}


def register(app: typer.Typer) -> None:
    """Add the commands of this group."""
    app.command(epilog="Example: vectra-player doctor")(doctor)
    app.add_typer(config_app, name="config")


def doctor(context: typer.Context) -> None:
    """Check the machine and the data directory; say how to mend what is wrong."""
    from vectra_player.app.doctor import examine

    session: Session = context.obj
    findings = examine(session.local.settings)

    def show() -> None:
        rows = [(MARKS[f.outcome], f.check, f.seen, f.mend) for f in findings]
        session.table("", ("", "check", "seen", "how to mend"), rows)

    session.result(findings, show)
    if any(finding.outcome == "problem" for finding in findings):
        raise typer.Exit(FOUND_WRONG)


@config_app.command("show", epilog="Example: vectra-player config show --json")
def config_show(context: typer.Context) -> None:
    """Print each setting, its value, where it came from and its environment variable."""
    session: Session = context.obj
    effective = session.local.effective()

    def show() -> None:
        rows = [(e.name, str(e.value), e.origin, e.env, e.description) for e in effective]
        session.table("", ("setting", "value", "from", "variable", "meaning"), rows)

    session.result([setting._asdict() for setting in effective], show)
