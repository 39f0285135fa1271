"""The ShopDB plugin network: this module is the plugin, each function a hook."""

from collections.abc import Sequence
from pathlib import Path

from shopdb_hookspecs import AssetWrite, JsonObject, Report, hookimpl
from sqlalchemy import Connection

from shopdb_network.declaration import DECLARATION
from shopdb_network.examples import EXAMPLES
from shopdb_network.normalization import normalized
from shopdb_network.reports import REPORTS
from shopdb_network.storage import remove_device, store_devices


@hookimpl
def get_collector_schema() -> JsonObject:
    """Declare the fields of a submission."""
    return DECLARATION


@hookimpl
def get_example_submissions() -> Sequence[JsonObject]:
    """Return valid submissions, which pipeline authors copy."""
    return EXAMPLES


@hookimpl
def normalize_submission(submission: JsonObject) -> JsonObject:
    """Bring a submission into canonical form, before it is validated."""
    return normalized(submission)


@hookimpl
def get_migrations() -> Path:
    """Return the directory of this plugin's Alembic versions."""
    return Path(__file__).parent / "migrations"


@hookimpl
def store_assets(connection: Connection, writes: Sequence[AssetWrite]) -> None:
    """Write the plugin's tables in the transaction of the submissions."""
    store_devices(connection, writes)


@hookimpl
def remove_asset(connection: Connection, assetid: int) -> None:
    """Delete the rows of one asset, which was retired, merged or erased."""
    remove_device(connection, assetid)


@hookimpl
def get_reports() -> Sequence[Report]:
    """Return the reports on the tables."""
    return REPORTS
