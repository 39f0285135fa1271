"""Which secrets are refused: short ones, examples, too many of one name, one secret for two purposes."""

import re
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

SECRET_MINIMUM_LENGTH = 32
SECRET_LEAST_VARIETY = 8
SECRET_KEY = "SECRET_KEY"  # noqa: S105  # the name of a variable
AUDIT_KEY = "SHOPDB_AUDIT_KEY"
SHARED_KEY = "COLLECTOR_API_KEY"
METRICS_TOKEN = "SHOPDB_METRICS_TOKEN"  # noqa: S105  # the name of a variable
MOST_OF_A_NAME = 2
SOURCE = re.compile("[a-z0-9][a-z0-9_-]{0,39}")
"""The name of a key."""

_EXAMPLE = re.compile("change(me|this|it)|replace(me|this)|your(secret|key|password)|placeholder")
_LETTERS = str.maketrans("4@310$5", "aaeioss")
_ADVICE = "`shopdb init` makes a good one."


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong with the settings: the variable, and a sentence that names it."""

    variable: str
    message: str


def named_key(text: str) -> tuple[str | None, str]:
    """Return the name of a collector key, which is its source, and the key; `None` if it has no name."""
    name, colon, key = text.partition(":")
    return (name, key) if colon and SOURCE.fullmatch(name) else (None, text)


def secret_findings(
    secret_keys: Sequence[str],
    audit_keys: Sequence[str],
    shared_keys: Sequence[str],
    collector_keys: Mapping[str, Sequence[str]],
    metrics_token: str | None = None,
) -> Iterator[Finding]:
    """Yield what is wrong with the secrets of a site; no message has a value."""
    for variable, secrets in ((SECRET_KEY, secret_keys), (AUDIT_KEY, audit_keys)):
        for reason in filter(None, map(weakness, secrets)):
            yield Finding(variable, f"{variable} {reason}")
    signing = {*secret_keys, *audit_keys}
    if metrics_token is not None and (unfit := weakness(metrics_token) or _signs(metrics_token, signing)):
        yield Finding(METRICS_TOKEN, f"{METRICS_TOKEN} {unfit}")
    keys_of = {SHARED_KEY: shared_keys}
    keys_of |= {f"{SHARED_KEY}_{plugin.upper()}": keys for plugin, keys in collector_keys.items()}
    for variable, keys in keys_of.items():
        for reason in _of_keys(keys, signing):
            yield Finding(variable, f"{variable} {reason}")


def _of_keys(keys: Sequence[str], signing: Collection[str]) -> Iterator[str]:
    names = Counter(name for name, _ in map(named_key, keys))
    for name, count in names.items():
        if count > MOST_OF_A_NAME:
            whose = f"of the name {name}" if name else "without a name"
            yield f"holds {count} keys {whose}; it takes two, for rotation."
    for _, key in map(named_key, keys):
        if reason := weakness(key) or _signs(key, signing):
            yield reason
        elif not (key.isascii() and key.isprintable()):
            yield "has a character that an HTTP header cannot carry."


def _signs(secret: str, signing: Collection[str]) -> str | None:
    """Return why a secret is refused that signs the tokens of administrators or the audit, too.

    Whoever submits or reads metrics has it, and could sign as well.
    """
    if secret in signing:
        return f"has the value of {SECRET_KEY} or {AUDIT_KEY}; give it one of its own."
    return None


def weakness(secret: str) -> str | None:
    """Return why a secret is refused: short, few different characters, or printed in the documentation."""
    if len(secret.encode()) < SECRET_MINIMUM_LENGTH:
        return f"is shorter than {SECRET_MINIMUM_LENGTH} characters; {_ADVICE}"
    if is_example(secret) or len(set(secret)) < SECRET_LEAST_VARIETY:
        return f"is an example value; {_ADVICE}"
    return None


def is_example(secret: str) -> bool:
    """Return whether a secret is one of the documentation, in any spelling."""
    return bool(_EXAMPLE.search(re.sub("[^a-z]", "", secret.lower().translate(_LETTERS))))
