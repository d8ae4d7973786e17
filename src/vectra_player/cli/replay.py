"""`replay`: a recorded game again, in the browser or as messages on standard output."""

from __future__ import annotations

import asyncio
import contextlib
import json
import sys
import threading
import urllib.error
import urllib.request
import webbrowser
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import quote

import typer

from vectra_player.cli.session import Session, say
from vectra_player.errors import UsageError, VectraError

if TYPE_CHECKING:
    from vectra_player.app.instance import Instance
    from vectra_player.foundation.messages import Message
    from vectra_player.foundation.monitor.answers import ReplayRequest
    from vectra_player.live.live_state import LiveState
    from vectra_player.protocol.rugs import Event
    from vectra_player.replay.player import ReplayStatus
    from vectra_player.replay.recording import Recording

ASK_TIMEOUT_S = 150.0
"""A little longer than a recording may take to load."""

MARKED = frozenset({"game.start", "game.rug", "game.settled", "gap"})


def register(app: typer.Typer) -> None:
    """Add the commands of this group."""
    app.command(epilog="Example: vectra-player replay 20251215-a8311c871b0e4bea --speed 4")(replay)


def replay(
    context: typer.Context,
    what: Annotated[str, typer.Argument(metavar="GAME_ID|FILE", help="What to replay.")],
    speed: Annotated[
        float | None, typer.Option(help="0.25 to 100; headless without it: as fast as it goes.")
    ] = None,
    headless: Annotated[
        bool, typer.Option("--headless", help="Print the messages instead of opening a page.")
    ] = False,
) -> None:
    """Replay a recorded game or file in the browser; nothing is recorded again."""
    from vectra_player.replay.pacer import checked_speed

    session: Session = context.obj
    if speed is not None:
        checked_speed(speed)
    if headless:
        _print_replay(session, what, speed)
    else:
        _show_replay(session, what, speed or 1.0)


def request_for(what: str, speed: float) -> ReplayRequest:
    """Read what the user named: a file that exists, else a game."""
    from vectra_player.foundation.monitor.answers import ReplayRequest

    path = Path(what).expanduser()
    if path.exists() or "/" in what:
        return ReplayRequest(file=str(path.absolute()), speed=speed)
    return ReplayRequest(game_id=what, speed=speed)


def _print_replay(session: Session, what: str, speed: float | None) -> None:
    from vectra_player.foundation.normaliser import Normaliser
    from vectra_player.replay.player import play_through
    from vectra_player.replay.reader import load_file, load_game

    request = request_for(what, 1.0)
    if request.file is not None:
        recording = load_file(Path(request.file))
    else:
        recording = load_game(session.remote or session.home, what)
    printer = _Printer(as_json=session.json_output)
    if speed is None:
        for message in play_through(recording, Normaliser().feed):
            printer.show_message(message)
    else:
        with contextlib.suppress(KeyboardInterrupt):
            asyncio.run(_play(recording, printer, speed))
    sys.stdout.flush()


async def _play(recording: Recording, printer: _Printer, speed: float) -> None:
    from vectra_player.bus import spawn
    from vectra_player.clock import SystemClock
    from vectra_player.replay.player import Player

    player = Player("headless", recording, printer, SystemClock(), speed=speed)
    player.play()
    task = spawn(player.run(), name="replay")
    ended = spawn(printer.ended.wait(), name="end of the replay")
    await asyncio.wait({task, ended}, return_when=asyncio.FIRST_COMPLETED)
    for one in (task, ended):
        one.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await one


class _Printer:
    """Prints messages as JSON lines with their seq, or what happens as text."""

    def __init__(self, *, as_json: bool) -> None:
        from vectra_player.foundation.normaliser import Normaliser

        self.ended = asyncio.Event()
        self._json = as_json
        self._normaliser = Normaliser()
        self._seq = 0

    def show(self, event: Event, before: LiveState, after: LiveState) -> None:
        for message in self._normaliser.feed(event, before, after):
            self.show_message(message)

    def jump(self, state: LiveState, position: int) -> None:
        """Nothing jumps here."""

    def tell(self, status: ReplayStatus) -> None:
        if status.state == "ended":
            self.ended.set()

    def show_message(self, message: Message) -> None:
        from vectra_player.foundation.messages import encode

        self._seq += 1
        line = encode(message, self._seq)
        if self._json:
            say(line.decode())
        elif message.type == "game.tick":
            data = json.loads(line)["data"]
            if data["phase"] in ("LIVE", "RUGGED"):
                say(f"{message.game_id}  {data['phase']:<6} {data['tick']!s:>5}  {data['price']}")
        elif message.type in MARKED:
            say(f"{message.game_id}  {message.type}")


def _show_replay(session: Session, what: str, speed: float) -> None:
    """Open the replay in the running service, or start one for it."""
    from vectra_player.app.instance import read_instance

    instance = read_instance(session.data_dir)
    opened = None if instance is None else _ask(instance, request_for(what, speed))
    if instance is None or opened is None:
        serve(session, what, speed, duration=None, open_browser=True)
        return
    from vectra_player.app.control import ask_recorder

    page = quote(f"/?replay={opened['id']}", safe="/")
    link = f"{ask_recorder(session.data_dir, 'login')}&next={page}"
    shown = not session.json_output and webbrowser.open(link)
    told = f"Opened replay {opened['id']} of {opened.get('title', what)}." if shown else link
    session.result({**opened, "link": link}, lambda: say(told))


def _ask(instance: Instance, request: ReplayRequest) -> dict[str, Any] | None:
    """Open a replay in a running service; None when nothing answers there.

    Raises UsageError or VectraError with what the service says.
    """
    wanted = {"game_id": request.game_id, "file": request.file, "speed": request.speed}
    asked = urllib.request.Request(
        f"http://127.0.0.1:{instance.monitor}/api/replay",
        data=json.dumps({key: value for key, value in wanted.items() if value}).encode(),
        headers={
            "Authorization": f"Bearer {instance.token}",
            "Content-Type": "application/json",
            "X-Vectra-Request": "1",
        },
    )
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(asked, timeout=ASK_TIMEOUT_S) as answer:
            opened: dict[str, Any] = json.loads(answer.read())
            return opened
    except urllib.error.HTTPError as refusal:
        raise _refusal(refusal) from None
    except (OSError, ValueError):
        return None


def _refusal(refusal: urllib.error.HTTPError) -> VectraError:
    try:
        told = json.loads(refusal.read())["error"]
        message, advice = str(told["message"]), str(told.get("advice") or "")
    except (ValueError, KeyError, TypeError, OSError):
        return VectraError(f"The running service answers {refusal.code}.")
    kind = UsageError if refusal.code < 500 else VectraError
    return kind(message, advice=advice)


def serve(
    session: Session,
    what: str,
    speed: float,
    *,
    duration: float | None,
    open_browser: bool,
) -> None:
    """Start feed and monitor with a replay as the main feed."""
    from vectra_player.app.foundation import Ready
    from vectra_player.app.replay import serve_replay
    from vectra_player.cli.foundation import announce
    from vectra_player.store.layout import DataDir

    DataDir.open_or_create(session.data_dir)
    session.log_to_file()

    def ready(found: Ready) -> None:
        announce(session, found)
        if open_browser:
            link = found.new_login()
            threading.Thread(target=webbrowser.open, args=(link,), daemon=True).start()

    request = request_for(what, speed)
    summary = asyncio.run(serve_replay(session.settings, request, duration_s=duration, ready=ready))
    session.result(summary, lambda: say(f"{summary.title}: {summary.reason}."))
