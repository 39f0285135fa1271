"""How answers are written: JSON by orjson, times in UTC with a `Z`."""

from functools import partial

import falcon
import orjson
from falcon.media import JSONHandler

from shopdb_core.api.webapp import WebApp
from shopdb_hookspecs import Json

PROBLEM = "application/problem+json"


_OPTIONS = orjson.OPT_UTC_Z | orjson.OPT_NON_STR_KEYS
"""SQLAlchemy's names of columns are a subclass of `str`."""


def json_handler() -> JSONHandler:
    """Return the media handler for JSON answers."""
    return JSONHandler(dumps=partial(orjson.dumps, option=_OPTIONS), loads=orjson.loads)


def json_line(answer: Json) -> bytes:
    """Return one line of an NDJSON answer."""
    return orjson.dumps(answer, option=_OPTIONS | orjson.OPT_APPEND_NEWLINE)


def install(app: WebApp) -> None:
    """Let `app` write JSON and problem documents."""
    app.resp_options.media_handlers[falcon.MEDIA_JSON] = json_handler()
    app.resp_options.media_handlers[PROBLEM] = json_handler()
