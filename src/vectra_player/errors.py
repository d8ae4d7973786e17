"""Errors with facts. Any layer may raise them; only `cli` turns them into text and exit codes.

VectraError
├── UsageError            the caller can mend it: exit code 2
│   ├── ConfigError
│   ├── StoreLockedError  another recorder owns the data directory
│   ├── StoreVersionError the directory is newer or not ours
│   └── QueryRefusedError
├── CaptureHaltedError    recording stopped rather than lose a frame
│   ├── StoreFullError    the store cannot keep up
│   └── DiskError         the disk refused a write
├── DamageError           stored bytes are not what was written
├── DecodeError           a packet or record is not what its format says
├── RemoteError           object storage cannot be reached or refuses
├── PressRefusedError     a button of the page is not pressed
└── SourceError           Chrome, the feed or the demo server failed
"""

from __future__ import annotations


class VectraError(Exception):
    """Anything this project raises on purpose. `advice` says what to do about it."""

    def __init__(self, message: str, *, advice: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.advice = advice

    def __str__(self) -> str:
        return f"{self.message} {self.advice}".strip()


class UsageError(VectraError):
    """The request cannot be carried out as asked; nothing was changed."""


class ConfigError(UsageError):
    """A setting has an impossible value."""


class StoreLockedError(UsageError):
    """Another process is the writer of this data directory."""


class StoreVersionError(UsageError):
    """The data directory was written by a newer version, or by another system."""


class QueryRefusedError(UsageError):
    """A statement is not one SELECT, or broke a limit."""


class CaptureHaltedError(VectraError):
    """Recording stopped loudly instead of dropping a frame."""


class StoreFullError(CaptureHaltedError):
    """The store's queue is full: the disk cannot keep up."""


class DiskError(CaptureHaltedError):
    """The disk refused a write; everything acknowledged before is safe."""


class DamageError(VectraError):
    """Stored bytes fail their checksum."""


class RemoteError(VectraError):
    """Object storage cannot be reached, or answers with an error that may pass."""


class SourceError(VectraError):
    """A source could not start or went away for good."""


class DecodeError(VectraError):
    """A packet or record is malformed; its raw text is kept all the same."""


class PressRefusedError(VectraError):
    """A button is not pressed. `code` is stable and says which rule refused."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
