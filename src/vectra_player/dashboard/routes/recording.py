"""`/recording`: start and stop, sessions, tables, what arrives now, import and export."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Any, Literal

import msgspec
from flask import Response, request, send_file
from msgspec import Meta

from vectra_player.dashboard.data.games import Day, midnight
from vectra_player.dashboard.data.paging import Page, Size, pages_of, rows_of
from vectra_player.dashboard.data.session_timeline import (
    SessionTimeline,
    TimelineWanted,
    read_timeline,
)
from vectra_player.dashboard.data.sessions import DocType, SessionLine
from vectra_player.dashboard.faults import MissingError
from vectra_player.dashboard.jobs import Job
from vectra_player.dashboard.pages import page
from vectra_player.dashboard.params import Nothing, WrongParametersError
from vectra_player.dashboard.services import Services
from vectra_player.dashboard.uploads import Uploads
from vectra_player.model.rows import DOC_TYPES
from vectra_player.store.layout import DataDir
from vectra_player.web.files import inside
from vectra_player.web.openapi import Endpoint

ENDINGS = {"jsonl": "application/jsonl", "csv": "text/csv", "parquet": "application/octet-stream"}


class SessionsWanted(msgspec.Struct, frozen=True):
    """Which page of the sessions."""

    page: Page = 1
    size: Size = 25


class SessionsPage(msgspec.Struct, frozen=True):
    """One page of sessions, newest first."""

    sessions: list[SessionLine]
    total: int
    page: int
    size: int
    pages: int


class RecordingOrder(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Start or stop recording."""

    action: Literal["start", "stop"]
    source: str | None = None


class UploadBegun(msgspec.Struct, frozen=True):
    """Where pieces of files go: PUT `/api/uploads/{id}/files/{name}?offset=`."""

    id: str


class PieceWanted(msgspec.Struct, frozen=True):
    """Where a piece begins."""

    offset: Annotated[int, Meta(ge=0, description="a number of bytes")] = 0


class PieceTaken(msgspec.Struct, frozen=True):
    """Bytes of the file that are here now."""

    size: int


