"""How `shopdb submit` sends requests: again while the server is not available, and errors as sentences."""

import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Self

import httpx
import orjson

from shopdb_core.cli.output import echo
from shopdb_core.errors import ConfigurationError
from shopdb_hookspecs import JsonObject

TIMEOUT_SECONDS = 30.0
MOST_TRIES = 4
LONGEST_WAIT_SECONDS = 20
LONGEST_PATIENCE_SECONDS = 60
"""How often a request is sent while the answer is 503, the longest wait, and the longest of all together."""

SEND_ERRORS = (OSError, ValueError, httpx.HTTPError, httpx.InvalidURL)
"""What reading a file, sending it, or reading the answer may raise."""

Body = Callable[[], bytes | Iterator[bytes]]
"""Returns the body of a request from its beginning, each time it is called."""


class NotShopDB(ValueError):
    """The answer is not one of ShopDB: that of a proxy, or of another server."""


class Sender:
    """Posts to one address with a collector key; a context manager that closes its connections.

    After a 503, which stores nothing, it waits as `Retry-After` says and posts again: up to 4 times for one
    request, up to 20 s at once, and up to 60 s in all.
    """

    def __init__(self, address: str, key: str) -> None:
        """Raise `ConfigurationError` for a key with a character that a header cannot have."""
        if not (key.isascii() and key.isprintable()):
            raise ConfigurationError("The key has a character that an HTTP header cannot carry: check --key.")
        self._address = address
        self._http = httpx.Client(headers={"X-API-Key": key}, timeout=TIMEOUT_SECONDS, trust_env=False)
        self._patience = LONGEST_PATIENCE_SECONDS

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the connections."""
        self._http.close()

    @contextmanager
    def post(self, body: Body, mediatype: str, file: str) -> Iterator[httpx.Response]:
        """Post a body and give the response, whose content is not read yet.

        `file` names the body in the line that announces the next try.
        """
        headers = {"Content-Type": mediatype}
        for attempt in range(1, MOST_TRIES + 1):
            with self._http.stream("POST", self._address, content=body(), headers=headers) as response:
                is_away = response.status_code == httpx.codes.SERVICE_UNAVAILABLE
                if not is_away or attempt == MOST_TRIES or not self._patience:
                    yield response
                    return
                seconds = min(_wait(response.headers.get("Retry-After", ""), attempt), self._patience)
            echo(f"{file}: the server is not available (503); next try in {seconds} s", err=True)
            self._patience -= seconds
            time.sleep(seconds)


def _wait(retryafter: str, attempt: int) -> int:
    """Return the seconds to wait; a `Retry-After` that is a date, or missing, counts as 1, 2, 4 s."""
    seconds = int(retryafter) if re.fullmatch("[0-9]{1,9}", retryafter) else 2 ** (attempt - 1)
    return min(seconds, LONGEST_WAIT_SECONDS)


def answer_of(response: httpx.Response) -> JsonObject:
    """Read an answer that is one JSON object; raises `NotShopDB` with the status for any other."""
    try:
        answer = orjson.loads(response.read())
    except orjson.JSONDecodeError:
        answer = None
    if not isinstance(answer, dict):
        raise not_shopdb(response)
    return answer


def not_shopdb(response: httpx.Response) -> NotShopDB:
    """Return the error for an answer of another media type, with what a proxy's owner needs to know."""
    status = f"{response.status_code} {response.reason_phrase}".strip()
    mediatype = response.headers.get("Content-Type", "no media type")
    return NotShopDB(f"the answer is {status} ({mediatype}), not one of ShopDB; check --url and the proxy")


def reason(error: Exception, last_answered: int = 0) -> str:
    """Return what one of `SEND_ERRORS` means for the user, and the next step."""
    if isinstance(error, OSError):
        return f"cannot be read: {error.strerror}"
    if isinstance(error, NotShopDB):
        return str(error)
    if isinstance(error, ValueError):
        return "the server's answer is not ShopDB's; check --url"
    if not last_answered:
        return f"could not be sent: {error}"
    return (
        f"the connection broke after the answers up to line {last_answered} ({error}); run the same command "
        "again: what is stored already becomes a noop"
    )
