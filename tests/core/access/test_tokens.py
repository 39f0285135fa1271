"""JSON Web Tokens."""

from datetime import UTC, datetime, timedelta

import jwt
import pytest

from shopdb_core.access.tokens import AUDIENCE, ISSUER, TYPE, Tokens
from shopdb_core.errors import Forbidden, InvalidParameter, Unauthorized

SECRET = "a-secret-key-for-tests-0123456789-abcdef"
HOUR = timedelta(hours=1)


def forged(
    algorithm: str = "HS256", secret: str = SECRET, header: dict[str, object] | None = None, **claims: object
):
    """Return a valid token with the given changes; a claim that is `None` is left out."""
    now = int(datetime.now(UTC).timestamp())
    right = {"iss": ISSUER, "aud": AUDIENCE, "sub": "a", "role": "viewer", "iat": now, "exp": now + 60}
    payload = {name: value for name, value in {**right, **claims}.items() if value is not None}
    headers = {"typ": TYPE, **(header or {})}
    return jwt.encode(payload, secret if algorithm != "none" else None, algorithm, headers=headers)


def test_an_issued_token_names_its_bearer():
    """`verify` accepts a token that `issue` returned."""
    bearer = Tokens(SECRET).verify(Tokens(SECRET).issue("anna", "editor", HOUR))
    assert (bearer.subject, bearer.role) == ("anna", "editor")


def test_a_forged_token_without_changes_is_accepted():
    """The tokens below are refused for their changes alone."""
    assert Tokens(SECRET).verify(forged()).subject == "a"


FORGERIES = {
    "a session that is a number": {"sid": 1},
    "a session that is no id": {"sid": "../../etc"},
    "two grants": {"sid": "0" * 32, "jti": "0" * 32},
    "a token's id with NUL": {"jti": "0" * 31 + "\0"},
    "algorithm none": {"algorithm": "none"},
    "algorithm HS512": {"algorithm": "HS512", "secret": SECRET * 2},
    "another key": {"secret": SECRET[::-1]},
    "no exp": {"exp": None},
    "no iat": {"iat": None},
    "no sub": {"sub": None},
    "no aud": {"aud": None},
    "no iss": {"iss": None},
    "no role": {"role": None},
    "unknown role": {"role": "root"},
    "empty subject": {"sub": ""},
    "a subject longer than an actor": {"sub": "x" * 251},
    "a subject with NUL": {"sub": "a\x00"},
    "a subject with half a surrogate pair": {"sub": "\ud800"},
    "exp in the past": {"exp": 1},
    "exp as a string": {"exp": "99999999999"},
    "exp beyond all time": {"exp": 1e30},
    "exp as a fraction": {"exp": 99999999999.5},
    "iat in the future": {"iat": 99999999998, "exp": 99999999999},
    "nbf in the future": {"nbf": 99999999999},
    "another audience": {"aud": "else"},
    "another issuer": {"iss": "else"},
    "another type": {"header": {"typ": "JWT"}},
    "no type": {"header": {"typ": None}},
    "a critical extension": {"header": {"crit": ["exp"]}},
}


@pytest.mark.parametrize("changes", FORGERIES.values(), ids=FORGERIES.keys())
def test_a_forged_token_is_refused(changes):
    """Another algorithm, a missing or wrong claim, another type and an extension are refused (RFC 8725)."""
    token = forged(**changes)
    with pytest.raises(Unauthorized):
        Tokens(SECRET).verify(token)


@pytest.mark.parametrize(
    "header", [None, "", "Bearer", "Bearer ", "Basic abc", "Bearer a.b.c", "Bearer \u00fc", "x" * 10_000]
)
def test_a_header_without_a_token_is_refused(header):
    """The header must have the scheme Bearer and a token (RFC 6750)."""
    with pytest.raises(Unauthorized):
        Tokens(SECRET).bearer(header)


@pytest.mark.parametrize(("role", "needed"), [("viewer", "editor"), ("editor", "admin")])
def test_a_role_does_not_include_the_higher_one(role, needed):
    """A viewer cannot edit, an editor is not an admin."""
    bearer = Tokens(SECRET).verify(Tokens(SECRET).issue("a", role, HOUR))
    with pytest.raises(Forbidden):
        bearer.require(needed)


@pytest.mark.parametrize(
    ("role", "needed"), [("admin", "viewer"), ("editor", "viewer"), ("editor", "editor")]
)
def test_a_role_includes_the_lower_ones(role, needed):
    """An admin can edit, an editor can read."""
    Tokens(SECRET).verify(Tokens(SECRET).issue("a", role, HOUR)).require(needed)


@pytest.mark.parametrize(
    ("subject", "ttl"),
    [
        ("", HOUR),
        (" ", HOUR),
        ("x" * 251, HOUR),
        ("a\nb", HOUR),
        ("a", timedelta()),
        ("a", timedelta(days=9999)),
    ],
)
def test_a_token_needs_a_subject_and_an_end(subject, ttl):
    """A subject that no audit entry can hold, and a lifetime of zero or beyond ten years, are refused."""
    with pytest.raises(InvalidParameter):
        Tokens(SECRET).issue(subject, "viewer", ttl)
