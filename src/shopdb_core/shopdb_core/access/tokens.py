"""JSON Web Tokens (RFC 7519, RFC 8725): they authenticate readers and editors, and carry their role.

`Tokens` checks what a token says. Whether its session was ended or the token revoked is up to `grants.py`.

PyJWT is imported with the first token: it imports cryptography where that is installed, for algorithms that
are not used here, and most servers receive submissions alone.
"""

import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal, get_args

from shopdb_core.errors import Forbidden, InvalidParameter, Unauthorized
from shopdb_core.store.tables import GRANT_ID_LENGTH, SUBJECT_LENGTH

Role = Literal["viewer", "editor", "admin"]

ROLES: tuple[Role, ...] = get_args(Role)
"""From the least to the most powerful; each includes the ones before it."""

ALGORITHM = "HS256"
ISSUER = "shopdb"
AUDIENCE = "shopdb-api"
TYPE = "at+jwt"
"""The media type of an access token (RFC 9068); tokens of another type are refused."""

LONGEST_TTL = timedelta(days=3660)

_CLAIMS = ["exp", "iat", "sub", "aud", "iss", "role"]
REFUSAL = (
    "The bearer token is missing, wrong or expired; POST /api/auth/login and `shopdb token create` issue one."
)


GRANT_ID = re.compile(f"[0-9a-f]{{{GRANT_ID_LENGTH}}}")

GrantKind = Literal["sid", "jti"]
"""What a token comes from, by the name of its claim: a session, or `shopdb token create`."""


@dataclass(frozen=True, slots=True)
class Grant:
    """The session or the program's token of which a token is valid as long as it is in force."""

    kind: GrantKind
    id: str


@dataclass(frozen=True, slots=True)
class Bearer:
    """The subject and the role of a valid token; one of an earlier release has no grant."""

    subject: str
    role: Role
    grant: Grant | None = None

    def includes(self, role: Role) -> bool:
        """Return whether this bearer's role includes `role`."""
        return ROLES.index(self.role) >= ROLES.index(role)

    def require(self, role: Role) -> None:
        """Raise `Forbidden` unless this bearer's role includes `role`."""
        if not self.includes(role):
            raise Forbidden(f"This needs the role {role}; the token of {self.subject!r} has {self.role}.")


class Tokens:
    """Issues and verifies tokens with the site's `SECRET_KEY`; safe to share between threads.

    `older` keys verify the tokens that they signed, while the site replaces its key.
    """

    def __init__(self, secret_key: str, *older: str) -> None:
        self._secret_key = secret_key
        self._older = older

    def issue(self, subject: str, role: Role, ttl: timedelta, grant: Grant | None = None) -> str:
        """Return a signed token for `subject`, valid from now for `ttl`; without a grant, whatever happens.

        Raises `InvalidParameter` for a subject that cannot be recorded, or a `ttl` that is not positive or
        beyond ten years.
        """
        if not _is_recordable(subject) or not timedelta() < ttl <= LONGEST_TTL:
            raise InvalidParameter(
                f"A token needs a subject of up to {SUBJECT_LENGTH} printable characters, "
                "and a time to live of up to ten years."
            )
        now = datetime.now(UTC)
        claims = {"iss": ISSUER, "aud": AUDIENCE, "sub": subject, "role": role, "iat": now, "exp": now + ttl}
        if grant is not None:
            claims[grant.kind] = grant.id
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
        return self.verify(bearer_token(authorization))


def bearer_token(authorization: str | None) -> str:
    """Return the token in an `Authorization` header (RFC 6750); raises `Unauthorized`."""
    token = _presented(authorization)
    if not token:
        raise Unauthorized(REFUSAL)
    return token


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
        raise Unauthorized(REFUSAL) from error
    _check_header(decoded["header"])
    return _bearer(decoded["payload"])


def _check_header(header: Mapping[str, object]) -> None:
    """Refuse another type, and all critical extensions (RFC 7515, section 4.1.11)."""
    if header.get("typ") != TYPE or "crit" in header:
        raise Unauthorized(REFUSAL)


def _bearer(claims: Mapping[str, object]) -> Bearer:
    """Check the types of the claims; PyJWT accepts, for example, a string as `exp`."""
    subject, role = claims["sub"], claims["role"]
    numeric = all(type(claims[name]) is int for name in ("exp", "iat"))
    if not (numeric and isinstance(subject, str) and _is_recordable(subject) and role in ROLES):
        raise Unauthorized(REFUSAL)
    return Bearer(subject, role, _grant(claims))


def _grant(claims: Mapping[str, object]) -> Grant | None:
    found = [Grant(kind, str(claims[kind])) for kind in get_args(GrantKind) if kind in claims]
    if len(found) > 1 or not all(GRANT_ID.fullmatch(grant.id) for grant in found):
        raise Unauthorized(REFUSAL)
    return found[0] if found else None


def _is_recordable(subject: str) -> bool:
    """Whether audit entries on every database can name the subject; a control character is not printable."""
    return bool(subject.strip()) and len(subject) <= SUBJECT_LENGTH and subject.isprintable()
