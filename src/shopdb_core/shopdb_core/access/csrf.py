"""Tokens against forged requests: what another site makes a browser send has the cookie, but no such token.

A token is signed and bound to the session (OWASP, signed double submit): a random part, and its keyed hash
with the session's id. It is valid as long as the session, and nothing is stored.
"""

import hmac
import secrets

from shopdb_core.errors import Forbidden

NONCE_BYTES = 16


class CsrfTokens:
    """Issues and checks tokens with the site's `SECRET_KEY`; `older` keys check those of before."""

    def __init__(self, secret_key: str, *older: str) -> None:
        self._keys = [hmac.digest(key.encode(), b"shopdb csrf", "sha256") for key in (secret_key, *older)]

    def issue(self, sessionid: str) -> str:
        """Return a token for a form or script of this session."""
        nonce = secrets.token_hex(NONCE_BYTES)
        return f"{nonce}.{_seal(self._keys[0], sessionid, nonce)}"

    def check(self, sessionid: str, token: str | None) -> None:
        """Raise `Forbidden` unless the token is one of this session."""
        nonce, _, seal = (token or "").partition(".")
        seals = [_seal(key, sessionid, nonce) for key in self._keys]
        if not any(hmac.compare_digest(each.encode(), seal.encode()) for each in seals):
            raise Forbidden(
                "A request with a cookie that changes something needs the session's token in X-CSRF-Token; "
                "GET /api/auth/me returns one."
            )


def _seal(key: bytes, sessionid: str, nonce: str) -> str:
    return hmac.digest(key, f"{sessionid}\0{nonce}".encode("utf-8", "surrogatepass"), "sha256").hex()
