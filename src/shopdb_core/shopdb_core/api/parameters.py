"""Query parameters and headers, read strictly: what a client misspells it should learn."""

import falcon

from shopdb_core.errors import InvalidParameter
from shopdb_hookspecs import JsonObject

DEFAULT_LIMIT = 100
LARGEST_LIMIT = 1000
LARGEST_ID = 2**63 - 1


def page_of(req: falcon.Request) -> tuple[int, int]:
    """Return `after` and `limit`, the window of a list."""
    after = whole_number(req, "after", 0, smallest=0, largest=LARGEST_ID)
    return after, whole_number(req, "limit", DEFAULT_LIMIT, smallest=1, largest=LARGEST_LIMIT)


def page(items: list[JsonObject], limit: int, cursor: str) -> JsonObject:
    """Return the envelope of a list; `next` is the `after` of the following page, `None` on the last."""
    return {"items": items[:limit], "next": items[limit - 1][cursor] if len(items) > limit else None}


def whole_number(req: falcon.Request, name: str, default: int, *, smallest: int, largest: int) -> int:
    """Return a whole number from the query; raises `InvalidParameter`."""
    value = req.get_param(name)
    if value is None:
        return default
    if not (value.isascii() and value.isdigit() and smallest <= int(value) <= largest):
        raise InvalidParameter(f"{name} is a whole number from {smallest} to {largest}.")
    return int(value)


def flag(req: falcon.Request, name: str) -> bool:
    """Return whether a parameter says `true`; raises `InvalidParameter` for what is no boolean."""
    value = req.get_param(name)
    if value not in (None, "true", "false"):
        raise InvalidParameter(f"{name} is true or false.")
    return value == "true"


def only(req: falcon.Request, *names: str) -> None:
    """Raise `InvalidParameter` for a parameter that this address does not know, or that stands twice."""
    for name, value in req.params.items():
        if name not in names:
            raise InvalidParameter(f"There is no parameter {name[:40]!r} here; known are {', '.join(names)}.")
        if isinstance(value, list):
            raise InvalidParameter(f"{name} stands more than once.")
