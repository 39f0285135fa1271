"""The ShopDB plugin for printers: an object with one method for each hook."""

from collections.abc import Sequence
from pathlib import Path

from sqlalchemy import Connection

from shopdb_hookspecs import AssetWrite, JsonObject, Panel, Report, hookimpl
from shopdb_printers.declaration import DECLARATION
from shopdb_printers.examples import EXAMPLES
from shopdb_printers.normalization import normalized
from shopdb_printers.panels import PANELS
from shopdb_printers.reports import REPORTS
from shopdb_printers.storage import remove_printer, store_printers


class PrintersPlugin:
    """The hooks of the plugin; it is without state."""

    @hookimpl
    def get_collector_schema(self) -> JsonObject:
        """Return the declaration of a printer's fields."""
        return DECLARATION

    @hookimpl
    def get_example_submissions(self) -> Sequence[JsonObject]:
        """Return a colour printer, a monochrome one and a partial submission."""
        return EXAMPLES

    @hookimpl
    def normalize_submission(self, submission: JsonObject) -> JsonObject:
        """Return MAC address, status and supplies in canonical form."""
        return normalized(submission)

    @hookimpl
    def get_migrations(self) -> Path:
        """Return the directory of this plugin's Alembic versions."""
        return Path(__file__).parent / "migrations"

    @hookimpl
    def store_asset(
        self, connection: Connection, assetid: int, before: JsonObject | None, after: JsonObject
    ) -> None:
        """Update the tables for one printer; a site's wrapper of this hook sees each."""
        store_printers(connection, [AssetWrite(assetid, before, after)])

    @hookimpl
    def store_assets(self, connection: Connection, writes: Sequence[AssetWrite]) -> None:
        """Update `printers_device` and `printers_supply`."""
        store_printers(connection, writes)

    @hookimpl
    def remove_asset(self, connection: Connection, assetid: int) -> None:
        """Delete the rows of one printer."""
        remove_printer(connection, assetid)

    @hookimpl
    def get_reports(self) -> Sequence[Report]:
        """Return the reports `needs`, `supplies_low` and `pages`."""
        return REPORTS

    @hookimpl
    def get_asset_panels(self) -> Sequence[Panel]:
        """Return the panel of supplies, on the page of a printer."""
        return PANELS


plugin = PrintersPlugin()
