"""What is wrong with a submission, place by place.

Every error that ShopDB raises for a reader, one class per way to handle it.

ShopDBError
├── ConfigurationError        a setting, a plugin name or a declaration: the server does not start
│   └── SchemaBehind          migrations are pending: run `shopdb db upgrade`
├── RequestError              the client can mend it
│   ├── MalformedBody         400  not the JSON object that the contract asks for
│   ├── InvalidParameter      400  a query parameter or header
│   ├── Unauthorized          401  key or token missing or wrong
│   ├── Forbidden             403  a valid token whose role does not suffice
│   ├── NotFound              404  no such collector, asset, report
│   ├── Conflict              409  it exists already
│   ├── PayloadTooLarge       413  more bytes than the site allows
│   ├── UnsupportedMedia      415  another media type, charset or content coding
│   └── InvalidSubmission     422  well-formed, but against the schema: carries the faults
├── PluginFailure             500  a plugin's hook raised, or returned what it must not
└── Unavailable               503  the database or a plugin is away: try again later

Where in a plugin's own files something went wrong, so that its author need not search.

What is wrong with a declaration, place by place.
"""

import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import CodeType, FrameType, TracebackType
from typing import Literal


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault of a submission.

    `pointer` is a JSON pointer (RFC 6901) to the value at fault, `keyword` the rule that it breaks,
    `message` a sentence that never echoes more than 80 characters of a value.
    """

    pointer: str
    keyword: str
    message: str


class ShopDBError(Exception):
    """A problem with a sentence for its reader: what it is, and the next step."""


def in_one_line(error: ShopDBError) -> str:
    """Return an error's sentence and its notes, which are for the site's own staff and no client."""
    return " ".join((str(error), *getattr(error, "__notes__", ())))


class ConfigurationError(ShopDBError):
    """The server must not start like this."""


class SchemaBehind(ConfigurationError):
    """The database lacks migrations that this version of the code needs."""


class RequestError(ShopDBError):
    """The request is at fault; nothing was stored."""


class MalformedBody(RequestError):
    """The body is not one strict JSON object."""


class InvalidParameter(RequestError):
    """A query parameter or a header has a value that it cannot have."""


class Unauthorized(RequestError):
    """No valid key or token; one answer, whatever was wrong with it."""


class Forbidden(RequestError):
    """The token is valid, its role is not enough."""


class NotFound(RequestError):
    """The thing that the path names does not exist."""


class Conflict(RequestError):
    """The thing to be made exists already."""


class PayloadTooLarge(RequestError):
    """The body is larger than `SHOPDB_MAX_BODY_BYTES`, as sent or when inflated."""


class UnsupportedMedia(RequestError):
    """The body is in a media type, charset or content coding that is not read."""


class InvalidSubmission(RequestError):
    """The submission is JSON, but its collector's schema refuses it."""

    def __init__(self, message: str, faults: Sequence[Fault] = ()) -> None:
        super().__init__(message)
        self.faults = tuple(faults)


FailureKind = Literal["raised", "answer", "row length"]
"""A hook raised (the failure's `__cause__` says what), its answer cannot be used, or a report's row does not
have one cell for each column."""


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
    """Not now: nothing was stored, and the same request may succeed later."""

    retry_after_seconds = 5


IsOwnFrame = Callable[[FrameType], bool]
"""Whether a frame is one of the author's."""


def frames_in_package(name: str) -> IsOwnFrame:
    """Tell the frames of a top-level package, or of a module that stands alone."""
    return lambda frame: str(frame.f_globals.get("__name__", "")).partition(".")[0] == name


def frames_in_directory(directory: Path) -> IsOwnFrame:
    """Tell the frames of what was loaded by path from a directory."""
    return lambda frame: Path(frame.f_code.co_filename).is_relative_to(directory)


def first_line(error: BaseException) -> str:
    """Return what an exception says in its first line, without the place where it was raised."""
    # SQLAlchemy tells the statement and a web page in further lines.
    lines = str(error.msg if isinstance(error, SyntaxError) else error).splitlines()
    return next(iter(lines), type(error).__name__)


def raised_at(error: BaseException, own: IsOwnFrame) -> str:
    """Return ` (file, line N)` of the last of the author's own lines that was at work, nothing if none was.

    What does not parse is told with its own file and line.
    """
    if isinstance(error, SyntaxError) and error.filename:
        return _place(error.filename, error.lineno or 1)
    steps = [step for step in _steps(error.__traceback__) if own(step.tb_frame)]
    return _place(steps[-1].tb_frame.f_code.co_filename, steps[-1].tb_lineno) if steps else ""


def defined_at(code: CodeType) -> str:
    """Return ` (file, line N)` of a function."""
    return _place(code.co_filename, code.co_firstlineno)


def _steps(traceback: TracebackType | None) -> Iterator[TracebackType]:
    while traceback:
        yield traceback
        traceback = traceback.tb_next


def _place(filename: str, line: int) -> str:
    return f" ({_as_imported(Path(filename))}, line {line})"


def _as_imported(file: Path) -> str:
    """Shorten a path to what an author knows it by: from the package on."""
    roots = [root for root in map(Path, filter(None, sys.path)) if file.is_relative_to(root)]
    shown = file.relative_to(max(roots, key=lambda root: len(root.parts))) if roots else file.name
    return Path(shown).as_posix()


@dataclass(frozen=True, slots=True)
class DeclarationFault:
    """One fault of a declaration.

    `place` is a JSON pointer (RFC 6901) into the declaration, `reason` a sentence: what is wrong
    there and how to mend it.
    """

    place: str
    reason: str
