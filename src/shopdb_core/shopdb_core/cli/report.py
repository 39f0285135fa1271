"""`shopdb report`: run a plugin's report on this site's database."""

from collections.abc import Sequence

import click

from shopdb_core.cli.common import json_option, site_settings
from shopdb_core.cli.output import echo_json, echo_table
from shopdb_core.errors import InvalidParameter, PluginFailure, Unavailable
from shopdb_core.site import Site
from shopdb_core.store.dialect import driver_sentence
from shopdb_hookspecs import Json, JsonObject, Report

LISTED = ("plugin", "name", "title", "parameters")


@click.command("report")
@click.argument("plugin", required=False)
@click.argument("name", required=False)
@click.argument("parameters", nargs=-1, metavar="[PARAMETER=VALUE]...")
@click.option("--limit", type=click.IntRange(1), help="Show no more rows than this.")
@json_option
def report(
    plugin: str | None, name: str | None, parameters: Sequence[str], limit: int | None, *, as_json: bool
) -> None:
    """Run the report NAME of PLUGIN; without NAME, list the reports."""
    with Site.open(site_settings(), record_served=False) as site:
        if plugin is None or name is None:
            columns: Sequence[str] = LISTED
            items = [_listed(*each) for each in site.reports.all() if plugin in (None, each[0])]
        else:
            found = site.reports.get(plugin, name)
            columns = found.columns
            rows = _rows(site, plugin, found, _given(parameters, found), limit)
            items = [dict(zip(columns, row, strict=True)) for row in rows]
    if as_json:
        echo_json(items)
    else:
        echo_table(items, columns, "rows" if name else "reports")


def _listed(plugin: str, report: Report) -> JsonObject:
    parameters = " ".join(
        f"{each.name}={each.type}" if each.required else f"[{each.name}={each.type}]"
        for each in report.parameters
    )
    return {"plugin": plugin, "name": report.name, "title": report.title, "parameters": parameters or None}


def _rows(
    site: Site, plugin: str, report: Report, given: dict[str, str], limit: int | None
) -> list[Sequence[Json]]:
    """Run the report; a failure gets a note with the exception's own sentence, which no client gets."""
    try:
        return site.reports.rows(plugin, report, given, count=limit)
    except PluginFailure as failure:
        loaded = site.plugins.get(plugin)
        if loaded is not None and failure.__cause__ is not None:
            failure.add_note(loaded.candidate.explain(failure).removeprefix(f"{failure.what}: "))
        raise
    except Unavailable as error:
        if sentence := driver_sentence(error):
            error.add_note(sentence)
        raise


def _given(parameters: Sequence[str], report: Report) -> dict[str, str]:
    given = dict(map(_parameter, parameters))
    known = [parameter.name for parameter in report.parameters]
    for name in given:
        if name not in known:
            choice = f"it has {', '.join(known)}" if known else "it has none"
            raise InvalidParameter(f"The report {report.name} has no parameter {name[:40]!r}; {choice}.")
    return given


def _parameter(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals:
        raise InvalidParameter(f"{text[:40]!r} is not PARAMETER=VALUE, such as name=7-Zip.")
    return name, value
