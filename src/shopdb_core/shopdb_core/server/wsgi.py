"""The application for other WSGI servers: `gunicorn shopdb_core.server.wsgi:application`.

The only module that does something at import, since these servers expect it.
"""

import os
import signal
import sys
import threading
from collections.abc import Iterable
from contextlib import ExitStack
from multiprocessing.util import Finalize
from pathlib import Path
from types import FrameType
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from shopdb_core.app import create_app
from shopdb_core.errors import ShopDBError, in_one_line
from shopdb_core.feed.waiting import Feed
from shopdb_core.operations.health.configuration import check_production
from shopdb_core.server.background.housekeeping import background_work
from shopdb_core.server.log import log_at_once, log_details
from shopdb_core.server.metrics import serving_metrics
from shopdb_core.settings import check_dotenv, read_settings, with_dotenv
from shopdb_core.site import Site
from shopdb_core.web.request import WebApp

LOAD_FAILED = 4
"""gunicorn gives up after this exit code of a worker; after most others it starts workers without end."""


def make_application() -> WSGIApplication:
    """Open the site in the working directory until the process ends, and return its application.

    The process may be one that multiprocessing started, which skips `atexit`. Raises what `Site.open` and
    `check_production` raise.
    """
    check_dotenv(Path())
    environ = with_dotenv(os.environ, Path())
    settings = read_settings(environ)
    log_at_once(settings.log)
    check_production(settings, environ)
    if settings.debug:
        log_details()
    running = ExitStack()
    site = running.enter_context(Site.open(settings))
    running.enter_context(background_work(site))
    metrics = running.enter_context(serving_metrics(site, shared=True))
    _release_on_sigterm(site.feed)
    Finalize(None, running.close, exitpriority=0)
    return _refuse_forks(create_app(site, metrics))


def _release_on_sigterm(feed: Feed) -> None:
    """Let requests that wait for changes end at once when the server stops the process, as gunicorn does."""
    stop = signal.getsignal(signal.SIGTERM)
    if not callable(stop) or threading.current_thread() is not threading.main_thread():
        return

    def release(number: int, frame: FrameType | None) -> None:
        feed.release()
        stop(number, frame)

    signal.signal(signal.SIGTERM, release)


def _refuse_forks(app: WebApp) -> WSGIApplication:
    """Refuse requests in a forked process, which copies the database's connections but not the threads."""
    pid = os.getpid()

    def application(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if os.getpid() != pid:
            raise RuntimeError("ShopDB was loaded before a fork: let each worker load it (no --preload).")
        return app(environ, start_response)

    return application


try:
    application = make_application()
except ShopDBError as error:
    sys.stderr.write(f"shopdb: {in_one_line(error)}\n")
    sys.exit(LOAD_FAILED)
