"""`shopdb token create`: a token and nothing else."""

import json
from collections.abc import Callable
from datetime import datetime
from subprocess import CompletedProcess
from typing import Any

import jwt
import pytest

Site = Any
Refused = Callable[[CompletedProcess[str]], str]


def test_it_prints_the_token_and_nothing_else(site: Site) -> None:
    """What a script takes from standard output is the token."""
    done = site.run("token", "create", "--subject", "dashboard", "--role", "editor", "--ttl", "90d")

    assert (done.returncode, done.stderr) == (0, "")
    (token,) = done.stdout.splitlines()
    claims = jwt.decode(token, options={"verify_signature": False})
    assert (claims["sub"], claims["role"], claims["exp"] - claims["iat"]) == (
        "dashboard",
        "editor",
        90 * 86400,
    )


def test_as_json_it_says_until_when(site: Site) -> None:
    """One object with the token, what it is for, and the time in UTC."""
    printed = json.loads(site.run("token", "create", "--subject", "dashboard", "--json").stdout)

    claims = jwt.decode(printed.pop("token"), options={"verify_signature": False})
    expiresat = datetime.fromisoformat(printed.pop("expiresat"))
    assert abs(expiresat.timestamp() - claims["exp"]) <= 1
    assert printed == {"tokenid": 1, "subject": "dashboard", "role": "viewer"}


def test_by_default_it_is_weak_and_short_lived(site: Site) -> None:
    """A viewer's, for an hour."""
    token = site.run("token", "create", "--subject", "dashboard").stdout.strip()

    claims = jwt.decode(token, options={"verify_signature": False})
    assert (claims["role"], claims["exp"] - claims["iat"]) == ("viewer", 3600)


@pytest.mark.parametrize(
    "arguments", [["--subject", "  "], ["--subject", "me", "--ttl", "99999d"], ["--subject", "x" * 300]]
)
def test_a_token_that_must_not_be_is_refused(site: Site, refused: Refused, arguments: list[str]) -> None:
    """Nameless, or for longer than ten years."""
    line = refused(site.run("token", "create", *arguments))

    assert line == (
        "A token needs a subject of up to 250 printable characters, and a time to live of up to ten years."
    )
