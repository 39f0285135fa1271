"""`shopdb report`: run a plugin's report on this site's database."""

from collections.abc import Sequence

import click

from shopdb_core.cli.common import echo_json, echo_table, json_option, site_settings
from shopdb_core.errors import InvalidParameter
from shopdb_core.site import Site
from shopdb_hookspecs import Report


@click.command("report")
@click.argument("plugin")
@click.argument("name")
@click.argument("parameters", nargs=-1, metavar="[PARAMETER=VALUE]...")
@click.option("--limit", type=click.IntRange(1), help="Show no more rows than this.")
@json_option
def report(plugin: str, name: str, parameters: Sequence[str], limit: int | None, *, as_json: bool) -> None:
    """Run the report NAME of PLUGIN."""
    with Site.open(site_settings(), record_served=False) as site:
        report = site.reports.get(plugin, name)
        rows = site.reports.rows(plugin, report, _given(parameters, report), count=limit)
    items = [dict(zip(report.columns, row, strict=True)) for row in rows]
    if as_json:
        echo_json(items)
    else:
        echo_table(items, report.columns)


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
