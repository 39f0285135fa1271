"""The exceptions of ShopDB, one class for each way to handle them, and what their messages are made of.

ShopDBError
├── ConfigurationError        a setting, a plugin name or a declaration: the server does not start
│   └── SchemaBehind          migrations are pending: run `shopdb db upgrade`
├── BackupFailure             a backup cannot be made, or an archive cannot be restored
├── RequestError              the client can correct it
│   ├── MalformedBody         400  not one strict JSON object
│   ├── InvalidParameter      400  a query parameter or header
│   ├── Unauthorized          401  key or token missing or wrong
│   ├── Forbidden             403  a valid token whose role does not suffice
│   ├── NotFound              404  no such collector, asset, report
│   ├── Conflict              409  it exists already, or its state does not allow this
│   ├── Gone                  410  it was erased, or pruning has taken what the answer needs
│   ├── PreconditionFailed    412  it has changed since the client read it
│   ├── PayloadTooLarge       413  more bytes than the site allows
│   ├── UnsupportedMedia      415  another media type, charset or content coding
│   ├── InvalidSubmission     422  JSON that does not fit the schema: carries the faults
│   ├── PreconditionRequired  428  the request must say which version it changes
│   └── Throttled             429  too many wrong keys or sign-ins: try again later
├── PluginFailure             500  a plugin's hook raised, or its result cannot be used
└── Unavailable               503  the database or a plugin is not available: try again later

`Fault` and `DeclarationFault` describe one fault each of a submission or a declaration. The functions at the
end suggest a name, and describe an exception of a plugin's code by its message and its line.
"""

import logging
import sys
import traceback
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from types import CodeType, FrameType, TracebackType
from typing import Literal


class ShopDBError(Exception):
    """The base class; the message is a sentence for the reader: what is wrong, and the next step."""


def in_one_line(error: ShopDBError) -> str:
    """Return the message and the notes (PEP 678); the notes are for the site's operator, not for a client."""
    return " ".join((str(error), *getattr(error, "__notes__", ())))


class ConfigurationError(ShopDBError):
    """The server must not start with this configuration."""


class SchemaBehind(ConfigurationError):
    """The database lacks migrations that this version of the code needs."""


class BackupFailure(ShopDBError):
    """A backup was not made, or an archive was not restored; the site's database is as it was."""


class RequestError(ShopDBError):
    """The request is wrong; nothing was stored."""


class MalformedBody(RequestError):
    """The body is not one strict JSON object."""


class InvalidParameter(RequestError):
    """A query parameter or a header has a value that is not allowed.

    `at` is the position in it of the character at fault, counted from 1; `None` if it has no one place.
    """

    def __init__(self, message: str, at: int | None = None) -> None:
        super().__init__(message)
        self.at = at


class Unauthorized(RequestError):
    """The key or token is missing or wrong; the message is the same in every case."""


class Forbidden(RequestError):
    """The token is valid, but its role does not suffice."""


class NotFound(RequestError):
    """What the path names does not exist."""


class Conflict(RequestError):
    """What the request creates exists already, or the state of what it changes does not allow it."""


class Gone(RequestError):
    """What the path names was erased, or what the answer needs was pruned."""


class PreconditionFailed(RequestError):
    """What the request changes is not the version that `If-Match` names."""


class PreconditionRequired(RequestError):
    """The request lacks `If-Match`, so that it might undo what another person did (RFC 6585)."""


class PayloadTooLarge(RequestError):
    """The body is larger than its limit, as sent or when inflated."""


class UnsupportedMedia(RequestError):
    """The media type, charset or content coding of the body is not supported."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault of a submission.

    `pointer` is a JSON pointer (RFC 6901) to the wrong value, `keyword` the rule that the value breaks,
    `message` a sentence that quotes at most 80 characters of the value.
    """

    pointer: str
    keyword: str
    message: str


class InvalidSubmission(RequestError):
    """The submission is JSON, but does not fit the schema of its collector.

    `faults` are the first ones, and `warnings` say what was corrected before they were found.
    `identityvalue` is the identity as normalised, or `None` if it could not be one.
    """

    def __init__(
        self,
        message: str,
        faults: Sequence[Fault] = (),
        warnings: Sequence[str] = (),
        identityvalue: str | None = None,
    ) -> None:
        super().__init__(message)
        self.faults = tuple(faults)
        self.warnings = tuple(warnings)
        self.identityvalue = identityvalue


