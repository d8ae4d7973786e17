"""`/protocol`: every event and field that was ever recorded, payloads, chains and drift."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from vectra_player.dashboard.data.answers import Answers, AskedFor
from vectra_player.dashboard.data.packet import Packet, PacketWanted, read_packet
from vectra_player.dashboard.data.protocol import (
    Chain,
    EventFields,
    EventWanted,
    PayloadPage,
    PayloadsWanted,
    Protocol,
    ProtocolData,
)
from vectra_player.dashboard.jobs import Job
from vectra_player.dashboard.pages import page
from vectra_player.dashboard.params import Nothing
from vectra_player.dashboard.services import Services
from vectra_player.web.openapi import Endpoint

if TYPE_CHECKING:
    from flask import Response

SEARCH_S = 20.0
"""The first question loads the model; those that follow take some ten milliseconds."""


class ProtocolRoutes:
    """The Protocol Explorer."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._data = ProtocolData(services.store)

    def endpoints(self) -> list[Endpoint]:
        """Return every method of every path."""
        return [
            Endpoint("GET", "/protocol", self.protocol_page, "The Protocol Explorer."),
            Endpoint("GET", "/api/protocol", self.protocol, "Every event, and what drifted.",
                     Protocol),
            Endpoint("POST", "/api/protocol/profile", self.profile,
                     "Profile what was filed since the last time.", Job, Nothing),
            Endpoint("GET", "/api/protocol/event", self.event, "One event with its fields.",
                     EventFields, params=EventWanted),
            Endpoint("GET", "/api/protocol/payloads", self.payloads, "Packets, newest first.",
                     PayloadPage, params=PayloadsWanted),
            Endpoint("GET", "/api/packet", self.packet, "One packet as recorded.", Packet,
                     params=PacketWanted),
            Endpoint("GET", "/api/protocol/chains", self.chains,
                     "Packets that belong together.", list[Chain]),
            Endpoint("GET", "/api/protocol/search", self.search,
                     "Passages that answer a question in words.", Answers, params=AskedFor),
            Endpoint("POST", "/api/protocol/index", self.index,
                     "Bring the index of passages up to date.", Job, Nothing),
        ]  # fmt: skip

    def protocol_page(self) -> Response:
        """Show the page."""
        return page("protocol.html")

    def protocol(self) -> Protocol:
        """List events and drift."""
        return self._data.protocol()

    def profile(self, body: Nothing) -> Job:
        """Queue a pass over what is not profiled yet, unless one is under way."""
        jobs = self._services.jobs
        under_way = (job for job in jobs.list("profile") if not job.ended)
        return next(under_way, None) or jobs.add("profile", "Profile of events", {})

    def event(self, params: EventWanted) -> EventFields:
        """Return one event."""
        return self._data.fields(params)

    def payloads(self, params: PayloadsWanted) -> PayloadPage:
        """Look for packets."""
        return self._data.payloads(params)

    def packet(self, params: PacketWanted) -> Packet:
        """Return one packet whole."""
        return read_packet(self._services.store, params)

    def search(self, params: AskedFor) -> Answers:
        """Ask the index, or the words of the knowledge base where there is none."""
        told = self._services.compute.ask("search:search", {"q": params.q}, limit_s=SEARCH_S)
        return msgspec.convert(told, Answers)

    def index(self, body: Nothing) -> Job:
        """Queue a build of the index, unless one is under way."""
        jobs = self._services.jobs
        under_way = (job for job in jobs.list("index") if not job.ended)
        return next(under_way, None) or jobs.add("index", "Index of passages", {})

    def chains(self) -> list[Chain]:
        """List chains."""
        return self._data.chains()
