"""Every error that ShopDB raises for a reader, one class per way to handle it.

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
"""

from collections.abc import Sequence
from typing import Literal

from shopdb_core.faults import Fault


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
    `the report NAME`, and `what` what it did, such as `returned no dict`. The message consists of these four.
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
