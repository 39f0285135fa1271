"""`shopdb serve`: the API on waitress in one process, or on gunicorn in several."""

from dataclasses import replace

import click

from shopdb_core.app import create_app
from shopdb_core.cli.site import site_settings
from shopdb_core.housekeeping import Housekeeping
from shopdb_core.listening import listen
from shopdb_core.log import log_to_stderr
from shopdb_core.server import Server
from shopdb_core.settings import Settings
from shopdb_core.site import Site
from shopdb_core.workers import serve_by_workers


@click.command("serve")
@click.option(
    "--workers", type=click.IntRange(min=1), metavar="N", help="Processes that serve; default SHOPDB_WORKERS."
)
def command(workers: int | None) -> None:
    """Serve the API until SIGTERM or Ctrl-C; requests in flight are answered first."""
    settings = site_settings()
    settings = replace(settings, workers=workers or settings.workers)
    if settings.workers > 1:
        serve_by_workers(settings)
    _serve(settings)


def _serve(settings: Settings) -> None:
    log = log_to_stderr()
    with Site.open(settings) as site, Housekeeping(site):
        server = Server(create_app(site), settings, listen(settings.listen), log.flush)
        server.stop_on_signals()
        click.echo(f"ShopDB listens on {server.url}")
        server.run()
