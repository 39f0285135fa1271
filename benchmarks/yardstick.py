"""The no-op that every figure is measured against, on the server that ShopDB runs on.

It parses the same JSON body and answers the same size; it checks, stores and logs nothing.
"""

import os

import falcon
import orjson
from falcon.media import JSONHandler
from harness.payloads import PATH

from shopdb_core.environment import read_settings
from shopdb_core.server import Server


class NoOpResource:
    """Takes a submission and does nothing with it."""

    def on_post(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Parse and answer."""
        submission = orjson.loads(req.bounded_stream.read())
        resp.media = {
            "status": "ok",
            "action": "created",
            "assetid": 12345,
            "identityvalue": submission["hostname"],
            "warnings": [],
        }


def main() -> None:
    """Serve until SIGTERM, on the address and with the threads that ShopDB's own settings name."""
    app = falcon.App()
    app.resp_options.media_handlers[falcon.MEDIA_JSON] = JSONHandler(dumps=orjson.dumps, loads=orjson.loads)
    app.add_route(PATH, NoOpResource())
    server = Server(app, read_settings(os.environ))
    server.stop_on_signals()
    print(f"The no-op listens on {server.url}", flush=True)
    server.run()


if __name__ == "__main__":
    main()
