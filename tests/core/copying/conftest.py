"""A site with a history, and what a copy of it has."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from databases import Database
from editing import patch
from fleet import MACS, Fleet
from shops import Shop
from sqlalchemy import Connection, Float, MetaData, NullPool, create_engine, select

from shopdb_core.audit.prune import Expiry, prune
from shopdb_core.audit.verifying.head import Head, keep_head
from shopdb_core.copying.copy import Copied, SiteCopy
from shopdb_core.copying.tables import NOT_COPIED, RESET
from shopdb_core.plugins.registry import Plugins
from shopdb_core.settings import Settings
from shopdb_core.site import check_schema, migration_scripts
from shopdb_core.store import open_store
from shopdb_core.store.databases import parse_url
from shopdb_core.submissions import Origin


@dataclass
class Copies:
    """Copies sites into databases of their own."""

    make_database: Callable[[str], Database]

    def source(self, shop: Shop) -> SiteCopy:
        """Return what copies a site."""
        return SiteCopy(shop.settings, shop.store, shop.plugins, migration_scripts(shop.plugins), shop.chain)

    def into(
        self,
        shop: Shop,
        url: str,
        at: datetime | None = None,
        progress: Callable[[int], object] = lambda _: None,
    ) -> Copied:
        """Copy a site into a database."""
        return self.source(shop).run(url, at, "cli:tester", progress)

    def settings(self, shop: Shop, url: str) -> Settings:
        """Return the settings of a copy."""
        return replace(shop.settings, database_url=url)

    @contextmanager
    def copied(self, shop: Shop, kind: str = "sqlite", at: datetime | None = None) -> Iterator[Fleet]:
        """Copy a site, and open the copy."""
        url = self.make_database(kind).url
        self.into(shop, url, at)
        with self.opened(shop, url) as fleet:
            yield fleet

    @contextmanager
    def opened(self, shop: Shop, url: str) -> Iterator[Fleet]:
        """Open a copy with the keys and the plugins of the site."""
        plugins, settings = Plugins(shop.plugins.all()), self.settings(shop, url)
        with Shop(settings, plugins, open_store(settings), sitefields=shop.sitefields) as other:
            check_schema(other.store, plugins)
            yield Fleet(other)


@pytest.fixture
def copies(make_database: Callable[[str], Database]) -> Copies:
    """Return what copies sites."""
    return Copies(make_database)


@pytest.fixture
def fleet(make_shop: Callable[..., Shop], tmp_path: Path) -> Fleet:
    """Return an empty site with the installed plugins, and a field of people."""
    file = tmp_path / "fields.json"
    file.write_text('{"properties": {"owner": {"type": "string"}}}')
    return Fleet(make_shop(site_fields=str(file)))


@pytest.fixture
def storied(fleet: Fleet) -> Fleet:
    """Return a site to which everything has happened that leaves rows of its own."""
    shop = fleet.shop
    programs = [{"name": "7-Zip", "version": "24.09"}, {"name": "Ärger 🛠", "version": ""}]
    for number in range(4):
        fleet.computer(f"PC-{number}", macaddress=MACS[number], installedsoftware=programs[: number % 3])
    shop.submit("printers", {"serialnumber": "SN-1", "supplies": [{"name": "Toner", "levelpercent": 1 / 3}]})
    named = Origin("collector:computers", "request-2", source="pxe")
    shop.submissions.submit("computers", {"hostname": "PC-0", "osname": "Debian"}, named)
    cell, line = fleet.cell("Cell 7 🏭", hall="3"), fleet.cell("Line 2")
    for source in (1, 2, cell):
        fleet.relate(source, line)
    patch(shop, {"sitefields": {"owner": "Ann"}}, assetid=2)
    undone = fleet.merge(1, 2)["mergeid"]
    fleet.undo(undone)
    fleet.merge(3, 4)
    fleet.computer("PC-9", macaddress=MACS[0])  # a finding
    fleet.post(f"/api/assets/{line}/retire", {"reason": "sold"})
    fleet.computer("SECRET")
    fleet.erase(9)
    shop.post("computers", {"hostname": 7})
    for _ in range(3):
        fleet.computer("PC-1")
    shop.recorder.write()
    later = datetime.now(UTC) + timedelta(2)
    assert list(prune(shop.store, shop.chain, [Expiry("noop", later, later)], bool))
    at = datetime.now(UTC)
    head = shop.store.read(lambda connection: Head.of(connection, at))
    shop.store.transaction(lambda connection: keep_head(connection, head, at))
    return fleet


@pytest.fixture
def content() -> Callable[[str], dict[str, list[Any]]]:
    """Return a function that reads every row of a database, by table, in a form of all databases.

    Without what a copy has of its own.
    """
    of_each = NOT_COPIED.keys() - {"migrationfailure"}

    def read(url: str) -> dict[str, list[Any]]:
        engine = create_engine(parse_url(url), poolclass=NullPool)
        try:
            with engine.connect() as connection:
                metadata = MetaData()
                metadata.reflect(connection)
                tables = {name: table for name, table in metadata.tables.items() if name not in of_each}
                return {name: rows(connection, table) for name, table in tables.items()}
        finally:
            engine.dispose()

    def rows(connection: Connection, table: Any) -> list[Any]:
        for column in table.columns:
            if isinstance(column.type, Float):
                column.type.asdecimal = False  # MariaDB's default cuts digits off
        found = connection.execute(select(table)).mappings()
        named = (sorted({**row, **RESET.get(table.name, {})}.items()) for row in found)
        return sorted([(name, plain(value)) for name, value in row] for row in named)

    def plain(value: object) -> str:
        return str(int(value)) if isinstance(value, bool) else str(value)

    return read
