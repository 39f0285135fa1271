"""The plugin's hooks, one method each."""

from collections.abc import Sequence
from pathlib import Path

from sqlalchemy import Connection

from shopdb_hookspecs import JsonObject, Report, hookimpl
from shopdb_printers.declaration import DECLARATION
from shopdb_printers.examples import EXAMPLES
from shopdb_printers.normalization import normalized
from shopdb_printers.reports import REPORTS
from shopdb_printers.storage import store_printer


class PrintersPlugin:
    """What ShopDB asks of the plugin; it keeps nothing between two questions."""

    @hookimpl
    def get_collector_schema(self) -> JsonObject:
        """Declare the fields of a printer."""
        return DECLARATION

    @hookimpl
    def get_example_submissions(self) -> Sequence[JsonObject]:
        """Show a colour printer, a monochrome one and a partial submission."""
        return EXAMPLES

    @hookimpl
    def normalize_submission(self, submission: JsonObject) -> JsonObject:
        """Bring MAC address, status and supplies into canonical form."""
        return normalized(submission)

    @hookimpl
    def get_migrations(self) -> Path:
        """Name the directory of this plugin's Alembic versions."""
        return Path(__file__).parent / "migrations"

    @hookimpl
    def store_asset(
        self, connection: Connection, assetid: int, before: JsonObject | None, after: JsonObject
    ) -> None:
        """Keep `printers_device` and `printers_supply` in step with the submission."""
        store_printer(connection, assetid, before, after)

    @hookimpl
    def get_reports(self) -> Sequence[Report]:
        """Offer `supplies_low` and `pages`."""
        return REPORTS
