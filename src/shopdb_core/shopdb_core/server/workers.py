"""Serve one site with several processes under gunicorn, which reads this module as its configuration.

`serve_by_workers` becomes gunicorn's master. A name at the module's level that is one of gunicorn's settings
sets it, the hooks included: https://docs.gunicorn.org/en/stable/settings.html
"""

import logging
import os
import signal
import sys
import tempfile
import time
from collections import Counter
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NoReturn

from shopdb_core.errors import ConfigurationError
from shopdb_core.operations.metrics import MULTIPROC_DIR
from shopdb_core.server.http import CONNECTION_LIMIT, DRAIN_SECONDS
from shopdb_core.server.listening import announcement, listen_balanced, url
from shopdb_core.server.log import log_at_once
from shopdb_core.server.metrics import new_folder, remove_folder, serving_metrics
from shopdb_core.settings import Settings
from shopdb_core.site import Site
from shopdb_core.store.open import has_one_writer

_AS_JSON = "_SHOPDB_ANNOUNCE_JSON"
"""The variable by which the workers learn of `shopdb serve --json`."""

_LOG = "SHOPDB_LOG"

RETRY_SECONDS = 5.0
"""How long a replacement worker that cannot open the site waits before it exits."""

SHARED_MEMORY = "/dev/shm"  # noqa: S108  # gunicorn unlinks its files there at once

_logger = logging.getLogger(__name__)

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
"""The directory of the heartbeat files; on a disk, a write could block the worker."""
METRICS_PARENT = Path(worker_tmp_dir or tempfile.gettempdir())
"""Where the workers count: in memory, where the system has such a place."""
forwarded_allow_ips = ""
"""Headers of a proxy do not change the address or the path of a request."""


def serve_by_workers(settings: Settings, *, as_json: bool) -> NoReturn:
    """Replace this process by gunicorn's master, which keeps `settings.workers` worker processes running.

    With `as_json` the line that announces the URL is a JSON object.
    Checks first what every worker needs. Raises `ConfigurationError` for an address that cannot be used, a
    missing gunicorn, or a site that cannot be opened, and `Unavailable` if the database does not answer.
    """
    listeners = listen_balanced(settings.listen, settings.workers)
    if find_spec("gunicorn") is None:
        raise ConfigurationError(
            f"SHOPDB_WORKERS={settings.workers} needs gunicorn: run pip install 'shopdb-core[workers]'"
        )
    log_at_once(settings.log)
    _check_site(settings)
    if has_one_writer(settings.database_url):
        _logger.warning(
            "SHOPDB_WORKERS=%d: on SQLite one process stores submissions as fast, since workers write one "
            "at a time; several only let more reads and reports run at once",
            settings.workers,
        )
    for listener in listeners:
        listener.set_inheritable(True)
    arguments = ["--config=python:shopdb_core.server.workers"]
    arguments += [f"--workers={settings.workers}", f"--threads={settings.threads}"]
    arguments += ["--env=SHOPDB_DEBUG=1"] if settings.debug else []
    # The environment, since gunicorn's master does not read the settings, and formats its own lines.
    arguments += [f"--env={_LOG}={settings.log}"]
    arguments += [f"--env={_AS_JSON}=1"] if as_json else []
    arguments += [f"--env={MULTIPROC_DIR}={new_folder(METRICS_PARENT)}"] if _has_metrics(settings) else []
    arguments += [f"--bind=fd://{listener.fileno()}" for listener in listeners]
    os.execv(sys.executable, [sys.executable, "-m", "gunicorn", *arguments])  # noqa: S606  # no shell


def _check_site(settings: Settings) -> None:
    """Open the site and the address of its metrics, as each worker will, and close both again."""
    with Site.open(settings) as site, serving_metrics(site, shared=False):
        pass


def _has_metrics(settings: Settings) -> bool:
    return settings.metrics_token is not None or settings.metrics_listen is not None


def on_starting(server: Any) -> None:
    """Format the master's log lines as the workers' lines."""
    log_at_once("json" if os.environ.get(_LOG) == "json" else "text")
    server.log.error_log.handlers.clear()
    server.log.error_log.propagate = True


def on_reload(server: Any) -> None:
    """Format the log again: gunicorn configures it anew when it reloads."""
    on_starting(server)


def when_ready(server: Any) -> None:
    """Make Ctrl-C drain as SIGTERM does, and write one byte for each worker to a pipe, the last one a `!`."""
    signal.signal(signal.SIGINT, lambda _number, frame: server.signal(signal.SIGTERM, frame))
    server.startup_pipe, end = os.pipe()
    os.write(end, b"." * (server.num_workers - 1) + b"!")
    os.close(end)


def pre_fork(server: Any, worker: Any) -> None:
    """Assign the listening socket that the fewest workers use: that of a dead worker, if there is one."""
    taken = Counter(each.slot for each in server.WORKERS.values())
    worker.slot = min(range(len(server.LISTENERS)), key=lambda slot: taken[slot])


def post_fork(server: Any, worker: Any) -> None:
    """Leave the worker only its own socket: the system balances connections among sockets."""
    worker.sockets = [server.LISTENERS[worker.slot]]
    worker.startup_pipe = server.startup_pipe


def post_worker_init(worker: Any) -> None:
    """Print the URL when all of the first workers are ready; a replacement worker finds the pipe empty."""
    # Ctrl-C reaches every process of a terminal; the master passes it on, as SIGTERM.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if os.read(worker.startup_pipe, 1) == b"!" and worker.alive:
        line = announcement(url(worker.sockets[0]), worker.ppid, as_json=_AS_JSON in os.environ)
        sys.stdout.write(f"{line}\n")
        sys.stdout.flush()


def worker_exit(server: Any, worker: Any) -> None:
    """Make gunicorn replace a replacement worker that cannot open the site, after a pause.

    Otherwise gunicorn would end all workers, including those that serve.
    """
    is_replacement = worker.age > server.num_workers and worker.pid == os.getpid()
    if is_replacement and worker.alive and not worker.booted:
        time.sleep(RETRY_SECONDS)
        sys.exit(1)


def child_exit(_server: Any, worker: Any) -> None:
    """Forget what waited in a worker that has ended; what it counted stays."""
    if MULTIPROC_DIR in os.environ:
        from prometheus_client.multiprocess import mark_process_dead  # noqa: PLC0415  # an extra

        mark_process_dead(worker.pid)  # type: ignore[no-untyped-call]  # not annotated


def on_exit(_server: Any) -> None:
    """Remove the folder of the counters."""
    remove_folder(Path(os.environ.get(MULTIPROC_DIR, "")))
