"""`/games` and `/games/<id>`: what was recorded of every game."""

from __future__ import annotations

import datetime as dt
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlencode

import msgspec
from flask import Response, stream_with_context
from msgspec import Meta

from vectra_player.dashboard.data.game import (
    GameData,
    Leaders,
    RawPage,
    RawWanted,
    read_game,
    read_leaders,
    read_raw,
)
from vectra_player.dashboard.data.games import GamesPage, GamesWanted, list_games
from vectra_player.dashboard.data.scope import days_of
from vectra_player.dashboard.data.verification import MOST, verified
from vectra_player.dashboard.faults import MissingError
from vectra_player.dashboard.pages import page
from vectra_player.dashboard.params import WrongParametersError
from vectra_player.dashboard.services import Services
from vectra_player.store.layout import DAY_US
from vectra_player.web.openapi import Endpoint

Table = Literal["game_tick", "other_player", "sidebet", "ws_event", "game"]
_TYPES = {"jsonl": "application/jsonl", "csv": "text/csv", "parquet": "application/octet-stream"}
_PIECE_BYTES = 1 << 20


class DownloadWanted(msgspec.Struct, frozen=True):
    """Which rows of a game, in which format."""

    doc_type: Annotated[
        Table, Meta(description="game_tick, other_player, sidebet, ws_event or game")
    ] = "game_tick"
    format: Annotated[
        Literal["jsonl", "csv", "parquet"], Meta(description="jsonl, csv or parquet")
    ] = "jsonl"
    pseudonymise: Annotated[
        Literal["", "yes"], Meta(description="yes, to replace names of players")
    ] = ""


class VerifyWanted(msgspec.Struct, frozen=True):
    """Which games to check."""

    games: Annotated[
        str, Meta(max_length=3000, description=f"at most {MOST} game ids, with commas between")
    ] = ""


class ReplayWanted(msgspec.Struct, frozen=True):
    """From which tick a replay begins; nothing: from the start."""

    tick: Annotated[int, Meta(ge=0, le=1_000_000, description="a tick from 0")] | None = None


class ReplayOrder(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Open a replay, at a tick if one is named."""

    tick: Annotated[int, Meta(ge=0, le=1_000_000)] | None = None


class ReplayPlace(msgspec.Struct, frozen=True):
    """A replay that was opened: its id, and the monitor's port and path that show it."""

    id: str
    port: int
    path: str


class GamesRoutes:
    """Pages and JSON of recorded games."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._store = services.store

    def endpoints(self) -> list[Endpoint]:
        """Return every method of every path."""
        return [
            Endpoint("GET", "/games", self.games_page, "Recorded games.", params=GamesWanted),
            Endpoint("GET", "/games/{game_id}", self.game_page, "One game."),
            Endpoint("GET", "/games/{game_id}/download", self.download, "Rows of one game.",
                     params=DownloadWanted, media="*/*"),
            Endpoint("GET", "/replay/{game_id}", self.replay_page, "A game, played again.",
                     params=ReplayWanted),
            Endpoint("GET", "/api/games", self.games, "Recorded games, filtered and sorted.",
                     GamesPage, params=GamesWanted),
            Endpoint("GET", "/api/games/{game_id}", self.game, "Everything of one game.",
                     GameData),
            Endpoint("GET", "/api/games/{game_id}/leaders", self.leaders,
                     "The leaderboard over time.", Leaders),
            Endpoint("GET", "/api/games/{game_id}/events", self.events, "Its packets.", RawPage,
                     params=RawWanted),
            Endpoint("POST", "/api/games/{game_id}/replay", self.replay, "Open a replay.",
                     ReplayPlace, takes=ReplayOrder),
            Endpoint("GET", "/api/verify", self.verify, "Compare games with their seeds.",
                     list[dict[str, Any]], params=VerifyWanted),
        ]  # fmt: skip

    def games_page(self, params: GamesWanted) -> Response:
        """Show the table; the script asks for its rows with the same parameters."""
        return page("games.html", wanted=params)

    def game_page(self, game_id: str) -> Response:
        """Show one game."""
        read_game(self._store, game_id)  # a game that is not there is told as a page
        return page("game.html", game_id=game_id)

    def games(self, params: GamesWanted) -> GamesPage:
        """List games."""
        return list_games(self._store, params)

    def game(self, game_id: str) -> GameData:
        """Return one game."""
        return read_game(self._store, game_id)

    def leaders(self, game_id: str) -> Leaders:
        """Return its leaderboard over time."""
        return read_leaders(self._store, game_id)

    def events(self, game_id: str, params: RawWanted) -> RawPage:
        """Return its packets."""
        return read_raw(self._store, game_id, params)

    def replay_page(self, game_id: str, params: ReplayWanted) -> Response:
        """Lead to the replay: the page has it opened, so that a link alone changes nothing."""
        read_game(self._store, game_id)
        return page("replay.html", game_id=game_id)

    def replay(self, game_id: str, body: ReplayOrder) -> ReplayPlace:
        """Have foundation open a replay."""
        neighbour = self._services.neighbour
        opened = neighbour.post("/api/replay", {"game_id": game_id})
        if body.tick is not None:
            neighbour.post(f"/api/replay/{opened['id']}", {"action": "seek", "tick": body.tick})
        peer = neighbour.peer()
        if peer is None:
            raise MissingError("Foundation has just ended.", advice="Start it again.")
        path = f"/?{urlencode({'replay': opened['id'], 'game': game_id})}"
        return ReplayPlace(opened["id"], peer.monitor, path)

    def verify(self, params: VerifyWanted) -> list[dict[str, Any]]:
        """Check games against their seeds."""
        names = [name for name in params.games.split(",") if name]
        if len(names) > MOST:
            raise WrongParametersError({"games": f"At most {MOST} at a time."})
        return verified(self._store, names) if names else []

    def download(self, game_id: str, params: DownloadWanted) -> Response:
        """Send rows of one game as a file, made by the export of the store."""
        from vectra_player.store.export import ExportFilter, export

        with self._store.reader() as reader:
            days = days_of(reader, game_id)
        first, last = (_noon(days[0]) - DAY_US, _noon(days[-1]) + DAY_US) if days else (None, None)
        folder = tempfile.TemporaryDirectory(prefix="vectra-download-")
        name = f"{_plain(game_id)}-{params.doc_type}.{params.format}"
        try:
            report = export(
                self._services.data_dir,
                params.doc_type,
                params.format,
                Path(folder.name) / name,
                ExportFilter(game_id, first, last),
                pseudonymise=params.pseudonymise == "yes",
            )
            if report.rows == 0:
                raise MissingError(
                    f"There are no {params.doc_type} rows of this game.",
                    advice="Choose another table.",
                )
        except BaseException:
            folder.cleanup()
            raise
        headers = {
            "Content-Length": str(report.bytes),
            "Content-Disposition": f'attachment; filename="{name}"',
        }
        sent = stream_with_context(_pieces(report.path, folder))
        return Response(sent, mimetype=_TYPES[params.format], headers=headers)


def _pieces(path: Path, folder: tempfile.TemporaryDirectory[str]) -> Iterator[bytes]:
    with folder, path.open("rb") as file:
        while piece := file.read(_PIECE_BYTES):
            yield piece


def _noon(day: dt.date) -> int:
    return (day - dt.date(1970, 1, 1)).days * DAY_US + DAY_US // 2


def _plain(game_id: str) -> str:
    return "".join(c if c.isascii() and (c.isalnum() or c in "-_") else "_" for c in game_id)[:64]
