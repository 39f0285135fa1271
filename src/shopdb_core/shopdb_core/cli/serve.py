"""`shopdb serve`: the API on waitress, in one process or in several."""

from dataclasses import replace

import click

from shopdb_core.cli.site import site_settings
from shopdb_core.listening import listen
from shopdb_core.supervisor import Supervisor
from shopdb_core.worker import serve


@click.command("serve")
@click.option(
    "--workers", type=click.IntRange(min=1), metavar="N", help="Processes that serve; default SHOPDB_WORKERS."
)
def command(workers: int | None) -> None:
    """Serve the API until SIGTERM or Ctrl-C; requests in flight are answered first."""
    settings = site_settings()
    settings = replace(settings, workers=workers or settings.workers)
    if settings.workers > 1:
        Supervisor(settings).run(_announce)
    else:
        serve(settings, lambda: listen(settings.listen), lambda server: _announce(server.url))


def _announce(where: str) -> None:
    click.echo(f"ShopDB listens on {where}")
