"""How names and places of a submission appear in sentences: short, printable, safe to encode."""

from typing import TypeAlias

from shopdb_core.plugins.pointers import step

Path: TypeAlias = tuple[str | int, ...]
"""The member names and item numbers that lead from a document to one of its values."""

LONGEST = 80


def shown(text: str) -> str:
    """Give at most 80 characters of a text, with what cannot be printed written as escapes."""
    start = text[:LONGEST]
    printable = start if start.isprintable() else repr(start)[1:-1]
    if len(text) <= LONGEST and len(printable) <= LONGEST:
        return printable
    return printable[: LONGEST - 1] + "…"


def pointer(path: Path) -> str:
    """Give the JSON pointer (RFC 6901) to a place; a name that cannot be shown whole is shortened."""
    return "".join(step(shown(str(token))) for token in path)
