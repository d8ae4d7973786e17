"""Turn any error into a status and words: what happened and what to do. Used by `app`."""

from __future__ import annotations

from werkzeug.exceptions import HTTPException

from vectra_player.dashboard.answers import Fault
from vectra_player.dashboard.compute import ComputeStoppedError
from vectra_player.dashboard.data.store import StoreBusyError, StoreStoppedError
from vectra_player.dashboard.neighbour import NoFoundationError, RefusedByFoundationError
from vectra_player.dashboard.params import WrongParametersError
from vectra_player.errors import CaptureHaltedError, UsageError, VectraError


class MissingError(UsageError):
    """What was asked for is not there."""


class LoginError(UsageError):
    """A login link that is worth nothing."""


_HTTP = {404: "There is no such page.", 405: "Not with this method."}


def fault_of(error: Exception) -> tuple[int, Fault]:
    """Return the status and the words for an error; one nobody foresaw is told without details."""
    if isinstance(error, WrongParametersError):
        return 422, Fault(error.message, error.advice, error.fields)
    if isinstance(error, VectraError):
        return _status_of(error), Fault(error.message, error.advice)
    if isinstance(error, HTTPException):
        status = error.code or 500
        return status, Fault(_HTTP.get(status) or str(error.description))
    return 500, Fault("Something failed here.", "The log says what; no recording was touched.")


def _status_of(error: VectraError) -> int:
    if isinstance(error, RefusedByFoundationError):
        return error.status
    if isinstance(error, StoreStoppedError | ComputeStoppedError):
        return 504  # a page asks a 503 again by itself; this would be stopped each time
    if isinstance(error, NoFoundationError | StoreBusyError):
        return 503
    if isinstance(error, MissingError):
        return 404
    if isinstance(error, LoginError):
        return 401
    if isinstance(error, CaptureHaltedError):
        return 507
    return 409 if isinstance(error, UsageError) else 503
