"""Several processes that serve one site, under gunicorn, which reads this module as its configuration.

`serve_by_workers` becomes gunicorn's master. A name at the module's level that is one of gunicorn's settings
sets it, the hooks included: https://docs.gunicorn.org/en/stable/settings.html
"""

import os
import signal
import sys
import time
from collections import Counter
from importlib.util import find_spec
from typing import Any, NoReturn

from shopdb_core.errors import ConfigurationError
from shopdb_core.server.http import CONNECTION_LIMIT, DRAIN_SECONDS
from shopdb_core.server.listening import listen_balanced, url
from shopdb_core.server.log import log_at_once
from shopdb_core.settings import Settings
from shopdb_core.site import Site

RETRY_SECONDS = 5.0
"""How long the successor of a dead worker waits before it ends, where it cannot open the site."""

SHARED_MEMORY = "/dev/shm"  # noqa: S108  # gunicorn's own files there have no name

wsgi_app = "shopdb_core.server.wsgi:application"
proc_name = "shopdb"
worker_class = "gthread"
worker_connections = CONNECTION_LIMIT
graceful_timeout = int(DRAIN_SECONDS)
keepalive = 120
"""Seconds, as waitress: a proxy that keeps connections open should be the one that closes them."""
limit_request_line = 8190
loglevel = "warning"
control_socket_disable = True
worker_tmp_dir = SHARED_MEMORY if os.access(SHARED_MEMORY, os.W_OK) else None
"""Where each worker shows that it lives; a disk could keep it waiting."""
forwarded_allow_ips = ""
"""No header of a proxy changes the address or the path of a request."""


def serve_by_workers(settings: Settings) -> NoReturn:
    """Replace this process by gunicorn's master, which keeps `settings.workers` processes serving.

    Raises what would keep each of them from starting: `ConfigurationError` for an address, a missing
    gunicorn, or a site that cannot be served, and `Unavailable` where the database does not answer.
    """
    listeners = listen_balanced(settings.listen, settings.workers)
    if find_spec("gunicorn") is None:
        raise ConfigurationError(
            f"SHOPDB_WORKERS={settings.workers} needs gunicorn: run pip install 'shopdb-core[workers]'"
        )
    log_at_once()
    Site.open(settings).close()
    for listener in listeners:
        listener.set_inheritable(True)
    arguments = ["--config=python:shopdb_core.server.workers"]
    arguments += [f"--workers={settings.workers}", f"--threads={settings.threads}"]
    arguments += [f"--bind=fd://{listener.fileno()}" for listener in listeners]
    os.execv(sys.executable, [sys.executable, "-m", "gunicorn", *arguments])  # noqa: S606  # no shell


def on_starting(server: Any) -> None:
    """Write the master's lines to the log in the form of the workers' lines."""
    log_at_once()
    server.log.error_log.handlers.clear()
    server.log.error_log.propagate = True


def on_reload(server: Any) -> None:
    """Do so again: gunicorn sets up its log anew when it reloads."""
    on_starting(server)


def when_ready(server: Any) -> None:
    """Let Ctrl-C drain as SIGTERM does, and lay out one byte for each worker; the last one is a `!`."""
    signal.signal(signal.SIGINT, lambda _number, frame: server.signal(signal.SIGTERM, frame))
    server.start, start = os.pipe()
    os.write(start, b"." * (server.num_workers - 1) + b"!")
    os.close(start)


def pre_fork(server: Any, worker: Any) -> None:
    """Choose the listening socket that the fewest workers have: that of a dead worker, if there is one."""
    taken = Counter(each.slot for each in server.WORKERS.values())
    worker.slot = min(range(len(server.LISTENERS)), key=lambda slot: taken[slot])


def post_fork(server: Any, worker: Any) -> None:
    """Give the worker its socket alone: the system spreads connections evenly among sockets."""
    worker.sockets = [server.LISTENERS[worker.slot]]
    worker.start = server.start


def post_worker_init(worker: Any) -> None:
    """Print the URL when the last of the first workers is ready; one that replaces another finds no byte."""
    # Ctrl-C reaches every process of a terminal; the master passes it on, as SIGTERM.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if os.read(worker.start, 1) == b"!" and worker.alive:
        sys.stdout.write(f"ShopDB listens on {url(worker.sockets[0])}\n")
        sys.stdout.flush()


def worker_exit(server: Any, worker: Any) -> None:
    """Let a successor that cannot open the site be followed by another one, after a pause.

    gunicorn would end all workers, those included that serve.
    """
    is_successor = worker.age > server.num_workers and worker.pid == os.getpid()
    if is_successor and worker.alive and not worker.booted:
        time.sleep(RETRY_SECONDS)
        sys.exit(1)