class ImportOrder(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Import what was uploaded. `tz`: zone of naive times where it cannot be inferred."""

    upload: str
    tz: Annotated[str, Meta(max_length=64)] | None = None


class ExportOrder(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Export one table; `until` includes its day."""

    doc_type: str
    format: Literal["jsonl", "csv", "parquet"] = "jsonl"
    game: Annotated[str, Meta(max_length=128)] | None = None
    since: Day | None = None
    until: Day | None = None
    pseudonymise: bool = False


class JobsWanted(msgspec.Struct, frozen=True):
    """Which jobs."""

    kind: Annotated[str, Meta(max_length=32, description="import or export")] = ""


class RecordingRoutes:
    """Pages and JSON about recording."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._data = services.sessions
        self._uploads = Uploads(services.data_dir)

    def endpoints(self) -> list[Endpoint]:
        """Return every method of every path."""
        return [
            Endpoint("GET", "/recording", self.recording_page, "Recording, import and export."),
            Endpoint("GET", "/exports/{name}", self.export_file, "A finished export.",
                     media="*/*"),
            Endpoint("GET", "/api/recording", self.recording, "Whether and what is recorded.",
                     dict[str, Any]),
            Endpoint("POST", "/api/recording", self.record, "Start or stop recording.",
                     dict[str, Any], RecordingOrder),
            Endpoint("GET", "/api/sessions", self.sessions, "Sessions, newest first.",
                     SessionsPage, params=SessionsWanted),
            Endpoint("GET", "/api/sessions/{session_id}/timeline", self.timeline,
                     "One session over time.", SessionTimeline, params=TimelineWanted),
            Endpoint("GET", "/api/tables", self.tables, "What each table holds.", list[DocType]),
            Endpoint("POST", "/api/uploads", self.begin_upload, "Make room for files.",
                     UploadBegun, Nothing),
            Endpoint("PUT", "/api/uploads/{upload}/files/{name}", self.take_piece,
                     "Take a piece of a file.", PieceTaken, params=PieceWanted, upload=True),
            Endpoint("POST", "/api/imports", self.begin_import, "Import what was uploaded.", Job,
                     ImportOrder),
            Endpoint("POST", "/api/exports", self.begin_export, "Export a table.", Job,
                     ExportOrder),
            Endpoint("GET", "/api/jobs", self.jobs, "Long work, newest first.", list[Job],
                     params=JobsWanted),
            Endpoint("GET", "/api/jobs/{job_id}", self.job, "One piece of long work.", Job),
            Endpoint("POST", "/api/jobs/{job_id}/cancel", self.cancel, "Stop long work.", Job,
                     Nothing),
        ]  # fmt: skip

    def recording_page(self) -> Response:
        """Show the page."""
        return page("recording.html", doc_types=list(DOC_TYPES))

    def recording(self) -> Any:
        """Ask foundation."""
        return self._services.neighbour.get("/api/recording")

    def record(self, body: RecordingOrder) -> Any:
        """Have foundation start or stop."""
        order = {"action": body.action, "source": body.source}
        return self._services.neighbour.post("/api/recording", order)

    def sessions(self, params: SessionsWanted) -> SessionsPage:
        """List sessions."""
        found = self._data.sessions()
        return SessionsPage(
            sessions=found[rows_of(params.page, params.size)],
            total=len(found),
            page=params.page,
            size=params.size,
            pages=pages_of(len(found), params.size),
        )

    def timeline(self, session_id: str, params: TimelineWanted) -> SessionTimeline:
        """Show one session over time."""
        found = (line for line in self._data.sessions() if line.session_id == session_id)
        session = next(found, None)
        if session is None:
            raise MissingError("There is no such session.", advice="Choose one of the list.")
        return read_timeline(self._services.store, session, params)

    def tables(self) -> list[DocType]:
        """Tell what each table holds."""
        return self._data.doc_types()

    def begin_upload(self, body: Nothing) -> UploadBegun:
        """Make room for files."""
        return UploadBegun(self._uploads.begin())

    def take_piece(self, upload: str, name: str, params: PieceWanted) -> PieceTaken:
        """Append a piece to a file."""
        return PieceTaken(self._uploads.add(upload, name, params.offset, request.get_data()))

    def begin_import(self, body: ImportOrder) -> Job:
        """Queue an import."""
        folder = self._uploads.folder(body.upload)
        names = sorted(path.name for path in folder.iterdir())
        if not names:
            raise WrongParametersError({"upload": "It has no file yet."})
        title = names[0] if len(names) == 1 else f"{names[0]} and {len(names) - 1} more"
        order = {"folder": str(folder), "tz": body.tz}
        return _told(self._services.jobs.add("import", title, order))

    def begin_export(self, body: ExportOrder) -> Job:
        """Queue an export."""
        if body.doc_type not in DOC_TYPES:
            raise WrongParametersError({"doc_type": f"One of {', '.join(DOC_TYPES)}."})
        now = dt.datetime.now(dt.UTC)
        name = f"{body.doc_type}-{now:%Y%m%d-%H%M%S-%f}.{body.format}"
        order = {
            "doc_type": body.doc_type,
            "format": body.format,
            "game": body.game or None,
            "since": midnight("since", body.since) if body.since else None,
            "until": midnight("until", body.until, 1) if body.until else None,
            "pseudonymise": body.pseudonymise,
            "out": str(DataDir(self._services.data_dir).exports / name),
        }
        return _told(self._services.jobs.add("export", name, order))

    def export_file(self, name: str) -> Response:
        """Send a finished export."""
        exports = DataDir(self._services.data_dir).exports
        kind = ENDINGS.get(name.rpartition(".")[2])
        found = inside(exports, name, endings=frozenset(f".{e}" for e in ENDINGS))
        if kind is None or found is None:
            raise MissingError("There is no such export.", advice="Make it again.")
        return send_file(found, mimetype=kind, as_attachment=True, download_name=name)

    def jobs(self, params: JobsWanted) -> list[Job]:
        """List jobs."""
        return [_told(job) for job in self._services.jobs.list(params.kind or None)]

    def job(self, job_id: str) -> Job:
        """Return one job."""
        return _told(_there(self._services.jobs.get(job_id)))

    def cancel(self, job_id: str, body: Nothing) -> Job:
        """Stop a job."""
        return _told(_there(self._services.jobs.cancel(job_id)))


def _there(job: Job | None) -> Job:
    if job is None:
        raise MissingError("There is no such job.")
    return job


def _told(job: Job) -> Job:
    """Leave out what only the worker needs: paths of this machine."""
    return msgspec.structs.replace(job, request={})
