"""The no-op that every figure is compared with: a Falcon resource on waitress with its defaults.

It parses the same JSON body and returns an answer of the same size. It does not check, store or log anything.
"""

import logging
import os

import falcon
import orjson
import waitress
from falcon.media import JSONHandler
from harness.payloads import PATH

from shopdb_core.server.http import CONNECTION_LIMIT
from shopdb_core.settings import read_settings


class NoOpResource:
    """Accepts a submission and discards it."""

    def on_post(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Parse the body, and answer."""
        submission = orjson.loads(req.bounded_stream.read())
        resp.media = {
            "status": "ok",
            "action": "created",
            "assetid": 12345,
            "identityvalue": submission["hostname"],
            "warnings": [],
        }


def main() -> None:
    """Serve on the address, and with the threads, that ShopDB's own settings name."""
    settings = read_settings(os.environ)
    # Warnings of requests that wait for a thread would slow it down; ShopDB disables them, too.
    logging.getLogger("waitress.queue").setLevel(logging.ERROR)
    host, port = settings.listen
    server = waitress.create_server(
        make_app(), host=host, port=port, threads=settings.threads, connection_limit=CONNECTION_LIMIT
    )
    print(f"The no-op listens on http://{host}:{server.effective_port}", flush=True)
    server.run()


def make_app() -> "falcon.App[falcon.Request, falcon.Response]":
    """Return the application: one route."""
    app = falcon.App()
    app.resp_options.media_handlers[falcon.MEDIA_JSON] = JSONHandler(dumps=orjson.dumps, loads=orjson.loads)
    app.add_route(PATH, NoOpResource())
    return app


if __name__ == "__main__":
    main()
