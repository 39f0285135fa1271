"""JSON Web Tokens (RFC 7519, RFC 8725): they authenticate readers and editors, and carry their role.

PyJWT is imported with the first token: it imports cryptography where that is installed, for algorithms that
are not used here, and most servers receive submissions alone.
"""

import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal, get_args

from shopdb_core.errors import Forbidden, InvalidParameter, Unauthorized

Role = Literal["viewer", "editor", "admin"]

ROLES: tuple[Role, ...] = get_args(Role)
"""From the least to the most powerful; each includes the ones before it."""

ALGORITHM = "HS256"
ISSUER = "shopdb"
AUDIENCE = "shopdb-api"
TYPE = "at+jwt"
"""The media type of an access token (RFC 9068); tokens of another type are refused."""

LONGEST_TTL = timedelta(days=3660)

LONGEST_SUBJECT = 250
"""Characters: `user:` and the subject fit into the 255 of an audit entry's actor."""

_CLAIMS = ["exp", "iat", "sub", "aud", "iss", "role"]
_REFUSAL = "The bearer token is missing, wrong or expired; `shopdb token create` issues one."


@dataclass(frozen=True, slots=True)
class Bearer:
    """The subject and the role of a valid token."""

    subject: str
    role: Role

    def require(self, role: Role) -> None:
        """Raise `Forbidden` unless this bearer's role includes `role`."""
        if ROLES.index(self.role) < ROLES.index(role):
            raise Forbidden(f"This needs the role {role}; the token of {self.subject!r} has {self.role}.")


class Tokens:
    """Issues and verifies tokens with the site's `SECRET_KEY`; safe to share between threads.

    `older` keys verify the tokens that they signed, while the site replaces its key.
    """

    def __init__(self, secret_key: str, *older: str) -> None:
        self._secret_key = secret_key
        self._older = older

    def issue(self, subject: str, role: Role, ttl: timedelta) -> str:
        """Return a signed token for `subject`, valid from now for `ttl`.

        Raises `InvalidParameter` for a subject that cannot be recorded, or a `ttl` that is not positive or
        beyond ten years.
        """
        if not _is_recordable(subject) or not timedelta() < ttl <= LONGEST_TTL:
            raise InvalidParameter(
                f"A token needs a subject of up to {LONGEST_SUBJECT} printable characters, "
                "and a time to live of up to ten years."
            )
        now = datetime.now(UTC)
        claims = {"iss": ISSUER, "aud": AUDIENCE, "sub": subject, "role": role, "iat": now, "exp": now + ttl}
        import jwt  # noqa: PLC0415  # see the module's docstring

        return jwt.encode(claims, self._secret_key, ALGORITHM, headers={"typ": TYPE})

    def verify(self, token: str) -> Bearer:
        """Return the bearer of `token`; raises `Unauthorized` with the same message for every fault."""
        for key in self._older:
            try:
                return _verify(token, key)
            except Unauthorized:
                continue
        return _verify(token, self._secret_key)

    def bearer(self, authorization: str | None) -> Bearer:
        """Return the bearer of the token in an `Authorization` header (RFC 6750); raises `Unauthorized`."""
        token = _presented(authorization)
        if not token:
            raise Unauthorized(_REFUSAL)
        return self.verify(token)


def require_secret(authorization: str | None, secret: str | None) -> None:
    """Raise `Unauthorized` unless the header `Authorization` has this secret as its bearer token."""
    presented = _presented(authorization).encode()
    if secret is None or not hmac.compare_digest(presented, secret.encode()):
        raise Unauthorized("The bearer token is missing or wrong: it is the value of SHOPDB_METRICS_TOKEN.")


def _presented(authorization: str | None) -> str:
    """Return the bearer token in a header (RFC 6750), an empty text without one."""
    scheme, _, token = (authorization or "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


def _verify(token: str, key: str) -> Bearer:
    """Return the bearer of a token that was signed with `key`; raises `Unauthorized`."""
    import jwt  # noqa: PLC0415  # see the module's docstring

    try:
        decoded = jwt.decode_complete(
            token,
            key,
            algorithms=[ALGORITHM],
            audience=AUDIENCE,
            issuer=ISSUER,
            options={"require": _CLAIMS},
        )
    except (jwt.InvalidTokenError, ValueError, TypeError, OverflowError) as error:
        raise Unauthorized(_REFUSAL) from error
    _check_header(decoded["header"])
    return _bearer(decoded["payload"])


def _check_header(header: Mapping[str, object]) -> None:
    """Refuse another type, and all critical extensions (RFC 7515, section 4.1.11)."""
    if header.get("typ") != TYPE or "crit" in header:
        raise Unauthorized(_REFUSAL)


def _bearer(claims: Mapping[str, object]) -> Bearer:
    """Check the types of the claims; PyJWT accepts, for example, a string as `exp`."""
    subject, role = claims["sub"], claims["role"]
    numeric = all(type(claims[name]) is int for name in ("exp", "iat"))
    if not (numeric and isinstance(subject, str) and _is_recordable(subject) and role in ROLES):
        raise Unauthorized(_REFUSAL)
    return Bearer(subject, role)


def _is_recordable(subject: str) -> bool:
    """Whether audit entries on every database can name the subject; a control character is not printable."""
    return bool(subject.strip()) and len(subject) <= LONGEST_SUBJECT and subject.isprintable()
