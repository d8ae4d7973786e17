"""What a storage answers when it does not do as asked, in one line with what to do about it.

Only the code of an answer is used, never its text: that may quote a request and its key.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from vectra_player.errors import DamageError, RemoteError, UsageError, VectraError


class MissingError(RemoteError):
    """There is no such object."""


class _Told(NamedTuple):
    message: str
    advice: str


_NO_CREDENTIALS: Final = _Told(
    "There are no credentials for {url}.",
    "Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE, or use a machine's role.",
)
_WRONG_CREDENTIALS: Final = _Told(
    "The credentials for {url} are wrong ({code}).",
    "Check AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_PROFILE and AWS_ENDPOINT_URL.",
)
_EXPIRED: Final = _Told(
    "The credentials for {url} have expired ({code}).",
    "Get new ones (`aws sso login`, or whatever gave you these) and run the command again.",
)
_CLOCK: Final = _Told(
    "This machine's clock is too far from the storage's ({code}).",
    "Set the clock (NTP) and run the command again.",
)
_NO_BUCKET: Final = _Told("There is no bucket at {url}.", "Make it first, or mend the address.")
_FORBIDDEN: Final = _Told(
    "{url} is not open to these credentials ({code}).",
    "Reading needs s3:ListBucket and s3:GetObject; a sync also s3:PutObject and s3:DeleteObject.",
)
_REGION: Final = _Told(
    "The bucket of {url} is in another region ({code}).", "Set AWS_DEFAULT_REGION to its region."
)
_BUSY: Final = _Told(
    "The storage at {url} is overloaded or failing ({code}).",
    "Run the command again later: it goes on from what has arrived.",
)
_UNREACHABLE: Final = _Told(
    "The storage at {url} cannot be reached.",
    "Check the network and AWS_ENDPOINT_URL, then run the command again.",
)
_ALTERED: Final = _Told(
    "An object at {url} is damaged: its checksum is another.",
    "Run `vectra-player store sync --full` where it was recorded: that mends it.",
)
_OTHER: Final = _Told("The storage at {url} answers {code}.", "Look that up where it is run.")

_DISK_ADVICE: Final = "Check the address, and who may read and write there."

_BY_CODE: Final[dict[str, _Told]] = {
    **dict.fromkeys(
        ("NoCredentialsError", "PartialCredentialsError", "CredentialRetrievalError",
         "ProfileNotFound"),
        _NO_CREDENTIALS,
    ),
    **dict.fromkeys(
        ("InvalidAccessKeyId", "SignatureDoesNotMatch", "InvalidClientTokenId"), _WRONG_CREDENTIALS
    ),
    **dict.fromkeys(
        ("ExpiredToken", "ExpiredTokenException", "InvalidToken", "TokenRefreshRequired",
         "RequestExpired", "UnauthorizedSSOTokenError", "SSOTokenLoadError"),
        _EXPIRED,
    ),
    "RequestTimeTooSkewed": _CLOCK,
    "FlexibleChecksumError": _ALTERED,
    "NoSuchBucket": _NO_BUCKET,
    **dict.fromkeys(
        ("AccessDenied", "AllAccessDisabled", "AccountProblem", "403", "Forbidden"), _FORBIDDEN
    ),
    **dict.fromkeys(
        ("PermanentRedirect", "AuthorizationHeaderMalformed", "301",
         "IllegalLocationConstraintException"),
        _REGION,
    ),
    **dict.fromkeys(
        ("SlowDown", "ServiceUnavailable", "InternalError", "Throttling", "ThrottlingException",
         "RequestLimitExceeded", "RequestTimeout", "500", "502", "503", "504", "429", "BadDigest",
         "IncompleteBody", "XAmzContentSHA256Mismatch"),
        _BUSY,
    ),
    **dict.fromkeys(
        ("EndpointConnectionError", "ConnectTimeoutError", "ConnectionClosedError",
         "ReadTimeoutError", "HTTPClientError", "ClientPayloadError", "FSTimeoutError",
         "TimeoutError", "ConnectionResetError", "ResponseParserError", "IncompleteRead",
         "SSLError", "ProxyConnectionError"),
        _UNREACHABLE,
    ),
}  # fmt: skip

_PASSING: Final = (_BUSY, _UNREACHABLE, _ALTERED)
_WRONG_REQUEST: Final = (
    _NO_CREDENTIALS, _WRONG_CREDENTIALS, _EXPIRED, _CLOCK, _NO_BUCKET, _FORBIDDEN, _REGION,
)  # fmt: skip


def code_of(error: BaseException) -> str:
    """Return the code a storage answered with, or the name of what went wrong on the way."""
    cause: BaseException | None = error
    while cause is not None:
        response = getattr(cause, "response", None)
        if isinstance(response, dict):
            return str(response.get("Error", {}).get("Code", "?"))
        if type(cause).__name__ in _BY_CODE:
            return type(cause).__name__
        cause = cause.__cause__
    return type(error).__name__


def is_passing(error: BaseException) -> bool:
    """Say whether the same request may succeed in a moment."""
    return _BY_CODE.get(code_of(error)) in _PASSING


def translated(error: Exception, url: str) -> VectraError:
    """Return our error for what a request of a storage raised."""
    code = code_of(error)
    told = _BY_CODE.get(code)
    if told is None and isinstance(error, FileNotFoundError):
        return MissingError(f"There is no such object at {url}.", advice=_DISK_ADVICE)
    if told is None and isinstance(error, OSError) and code == type(error).__name__:
        # A disk or a mounted share: its own words say most.
        return RemoteError(f"{url}: {error.strerror or error}.", advice=_DISK_ADVICE)
    told = told or _OTHER
    kind: type[VectraError] = UsageError if told in _WRONG_REQUEST else RemoteError
    if told is _ALTERED:
        kind = DamageError
    return kind(told.message.format(url=url, code=code), advice=told.advice)
