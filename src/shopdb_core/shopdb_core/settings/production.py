"""What a site in production must not have: what `Settings` accepts, and is safe on one machine alone."""

import os
import stat
from collections import Counter
from collections.abc import Iterator, Mapping
from itertools import pairwise
from math import log2
from pathlib import Path

from shopdb_core.settings.environment import secret_files
from shopdb_core.settings.records import Settings
from shopdb_core.settings.secrets import (
    AUDIT_KEY,
    METRICS_TOKEN,
    SECRET_KEY,
    SHARED_KEY,
    Finding,
    is_example,
    named_key,
)
from shopdb_core.settings.setting import passwords_in
from shopdb_core.settings.values import is_loopback

LEAST_BITS = 73.5
"""Of a secret, as the entropy of its characters; one in a million of 22 random characters has less."""

MOST_STEPS = 0.5
"""The share of characters that may follow their neighbour in the alphabet, as in `abcdef` and `111111`."""


def unsafe_settings(settings: Settings, environ: Mapping[str, str]) -> Iterator[Finding]:
    """Yield what is not safe in production; no message has a secret."""
    for variable, secrets in _secrets(settings):
        if any(map(is_guessable, secrets)):
            yield Finding(variable, f"{variable} can be guessed; `shopdb init` makes a good one.")
    if any(map(is_example, passwords_in(settings.database_url))):
        yield Finding(
            "SHOPDB_DATABASE_URL",
            "SHOPDB_DATABASE_URL has the password of an example; give its user another.",
        )
    for variable, path in secret_files(environ):
        if is_readable_by_all(path):
            yield Finding(
                variable,
                f"{variable} names {path}, which every user of this machine can read; run `chmod o= {path}`.",
            )
    if not is_loopback(settings.listen[0]) and not settings.trusted_proxies:
        yield Finding(
            "SHOPDB_LISTEN",
            "SHOPDB_LISTEN is not a loopback address, and keys would cross the network without TLS; put a "
            "proxy with TLS before it and name it in SHOPDB_TRUSTED_PROXIES, listen on 127.0.0.1, or set "
            "SHOPDB_ENV=development for a trial.",
        )


def _secrets(settings: Settings) -> Iterator[tuple[str, list[str]]]:
    yield SECRET_KEY, [*settings.secret_keys]
    yield AUDIT_KEY, [*settings.audit_keys]
    yield METRICS_TOKEN, [settings.metrics_token] if settings.metrics_token else []
    yield SHARED_KEY, [key for _, key in map(named_key, settings.shared_keys)]
    for plugin, keys in settings.collector_keys.items():
        yield f"{SHARED_KEY}_{plugin.upper()}", [key for _, key in map(named_key, keys)]


def is_guessable(secret: str) -> bool:
    """Return whether a secret repeats a part, follows the alphabet, or has characters of little variety."""
    half = len(secret) // 2
    repeats = any(secret[period:] == secret[:-period] for period in range(1, half + 1))
    steps = sum(abs(ord(one) - ord(other)) <= 1 for one, other in pairwise(secret))
    return repeats or steps > MOST_STEPS * len(secret) or _bits(secret) < LEAST_BITS


def _bits(secret: str) -> float:
    return sum(count * log2(len(secret) / count) for count in Counter(secret).values())


def is_readable_by_all(path: str) -> bool:
    """Return whether every user of this machine can read a file."""
    return os.name == "posix" and bool(Path(path).stat().st_mode & stat.S_IROTH)
