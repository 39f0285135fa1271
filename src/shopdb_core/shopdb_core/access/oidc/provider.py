"""`Provider`: the authorization code flow with PKCE, state and nonce, and whom a token names."""

import base64
import hashlib
import hmac
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from importlib.util import find_spec
from typing import Any
from urllib.parse import urlencode

from shopdb_core.access.oidc.metadata import AWAY, Metadata, fetch_json
from shopdb_core.access.tokens import REFUSAL, ROLES, Role
from shopdb_core.errors import ConfigurationError, Forbidden, Unauthorized, Unavailable
from shopdb_core.settings import OidcSettings

ALGORITHMS = ("RS256", "ES256")
PENDING_FOR = timedelta(minutes=10)
LEEWAY_SECONDS = 30
_PENDING_TYPE = "oidc-pending+jwt"
REFUSED = (
    "The identity provider did not sign you in, or its answer does not belong to this browser; try again."
)


@dataclass(frozen=True, slots=True)
class Pending:
    """A sign-in under way, kept by the browser: what its answer must fit, and the page that follows."""

    state: str
    nonce: str
    verifier: str
    following: str


@dataclass(frozen=True, slots=True)
class ProviderAnswer:
    """What a browser brings back from the provider; `redirect_uri` is where to."""

    redirect_uri: str
    code: str | None
    state: str | None
    iss: str | None


@dataclass(frozen=True, slots=True)
class Identity:
    """Whom the provider names: `key` is of issuer and subject, which never change; the name may."""

    key: bytes
    username: str
    role: Role


