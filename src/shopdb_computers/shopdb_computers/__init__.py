"""The ShopDB plugin for computers: a module with one function for each hook."""

from collections.abc import Sequence
from pathlib import Path

from sqlalchemy import Connection

from shopdb_computers.declaration import DECLARATION
from shopdb_computers.examples import EXAMPLES
from shopdb_computers.normalization import normalized
from shopdb_computers.programs.installations import remove_programs, store_programs
from shopdb_computers.reports import REPORTS
from shopdb_hookspecs import AssetWrite, JsonObject, Report, hookimpl


@hookimpl
def get_collector_schema() -> JsonObject:
    """Return the declaration of a computer's fields."""
    return DECLARATION


@hookimpl
def get_example_submissions() -> Sequence[JsonObject]:
    """Return an imaged Windows PC, a Linux machine and a partial submission."""
    return EXAMPLES


@hookimpl
def normalize_submission(submission: JsonObject) -> JsonObject:
    """Return host name, MAC address and software list in canonical form."""
    return normalized(submission)


@hookimpl
def get_migrations() -> Path:
    """Return the directory of this plugin's Alembic versions."""
    return Path(__file__).parent / "migrations"


@hookimpl
def store_asset(connection: Connection, assetid: int, before: JsonObject | None, after: JsonObject) -> None:
    """Update the tables for one computer; a site's wrapper of this hook sees each."""
    store_programs(connection, [AssetWrite(assetid, before, after)])


@hookimpl
def store_assets(connection: Connection, writes: Sequence[AssetWrite]) -> None:
    """Update `computers_software`, `computers_inventory` and `computers_count`."""
    store_programs(connection, writes)


@hookimpl
def remove_asset(connection: Connection, assetid: int) -> None:
    """Delete the inventory of one computer, and keep the counts right."""
    remove_programs(connection, assetid)


@hookimpl
def get_reports() -> Sequence[Report]:
    """Return the reports about software, and `stale`."""
    return REPORTS
