"""`trade ...`: whether buttons of the game page may be pressed, and the switch that stops it."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
import typer

from vectra_player.cli.session import FOUND_WRONG, Session
from vectra_player.errors import UsageError

if TYPE_CHECKING:
    from vectra_player.trading.gate import Gate

app = typer.Typer(help="Pressing the game page's buttons: how it stands.", no_args_is_help=True)

KILL_WAIT_S = 5.0
"""How long a service may take to report; the kill itself has happened before it is asked."""

Minutes = Annotated[float, typer.Option(help="How long, 480 at most.")]
Phrase = Annotated[str | None, typer.Option(help="The phrase, for scripts; else it is asked for.")]


@app.command(epilog="Example: vectra-player trade status")
def status(context: typer.Context) -> None:
    """Say whether anything may be pressed, why not, and how much of each limit is used."""
    session: Session = context.obj
    found = _ask(session, "trade-status")
    if found is None:
        found = _offline(session, lambda gate: gate.status())
        session.note("No service that trades runs; this is what is kept of the last one.")
    _show(session, found)
    if found["state"] == "HALTED":
        raise typer.Exit(FOUND_WRONG)


@app.command(epilog="Example: vectra-player trade arm --minutes 20")
def arm(context: typer.Context, minutes: Minutes = 30.0, phrase: Phrase = None) -> None:
    """Arm live trading for a time: the third of three switches, after a phrase is typed."""
    session: Session = context.obj
    now = _need(session, "trade-status")
    wanted = now["phrase"]
    if phrase is None:
        if not sys.stdin.isatty():
            raise UsageError("Nobody can be asked for the phrase.", advice="Give it by --phrase.")
        typer.echo(f"Real money can be lost. To go on, type exactly: {wanted}", err=True)
        phrase = typer.prompt("Phrase", err=True)
    _show(session, _need(session, "trade-arm", phrase=phrase, minutes=minutes))


@app.command(epilog="Example: vectra-player trade disarm")
def disarm(context: typer.Context) -> None:
    """End live trading at once. What is open stays open."""
    session: Session = context.obj
    _show(session, _need(session, "trade-disarm"))


@app.command(epilog="Example: vectra-player trade kill")
def kill(context: typer.Context) -> None:
    """Stop every press, now and after restarts, until acknowledged. Needs no running service."""
    from vectra_player.store.layout import DataDir
    from vectra_player.trading.kill import KillSwitch, write_kill

    session: Session = context.obj
    path = KillSwitch(session.data_dir / "run").path
    if not path.parent.is_dir():
        DataDir.open_or_create(session.data_dir)
    write_kill(path, "trade kill")  # first: it works whatever the service does
    result: dict[str, Any] = {"killed": True, "file": str(path), "service": False}
    answer = _ask(session, "trade-kill", timeout_s=KILL_WAIT_S)
    if answer is not None:
        result |= {"service": True, "not_undone": answer["not_undone"]}
    session.result(result, lambda: _say_killed(session, result))


@app.command(epilog="Example: vectra-player trade acknowledge")
def acknowledge(context: typer.Context) -> None:
    """Go on after a halt or a kill, once you looked at the game page. Live stays disarmed."""
    session: Session = context.obj

    def offline(gate: Gate) -> dict[str, Any]:
        return {"acknowledged": gate.acknowledge("cli"), "status": gate.status()}

    found = _ask(session, "trade-acknowledge") or _offline(session, offline)

    def show() -> None:
        for halt in found["acknowledged"]:
            session.note(f"Acknowledged: {halt['detail']}")
        if not found["acknowledged"]:
            session.note("Nothing was halted.")

    session.result(found, show)


@app.command(epilog="Example: vectra-player trade check")
def check(context: typer.Context) -> None:
    """Look for every button on the open page, as orders do, and press none.

    Exit code 1 where one is not found: no order that needs it will be pressed.
    """
    session: Session = context.obj
    findings = _need(session, "trade-check")

    def show() -> None:
        if not findings:
            session.note("Every button is found, once and where it should be.")
            return
        rows = [(each["button"] or "page", each["code"], each["message"]) for each in findings]
        session.table("", ("button", "what", "why"), rows)

    session.result({"findings": findings}, show)
    if findings:
        raise typer.Exit(FOUND_WRONG)


def _ask(session: Session, op: str, *, timeout_s: float = 120.0, **fields: str | float) -> Any:
    """Ask the running service; None where none runs, or it does not trade."""
    from vectra_player.app.control import NobodyAnswersError, ask_recorder

    try:
        return ask_recorder(session.data_dir, op, timeout_s=timeout_s, **fields)
    except NobodyAnswersError:
        return None


def _need(session: Session, op: str, **fields: Any) -> Any:
    answer = _ask(session, op, **fields)
    if answer is None:
        raise UsageError(
            f"No service that trades runs in {session.data_dir}.",
            advice="`vectra-player up --source chrome` starts one.",
        )
    return answer


def _offline(session: Session, ask: Callable[[Gate], Any]) -> Any:
    """Ask what is kept of the gate, where no service runs."""
    from vectra_player.app.trade_control import open_gate

    if not (session.data_dir / "run").is_dir():
        raise UsageError(
            f"There is no data directory at {session.data_dir}.",
            advice="`vectra-player up` makes one.",
        )
    with _alone(session):
        return msgspec.to_builtins(ask(open_gate(session.settings)), enc_hook=str)


@contextlib.contextmanager
def _alone(session: Session) -> Iterator[None]:
    """Keep a service from opening its gate meanwhile. Raises StoreLockedError: one starts or hangs.

    A recorder that answers, but not about trading, has no gate.
    """
    from vectra_player.app.control import NobodyAnswersError, ask_recorder
    from vectra_player.store.layout import DataDir
    from vectra_player.store.lock import WriterLock

    with contextlib.ExitStack() as steps:
        try:
            ask_recorder(session.data_dir, "status", timeout_s=KILL_WAIT_S)
        except NobodyAnswersError:
            lock = WriterLock.acquire(DataDir(session.data_dir).lock_file)
            steps.callback(lock.release)
        yield


def _show(session: Session, found: dict[str, Any]) -> None:
    session.result(found, lambda: _show_status(session, found))


def _show_status(session: Session, found: dict[str, Any]) -> None:
    session.console.print(_headline(found), markup=False, highlight=False)
    for halt in found["halts"]:
        session.console.print(f"  {halt['detail']}", markup=False, highlight=False)
    if found["unrecorded"]:
        session.console.print(f"  {found['unrecorded']}", markup=False, highlight=False)
    limits = found["limits"]
    rows = [
        ("lost in this session", _lost(found, "session"), limits["max_loss_session_sol"], "SOL"),
        ("lost on this UTC day", _lost(found, "day"), limits["max_loss_day_sol"], "SOL"),
        ("one BUY or SIDEBET", "–", limits["max_stake_sol"], "SOL"),
        ("at risk at once", "–", limits["max_exposure_sol"], "SOL"),
        ("orders in 60 s", found["orders_last_minute"], limits["orders_per_minute"], ""),
    ]
    session.table(
        "", ("limit", "now", "at most", "unit"), [[str(cell) for cell in row] for row in rows]
    )
    for order in found["under_way"]:
        session.note(f"Under way: {order['action_type']} {order['action_id']}")


def _lost(found: dict[str, Any], over: str) -> str:
    """Write a loss as the pages do: a gain is none."""
    return f"{max(Decimal(found[f'loss_{over}_sol']), Decimal(0)).normalize():f}"


def _headline(found: dict[str, Any]) -> str:
    page = f"{found['state']} on {found['origin'] or 'no page'}"
    if found["mode"] == "practice":
        return f"{page}: practice, no money."
    if found["armed_until_us"] is not None:
        until = datetime.fromtimestamp(found["armed_until_us"] / 1e6, UTC)
        return f"{page}: LIVE is armed until {until:%H:%M:%S} UTC."
    on = [name for name in ("live_enabled", "allow_live") if found[name]]
    return f"{page}: nothing is pressed live ({', '.join(on) or 'no switch'} on, not armed)."


def _say_killed(session: Session, result: dict[str, Any]) -> None:
    session.note(f"Killed: {result['file']} stands until `vectra-player trade acknowledge`.")
    if not result["service"]:
        session.note("No service answered; one that starts, or runs, presses nothing.")
    for line in result.get("not_undone", ()):
        session.note(f"Not undone: {line}")
