"""`shopdb serve`: the API on waitress."""

import logging
from logging.handlers import MemoryHandler

import click

from shopdb_core.app import assemble
from shopdb_core.cli.site import site_settings
from shopdb_core.plugins.registry import load_plugins
from shopdb_core.schema_check import check_schema
from shopdb_core.server import Server
from shopdb_core.store import open_store

BUFFERED_LINES = 1000


@click.command("serve")
def command() -> None:
    """Serve the API until SIGTERM or Ctrl-C; requests in flight are answered first."""
    log = _log_to_stderr()
    logging.getLogger("alembic").setLevel(logging.WARNING)
    settings = site_settings()
    plugins = load_plugins(settings.admission)
    store = open_store(settings)
    try:
        check_schema(store, plugins)
        server = Server(assemble(settings, plugins, store), settings, log.flush)
        server.stop_on_signals()
        click.echo(f"ShopDB listens on {server.url}")
        server.run()
    finally:
        store.close()


def _log_to_stderr() -> MemoryHandler:
    """Collect a few lines before each write, since a write a request costs a tenth of the throughput.

    A warning is written at once, with all that came before it.
    """
    stream = logging.StreamHandler()
    stream.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s %(message)s"))
    handler = MemoryHandler(BUFFERED_LINES, logging.WARNING, stream)
    logging.basicConfig(level=logging.INFO, handlers=[handler])
    return handler
