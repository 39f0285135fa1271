"""JSON in one canonical form: sorted keys, no white space, UTF-8."""

import orjson

from shopdb_hookspecs import Json


def canonical(value: Json) -> bytes:
    """Return the canonical bytes; raises `TypeError` for what JSON or 64 bits cannot hold."""
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)


def canonical_text(value: Json) -> str:
    """Return the canonical form as text, as it is stored."""
    return canonical(value).decode()
