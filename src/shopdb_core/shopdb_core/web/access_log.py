"""The line of the log for each answered request; what clients sent in it is escaped and cut off."""

import logging
from typing import NamedTuple
from urllib.parse import quote

from shopdb_hookspecs import JsonObject

LONGEST_METHOD = 20
LONGEST_PATH = 300
LONGEST_ACTOR = 100

_logger = logging.getLogger("shopdb_core.access")


class AnsweredRequest(NamedTuple):
    """One answered request, as the message of a log record.

    `actor` is who was admitted: `user:` and the subject of a token, `source:` and the name of a key, or
    `collector:` and the plugin of a key without a name. `problem` ends the `type` of the problem document.
    """

    method: str
    path: str
    status: int
    milliseconds: float
    clientaddress: str | None
    requestid: str
    actor: str | None = None
    problem: str | None = None

    def __str__(self) -> str:
        method, path = in_log(self.method, LONGEST_METHOD), in_log(self.path, LONGEST_PATH)
        actor = in_log(self.actor or "-", LONGEST_ACTOR)
        return (
            f"{method} {path} {self.status} {self.milliseconds:.1f}ms {self.clientaddress or '-'} "
            f"{self.requestid} {actor} {self.problem or '-'}"
        )

    def log_fields(self) -> JsonObject:
        """Return the members of a line of JSON."""
        return {
            "requestid": self.requestid,
            "method": in_log(self.method, LONGEST_METHOD),
            "path": in_log(self.path, LONGEST_PATH),
            "status": self.status,
            "durationms": round(self.milliseconds, 1),
            "clientaddress": self.clientaddress,
            "actor": self.actor and self.actor[:LONGEST_ACTOR],
            "problem": self.problem,
        }


def log_access(request: AnsweredRequest) -> None:
    """Log one answered request."""
    _logger.info(request)


def in_log(text: str, longest: int) -> str:
    """Return a client's text for the log: percent-encoded, of at most `longest` characters."""
    escaped = quote(text[: longest + 1], safe="/:@")
    return escaped if len(escaped) <= longest else f"{escaped[: longest - 3]}..."
