"""The application for other WSGI servers: `gunicorn shopdb_core.wsgi:application`.

The only module that does something at import, as these servers want it.
"""

import logging
import os
import sys
from contextlib import closing
from multiprocessing.util import Finalize
from pathlib import Path

from shopdb_core.api.webapp import WebApp
from shopdb_core.app import assemble
from shopdb_core.environment import environment, read_settings
from shopdb_core.errors import ShopDBError, Unavailable, in_one_line
from shopdb_core.log import log_at_once
from shopdb_core.plugins.registry import load_plugins
from shopdb_core.schema_check import check_schema
from shopdb_core.served_declarations import remember_served
from shopdb_core.settings import Settings
from shopdb_core.store import Store, open_store
from shopdb_core.store.onuse import StoreOnUse

LOAD_FAILED = 4
"""gunicorn gives up after this exit code of a worker; after most others it starts workers without end."""

_logger = logging.getLogger(__name__)


def make_application() -> WebApp:
    """Return the application of the site in the working directory, with nothing open that a fork could spoil.

    Raises `ConfigurationError` as `create_app` does.
    """
    settings = read_settings(environment(os.environ, Path()))
    plugins = load_plugins(settings.admission)
    with closing(open_store(settings)) as store:
        check_schema(store, plugins)
        broken = remember_served(store, plugins)
    return assemble(settings, plugins, StoreOnUse(lambda: _open_until_exit(settings)), broken)


def _open_until_exit(settings: Settings) -> Store:
    """Open the store; it is closed at the end of the process, of one that multiprocessing started, too.

    Raises `Unavailable`, which clients read: what the driver says of hosts and accounts is for the log.
    """
    try:
        store = open_store(settings)
    except ShopDBError as error:
        _logger.error("%s", in_one_line(error))  # noqa: TRY400  # a sentence, not a fault of the code
        raise Unavailable("The database cannot be opened; the server's log says why.") from error
    Finalize(None, store.close, exitpriority=0)
    return store


log_at_once()
try:
    application = make_application()
except ShopDBError as error:
    sys.stderr.write(f"shopdb: {error}\n")
    sys.exit(LOAD_FAILED)
