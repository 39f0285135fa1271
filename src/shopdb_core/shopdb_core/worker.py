"""One process that serves the site: alone, or as one of several under a supervisor."""

import multiprocessing
import socket
import sys
from collections.abc import Callable
from contextlib import suppress
from multiprocessing.connection import Connection
from threading import Thread

from shopdb_core.app import create_app
from shopdb_core.errors import ShopDBError
from shopdb_core.housekeeping import Housekeeping
from shopdb_core.log import LINE, LINE_OF_ONE_AMONG_MANY, log_to_stderr
from shopdb_core.server import Server
from shopdb_core.settings import Settings
from shopdb_core.site import Site

Bind = Callable[[], socket.socket]


def serve(settings: Settings, bind: Bind, ready: Callable[[Server], None], line: str = LINE) -> None:
    """Serve until SIGTERM or Ctrl-C; `ready` is called when requests are accepted.

    Raises `ConfigurationError` where the site cannot be served.
    """
    log = log_to_stderr(line)
    with Site.open(settings) as site, Housekeeping(site.store, settings, site.chain):
        server = Server(create_app(site), settings, bind(), log.flush)
        server.stop_on_signals()
        ready(server)
        server.run()


def work(settings: Settings, listener: socket.socket, report: Connection) -> None:
    """Serve as a worker, until SIGTERM or the supervisor's end.

    Reports `None` when requests are accepted, or the sentence that says why they cannot be.
    """

    def ready(server: Server) -> None:
        Thread(target=_stop_with_supervisor, args=[server], name="shopdb-lifeline", daemon=True).start()
        with suppress(BrokenPipeError):
            report.send(None)

    try:
        serve(settings, lambda: listener, ready, LINE_OF_ONE_AMONG_MANY)
    except ShopDBError as error:
        report.send(str(error))
        sys.exit(1)


def _stop_with_supervisor(server: Server) -> None:
    """Wait for a pipe that only the supervisor holds open: it closes however the supervisor ends."""
    supervisor = multiprocessing.parent_process()
    assert supervisor is not None
    supervisor.join()
    server.stop()
