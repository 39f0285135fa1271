"""`shopdb serve`: the API on waitress."""

import logging

import click

from shopdb_core.app import assemble
from shopdb_core.cli.site import site_settings
from shopdb_core.plugins.registry import load_plugins
from shopdb_core.schema_check import check_schema
from shopdb_core.server import Server
from shopdb_core.store import open_store


@click.command("serve")
def command() -> None:
    """Serve the API until SIGTERM or Ctrl-C; requests in flight are answered first."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    logging.getLogger("alembic").setLevel(logging.WARNING)
    settings = site_settings()
    plugins = load_plugins(settings.admission)
    store = open_store(settings)
    try:
        check_schema(store, plugins)
        server = Server(assemble(settings, plugins, store), settings)
        server.stop_on_signals()
        click.echo(f"ShopDB listens on {server.url}")
        server.run()
    finally:
        store.close()