class Provider:
    """The site's identity provider; safe to share between threads.

    Raises `ConfigurationError` if the extra `oidc` is not installed. Every method that asks the provider
    raises `Unavailable` if it does not answer.
    """

    def __init__(self, settings: OidcSettings, secret_key: str) -> None:
        if find_spec("cryptography") is None:
            raise ConfigurationError(
                "SHOPDB_OIDC_ISSUER needs the extra `oidc`: python3 -m pip install 'shopdb-core[oidc]'"
            )
        self._settings = settings
        self._metadata = Metadata(settings.issuer)
        self._pending_key = hmac.digest(secret_key.encode(), b"shopdb oidc", "sha256")

    def begin(self, redirect_uri: str, following: str) -> tuple[str, str]:
        """Return the address at which a browser signs in, and the text that it keeps until `finish`."""
        state, nonce, verifier = (secrets.token_urlsafe(32) for _ in range(3))
        pending = Pending(state, nonce, verifier, following)
        challenge = hashlib.sha256(pending.verifier.encode()).digest()
        query = {
            "response_type": "code",
            "client_id": self._settings.client_id,
            "redirect_uri": redirect_uri,
            "scope": "openid profile email",
            "state": pending.state,
            "nonce": pending.nonce,
            "code_challenge": base64.urlsafe_b64encode(challenge).rstrip(b"=").decode(),
            "code_challenge_method": "S256",
        }
        address = self._metadata.address("authorization_endpoint")
        separator = "&" if "?" in address else "?"
        return f"{address}{separator}{urlencode(query)}", self._keep(pending)

    def finish(self, kept: str, answer: ProviderAnswer) -> tuple[Identity, str]:
        """Return whom the provider signed in, and the page that follows.

        Raises `Unauthorized` for an answer to another browser or question, `Forbidden` if it gives no role.
        """
        pending = self._read(kept)
        is_ours = hmac.compare_digest(pending.state.encode(), (answer.state or "").encode())
        if not is_ours or answer.code is None or answer.iss not in (None, self._settings.issuer):
            raise Unauthorized(REFUSED)
        token = self._redeem(answer.code, pending.verifier, answer.redirect_uri)
        claims = self._verified(token, self._settings.client_id, REFUSED)
        if not hmac.compare_digest(str(claims.get("nonce", "")).encode(), pending.nonce.encode()):
            raise Unauthorized(REFUSED)
        return self._identity(claims), pending.following

    def has_signed(self, token: str) -> bool:
        """Return whether a token claims to be of the provider: the site's own have another algorithm."""
        return _header(token).get("alg") in ALGORITHMS

    def identify(self, token: str) -> Identity:
        """Return whom an access token of the provider names; raises `Unauthorized` or `Forbidden`."""
        return self._identity(self._verified(token, self._settings.audience, REFUSAL))

    def may_accept(self, token: str) -> bool:
        """Return whether `identify` may accept a token; nothing is fetched, so that this takes no time."""
        header = _header(token)
        if header.get("alg") not in ALGORITHMS:
            return False
        if self._metadata.known_key(header.get("kid")) is None:
            return self._metadata.may_fetch()
        try:
            self._verified(token, self._settings.audience, REFUSAL)
        except Unauthorized:
            return False
        return True

    def _keep(self, pending: Pending) -> str:
        import jwt  # noqa: PLC0415  # as in `tokens.py`

        claims = {**asdict(pending), "exp": datetime.now(UTC) + PENDING_FOR}
        return jwt.encode(claims, self._pending_key, "HS256", headers={"typ": _PENDING_TYPE})

    def _read(self, kept: str) -> Pending:
        import jwt  # noqa: PLC0415  # as in `tokens.py`

        try:
            claims = jwt.decode(kept, self._pending_key, ["HS256"], options={"require": ["exp"]})
        except (jwt.PyJWTError, ValueError) as error:
            raise Unauthorized(REFUSED) from error
        return Pending(claims["state"], claims["nonce"], claims["verifier"], claims["following"])

    def _redeem(self, code: str, verifier: str, redirect_uri: str) -> str:
        """Return the ID token for a code (RFC 6749, section 4.1.3; RFC 7636, section 4.5)."""
        import httpx  # noqa: PLC0415  # as in `metadata.py`

        settings = self._settings
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": redirect_uri,
            "client_id": settings.client_id,
            "code_verifier": verifier,
        }
        auth = (settings.client_id, settings.client_secret) if settings.client_secret else None
        try:
            answer = fetch_json("POST", self._metadata.address("token_endpoint"), data=form, auth=auth)
        except httpx.HTTPStatusError as error:
            if error.response.is_client_error:
                raise Unauthorized(REFUSED) from None
            raise Unavailable(AWAY) from None
        except (httpx.HTTPError, ValueError):
            raise Unavailable(AWAY) from None
        return str(answer.get("id_token", ""))

    def _verified(self, token: str, audience: str, refusal: str) -> Mapping[str, Any]:
        """Return the claims of a token; raises `Unauthorized`."""
        import jwt  # noqa: PLC0415  # as in `tokens.py`

        header = _header(token)
        if header.get("alg") not in ALGORITHMS or "crit" in header:
            raise Unauthorized(refusal)
        key = self._metadata.key(header.get("kid"))
        try:
            claims: Mapping[str, Any] = jwt.decode(
                token,
                key,
                algorithms=ALGORITHMS,
                audience=audience,
                issuer=self._settings.issuer,
                leeway=LEEWAY_SECONDS,
                options={"require": ["exp", "iat", "sub", "aud", "iss"]},
            )
        except (jwt.PyJWTError, ValueError, TypeError, OverflowError) as error:
            raise Unauthorized(refusal) from error
        return claims

    def _identity(self, claims: Mapping[str, Any]) -> Identity:
        settings = self._settings
        key = hashlib.sha256(f"{settings.issuer}\0{claims['sub']}".encode()).digest()
        found = _values(claims.get(settings.role_claim))
        roles = [role for role in ROLES if role in {settings.roles.get(value) for value in found}]
        if not roles:
            raise Forbidden("The identity provider gives you no role here; ask who administers this site.")
        names = (claims.get("preferred_username"), claims.get("email"), claims["sub"])
        return Identity(key, next(name for name in names if isinstance(name, str) and name), roles[-1])


def _header(token: str) -> Mapping[str, Any]:
    """Return the header of a token, which is not verified; an empty one if it is no token."""
    import jwt  # noqa: PLC0415  # as in `tokens.py`

    try:
        header: Mapping[str, Any] = jwt.get_unverified_header(token)
    except (jwt.PyJWTError, ValueError):
        return {}
    kid = header.get("kid")
    return header if kid is None or isinstance(kid, str) else {}


def _values(claim: object) -> Sequence[str]:
    """Return the values of a claim, which may be one text or a list."""
    values = claim if isinstance(claim, list) else [claim]
    return [value for value in values if isinstance(value, str)]
