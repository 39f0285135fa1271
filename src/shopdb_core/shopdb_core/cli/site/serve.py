"""`shopdb serve`: the server, until a signal ends it."""

import os
from dataclasses import replace

import click

from shopdb_core.cli.common import json_option, site_environment, site_settings
from shopdb_core.cli.output import echo
from shopdb_core.operations.health.configuration import check_production
from shopdb_core.server.background.housekeeping import background_work
from shopdb_core.server.http import Server
from shopdb_core.server.listening import announcement, listen
from shopdb_core.server.log import log_details, log_to_stderr
from shopdb_core.server.metrics import serving_metrics
from shopdb_core.server.workers import serve_by_workers
from shopdb_core.settings import Settings
from shopdb_core.settings.values import MOST_PARALLEL
from shopdb_core.site import Site


@click.command("serve")
@click.option(
    "--workers",
    type=click.IntRange(1, MOST_PARALLEL),
    metavar="N",
    help="Processes that serve; default SHOPDB_WORKERS.",
)
@click.option(
    "--debug", is_flag=True, help="Log what the database says about a plugin's failure; not for users."
)
@json_option
def serve(workers: int | None, *, debug: bool, as_json: bool) -> None:
    """Serve the API and the console until SIGTERM or Ctrl-C; requests in flight are answered first.

    With --json the line that announces the URL is a JSON object.
    """
    settings = site_settings()
    settings = replace(settings, workers=workers or settings.workers, debug=debug or settings.debug)
    check_production(settings, site_environment())
    if settings.workers > 1:
        serve_by_workers(settings, as_json=as_json)
    _serve(settings, as_json=as_json)


def _serve(settings: Settings, *, as_json: bool) -> None:
    log = log_to_stderr(settings.log)
    if settings.debug:
        log_details()
    with Site.open(settings) as site, background_work(site), serving_metrics(site, shared=False) as metrics:
        server = Server(site, listen(settings.listen), log.flush, metrics)
        server.stop_on_signals()
        echo(announcement(server.url, os.getpid(), as_json=as_json))
        server.run()
