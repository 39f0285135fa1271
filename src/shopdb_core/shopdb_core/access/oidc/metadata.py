"""What a provider publishes: its addresses (OpenID Connect Discovery) and its signing keys (RFC 7517).

Both are fetched when they are first needed, and kept. httpx and PyJWT are imported then.
"""

import json
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

from shopdb_core.access.tokens import REFUSAL
from shopdb_core.errors import Unauthorized, Unavailable
from shopdb_hookspecs import JsonObject

FRESH_SECONDS = 3600.0
AGAIN_SECONDS = 30.0
"""How often at most what is published is fetched again: after a failure, or for a key that is not known."""

TIMEOUT_SECONDS = 5.0
MOST_BYTES = 1024 * 1024

AWAY = "The identity provider does not answer; users with a password here can sign in. Try again later."


class Metadata:
    """The addresses and keys of one provider; safe to share between threads."""

    def __init__(self, issuer: str, *, timer: Callable[[], float] = time.monotonic) -> None:
        self._issuer = issuer
        self._timer = timer
        self._lock = threading.Lock()
        self._document: JsonObject = {}
        self._keys: Mapping[str | None, Any] = {}
        self._due = self._allowed = float("-inf")

    def address(self, name: str) -> str:
        """Return an address, such as that of `token_endpoint`; raises `Unavailable`."""
        self._fetch_if(lambda: self._timer() > self._due)
        return str(self._document[name])

    def key(self, kid: str | None) -> Any:
        """Return the public key of an id; raises `Unauthorized` for an unknown one, or `Unavailable`.

        For an unknown id the keys are fetched again: the provider may have changed them.
        """
        key = self.known_key(kid)
        if key is None or self._timer() > self._due:
            self._fetch_if(lambda: self.known_key(kid) is None or self._timer() > self._due)
            key = self.known_key(kid)
        if key is None:
            raise Unauthorized(REFUSAL)
        return key

    def known_key(self, kid: str | None) -> Any:
        """Return the key of an id if it was fetched; a provider with one key may leave the id out."""
        if kid is None and len(self._keys) == 1:
            return next(iter(self._keys.values()))
        return self._keys.get(kid)

    def may_fetch(self) -> bool:
        """Return whether the next unknown key would be fetched now."""
        return self._timer() > self._allowed

    def _fetch_if(self, is_needed: Callable[[], bool]) -> None:
        """Fetch both if they are needed and that is allowed again; without an answer the old ones stay."""
        with self._lock:
            if is_needed() and self.may_fetch():
                self._allowed = self._timer() + AGAIN_SECONDS
                self._fetch()
        if not self._document:
            raise Unavailable(AWAY)

    def _fetch(self) -> None:
        import httpx  # noqa: PLC0415  # see the module's docstring
        from jwt import PyJWKSet, PyJWTError  # noqa: PLC0415  # likewise

        try:
            document = fetch_json("GET", f"{self._issuer.rstrip('/')}/.well-known/openid-configuration")
            if document["issuer"] != self._issuer:
                return  # OpenID Connect Discovery, section 4.3
            published = PyJWKSet.from_dict(dict(fetch_json("GET", str(document["jwks_uri"]))))
        except (httpx.HTTPError, httpx.InvalidURL, PyJWTError, ValueError, LookupError, TypeError):
            return
        self._document, self._keys = document, {key.key_id: key for key in published.keys}
        self._due = self._timer() + FRESH_SECONDS


def fetch_json(method: str, url: str, **options: Any) -> JsonObject:
    """Return the object that an address of the provider answers; redirects are not followed.

    Raises httpx's errors, or `ValueError` for another answer than one of at most `MOST_BYTES`.
    """
    import httpx  # noqa: PLC0415  # see the module's docstring

    content = bytearray()
    with httpx.stream(method, url, timeout=TIMEOUT_SECONDS, **options) as answer:
        answer.raise_for_status()
        for chunk in answer.iter_bytes():
            content += chunk
            if len(content) > MOST_BYTES:
                raise ValueError(url)
    found = json.loads(bytes(content))
    if not isinstance(found, dict):
        raise ValueError(url)  # noqa: TRY004  # it is a wrong answer, not a wrong argument
    return found
