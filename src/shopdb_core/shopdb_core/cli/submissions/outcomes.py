"""`shopdb refusals` and `shopdb counts`: what was refused, and how many submissions had each outcome."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any, TypeVar

import click

from shopdb_core.cli.common import json_option, site_store
from shopdb_core.cli.output import echo_json, echo_table
from shopdb_core.outcomes.records import list_counts, newest_refusals
from shopdb_core.store.tables import LARGEST_ID
from shopdb_hookspecs import JsonObject

C = TypeVar("C", bound=Callable[..., Any])

REFUSAL_COLUMNS = ("refusalid", "at", "plugin", "source", "status", "error", "identityvalue", "clientaddress")
COUNT_COLUMNS = ("day", "plugin", "source", "outcome", "count")

WEEK = timedelta(days=7)

_DAY = click.DateTime(["%Y-%m-%d"])


def _list_options(command: C) -> C:
    """Add the options that both lists have."""
    for option in (
        json_option,
        click.option("--limit", type=click.IntRange(1, 1000), default=100, show_default=True),
        click.option("--source", help="Only those of the key with this name."),
        click.option("--plugin", help="Only those of this plugin."),
    ):
        command = option(command)
    return command


@click.command("refusals")
@_list_options
@click.option("--status", type=click.IntRange(400, 599), help="Only those with this status.")
def refusals(
    plugin: str | None, source: str | None, status: int | None, limit: int, *, as_json: bool
) -> None:
    """Show the submissions that were refused last: when, by which plugin, from where, and why.

    The newest is the last one. Of a submission nothing is kept but its identity.
    """
    with site_store() as store:
        found = store.read(
            lambda connection: newest_refusals(connection, limit, plugin=plugin, source=source, status=status)
        )
    if as_json:
        echo_json(found)
    else:
        echo_table([{**each, "error": _first_error(each)} for each in found], REFUSAL_COLUMNS, "refusals")


def _first_error(refusal: JsonObject) -> str | None:
    """Return the first error, and how many more there are; `None` if the status is the whole reason."""
    if not refusal["errors"]:
        return None
    first, *others = refusal["errors"]
    return f"{first['pointer'] or '/'} {first['keyword']}{f' (+{len(others)})' if others else ''}"


@click.command("counts")
@_list_options
@click.option("--after", type=click.IntRange(0, LARGEST_ID), default=0, help="Show what follows this id.")
@click.option("--to", "last", type=_DAY, metavar="DAY", help="The last day; default: today.")
@click.option("--from", "first", type=_DAY, metavar="DAY", help="The first day; default: a week ago.")
def counts(
    first: datetime | None,
    last: datetime | None,
    *,
    plugin: str | None,
    source: str | None,
    limit: int,
    after: int,
    as_json: bool,
) -> None:
    """Show how many submissions of each day, in UTC, were created, updated, unchanged and refused."""
    days = {"first": first.date() if first else _week_ago(), "last": last and last.date()}
    with site_store() as store:
        found = store.read(
            lambda connection: list_counts(
                connection, **days, after=after, limit=limit, plugin=plugin, source=source
            )
        )
    if as_json:
        echo_json(found)
    else:
        echo_table(found, COUNT_COLUMNS, "counts")


def _week_ago() -> date:
    return (datetime.now(UTC) - WEEK).date()