class Throttled(RequestError):
    """The client presented too many wrong keys or passwords; it may try again after `retry_after_seconds`."""

    def __init__(self, message: str, retry_after_seconds: int) -> None:
        super().__init__(message)
        self.retry_after_seconds = retry_after_seconds


@dataclass(frozen=True, slots=True)
class DeclarationFault:
    """One fault of a declaration.

    `place` is a JSON pointer (RFC 6901) into the declaration, `reason` a sentence: what is wrong and how to
    correct it.
    """

    place: str
    reason: str


FailureKind = Literal["raised", "answer", "row length"]
"""A hook raised (the failure's `__cause__` is the exception), its result cannot be used, or a row of a report
does not have one cell for each column."""


class PluginFailure(ShopDBError):
    """A hook or a report failed. Nothing was stored.

    `plugin` is the plugin's name, `distribution` its distribution with the version, `hook` the hook's name or
    `the report NAME`, and `what` what it did, such as `did not return a dict`. The message has these four.
    """

    def __init__(
        self, plugin: str, distribution: str, hook: str, what: str, kind: FailureKind = "answer"
    ) -> None:
        stop = "" if what.endswith("?") else "."
        super().__init__(f"Plugin {plugin} (distribution {distribution}): {hook} {what}{stop}")
        self.plugin = plugin
        self.distribution = distribution
        self.hook = hook
        self.what = what
        self.kind = kind


class Unavailable(ShopDBError):
    """The request cannot be served now; nothing was stored, and the same request may succeed later."""

    retry_after_seconds = 5


IsOwnFrame = Callable[[FrameType], bool]
"""Whether a frame runs the plugin author's own code."""


def frames_in_package(name: str) -> IsOwnFrame:
    """Return a test for the frames of a top-level package or module."""
    return lambda frame: str(frame.f_globals.get("__name__", "")).partition(".")[0] == name


def frames_in_directory(directory: Path) -> IsOwnFrame:
    """Return a test for the frames of files in a directory, which were loaded by path."""
    return lambda frame: Path(frame.f_code.co_filename).is_relative_to(directory)


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Return ` Did you mean …?` with the known name that is most like `name`, or an empty text."""
    found = get_close_matches(name, known, n=1, cutoff=0.8)
    return f" Did you mean {found[0]}?" if found else ""


def first_line(error: BaseException) -> str:
    """Return the first line of an exception's message, or the name of its type where the message is empty."""
    # SQLAlchemy's further lines are the statement and a link; the text of a SyntaxError ends with its place.
    lines = str(error.msg if isinstance(error, SyntaxError) else error).splitlines()
    return next(iter(lines), type(error).__name__)


def log_text(error: BaseException | None) -> str:
    """Return the traceback of an error for the log, after the messages of its causes if the log has details.

    A message may quote a payload or a secret. It is logged only where the logger `shopdb_core` itself has the
    level DEBUG, as with `shopdb serve --debug`: that of a program's root logger does not count.
    """
    if error is None:
        return ""
    lines = traceback.format_tb(error.__traceback__)
    if logging.getLogger(__package__).level == logging.DEBUG:
        # First, since the log limits the number of lines. SQLAlchemy leaves out the parameters.
        lines = [*_messages(error), *lines]
    return "".join(lines)


def _messages(error: BaseException) -> Iterator[str]:
    cause: BaseException | None = error
    while cause is not None:
        yield from traceback.format_exception_only(cause)
        cause = cause.__cause__


def raised_at(error: BaseException, own: IsOwnFrame) -> str:
    """Return ` (file, line N)` of the innermost of the author's own frames, or an empty string.

    For a `SyntaxError` these are the file and line that do not parse.
    """
    if isinstance(error, SyntaxError) and error.filename:
        return _location(error.filename, error.lineno or 1)
    entries = [entry for entry in _entries(error.__traceback__) if own(entry.tb_frame)]
    return _location(entries[-1].tb_frame.f_code.co_filename, entries[-1].tb_lineno) if entries else ""


def defined_at(code: CodeType) -> str:
    """Return ` (file, line N)` of a function's definition."""
    return _location(code.co_filename, code.co_firstlineno)


def _entries(traceback: TracebackType | None) -> Iterator[TracebackType]:
    while traceback:
        yield traceback
        traceback = traceback.tb_next


def _location(filename: str, line: int) -> str:
    """Return the location with the path as it is imported: from the package on."""
    file = Path(filename)
    roots = [root for root in map(Path, filter(None, sys.path)) if file.is_relative_to(root)]
    path = file.relative_to(max(roots, key=lambda root: len(root.parts))) if roots else file.name
    return f" ({Path(path).as_posix()}, line {line})"
