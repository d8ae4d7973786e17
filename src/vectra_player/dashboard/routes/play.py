"""`/play` and `/play/<id>`: the user's own games, what they brought, and notes on them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import msgspec
from msgspec import Meta

from vectra_player.analysis.intervals import Estimate
from vectra_player.dashboard.data.play import (
    OwnGame,
    OwnGameWanted,
    Play,
    PlayWanted,
    list_play,
    read_own_game,
)
from vectra_player.dashboard.notes import Note, NoteOrder, Notes
from vectra_player.dashboard.pages import page
from vectra_player.dashboard.services import Services
from vectra_player.web.openapi import Endpoint

if TYPE_CHECKING:
    from flask import Response


class PlayPage(msgspec.Struct, frozen=True):
    """Own games and the notes on those of this page, by game.

    `trouble`: what is to be known of the file of notes, empty when all is well.
    """

    play: Play
    notes: dict[str, str]
    trouble: str


class OwnGamePage(msgspec.Struct, frozen=True):
    """One own game and its note; `trouble` as in the list."""

    play: OwnGame
    note: Note | None
    trouble: str


class NoteKept(msgspec.Struct, frozen=True):
    """The note as it is on the disk now; null: there is none."""

    note: Note | None


class OwnGamePlace(OwnGameWanted, frozen=True):
    """What the page of an own game shows: whose game, and at which tick its line stands."""

    tick: Annotated[int, Meta(ge=0, le=1_000_000, description="a tick from 0")] | None = None


class BetsWanted(msgspec.Struct, frozen=True):
    """How many sidebets, and how many of them were won."""

    won: Annotated[int, Meta(ge=0, le=10_000_000, description="a whole number from 0")] = 0
    bets: Annotated[int, Meta(ge=0, le=10_000_000, description="a whole number from 0")] = 0


class PlayRoutes:
    """Own play."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._notes = Notes(services.data_dir)

    def endpoints(self) -> list[Endpoint]:
        """Return every method of every path."""
        return [
            Endpoint("GET", "/play", self.play_page, "Own play.", params=PlayWanted),
            Endpoint("GET", "/play/{game_id}", self.own_game_page, "One own game.",
                     params=OwnGamePlace),
            Endpoint("GET", "/api/play", self.play, "Own games of one account.", PlayPage,
                     params=PlayWanted),
            Endpoint("GET", "/api/play/bets", self.bets, "How sure a share of won sidebets is.",
                     Estimate, params=BetsWanted),
            Endpoint("GET", "/api/play/games/{game_id}", self.own_game, "One own game.",
                     OwnGamePage, params=OwnGameWanted),
            Endpoint("POST", "/api/play/games/{game_id}/note", self.write_note,
                     "Keep a note on a game.", NoteKept, NoteOrder),
        ]  # fmt: skip

    def play_page(self, params: PlayWanted) -> Response:
        """Show the page; its script asks with the same parameters."""
        return page("play.html")

    def own_game_page(self, game_id: str, params: OwnGamePlace) -> Response:
        """Show one game; one that was not played is told as a page."""
        read_own_game(self._services.store, game_id, params)
        return page("own_game.html", game_id=game_id)

    def play(self, params: PlayWanted) -> PlayPage:
        """List own games."""
        found = list_play(self._services.store, params)
        kept = self._notes.look()
        shown = {game.game_id for game in found.games}
        notes = {g: kept.games[g].text for g in shown if g in kept.games}
        return PlayPage(found, notes, kept.trouble)

    def own_game(self, game_id: str, params: OwnGameWanted) -> OwnGamePage:
        """Return one own game."""
        found = read_own_game(self._services.store, game_id, params)
        kept = self._notes.look()
        return OwnGamePage(found, kept.games.get(game_id), kept.trouble)

    def bets(self, params: BetsWanted) -> Estimate:
        """Estimate the chance of winning from what was won."""
        hits = min(params.won, params.bets)
        told = self._services.compute.ask("play:bets_won", {"won": hits, "bets": params.bets})
        return msgspec.convert(told, Estimate)

    def write_note(self, game_id: str, body: NoteOrder) -> NoteKept:
        """Keep a note on an own game; a note on one that is gone can still be removed."""
        if body.text.strip():
            read_own_game(self._services.store, game_id, OwnGameWanted())
        return NoteKept(self._notes.write(game_id, body))
