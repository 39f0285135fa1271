"""How answers are written: JSON by orjson, times in UTC with a `Z`."""

from functools import partial

import falcon
import orjson
from falcon.media import JSONHandler

from shopdb_core.api.webapp import WebApp

PROBLEM = "application/problem+json"


def json_handler() -> JSONHandler:
    """Return the media handler for JSON answers; SQLAlchemy's names of columns are a subclass of `str`."""
    option = orjson.OPT_UTC_Z | orjson.OPT_NON_STR_KEYS
    return JSONHandler(dumps=partial(orjson.dumps, option=option), loads=orjson.loads)


def install(app: WebApp) -> None:
    """Let `app` write JSON and problem documents."""
    app.resp_options.media_handlers[falcon.MEDIA_JSON] = json_handler()
    app.resp_options.media_handlers[PROBLEM] = json_handler()
