"""A database of the first release is migrated on every database, and nothing of it is lost."""

from contextlib import closing

import pytest
from olddatabases import restore_release

from shopdb_core.audit.verifying.verify import verify
from shopdb_core.operations.upgrades import plan_upgrade
from shopdb_core.settings import Settings
from shopdb_core.site import Site, migration_scripts, upgrade_site
from shopdb_core.store import open_store
from shopdb_core.store.migrate import migration_statuses
from shopdb_core.submissions import Origin

pytestmark = pytest.mark.every_database

ORIGIN = Origin("tester", "request-1")
PRINTER = {
    "serialnumber": "CNB8G5D2XY",
    "macaddress": "00:1B:A9:12:11:F2",
    "hostname": "prn-hall3",
    "pagecount": 94346,
    "supplies": [
        {"name": "Black Cartridge HP W2030X", "colorant": "black", "levelpercent": 62},
        {"name": "Waste Toner Box", "levelstate": "someremaining"},
    ],
}


@pytest.fixture
def settings(database, load_once) -> Settings:
    """Return the settings of a site whose database is that of release 1.0.0."""
    restore_release(database.url, "1.0.0", migration_scripts(load_once()))
    return Settings(secret_key="a-secret-key-for-tests-0123456789-abcdef", database_url=database.url)


def test_a_database_of_the_first_release_is_migrated(settings):
    """Its audit verifies, its assets are found, and what it knew already is a noop."""
    statuses = upgrade_site(settings)

    assert [(each.name, each.behind, each.failure) for each in statuses] == [
        ("core", False, None),
        ("computers", False, None),
        ("printers", False, None),
    ]
    with Site.open(settings) as site:
        batches = [*verify(site.store, site.chain, site.plugins.secondary_identities())]
        assert [fault for batch in batches for fault in batch.faults] == []
        # Nine entries of the release, and one for its relationship, which it did not audit.
        assert (sum(batch.assets for batch in batches), sum(batch.entries for batch in batches)) == (5, 10)
        assert site.submissions.submit("printers", PRINTER, ORIGIN).action == "noop"
        changed = site.submissions.submit(
            "computers", {"hostname": "pc-1234", "osname": "Windows 12"}, ORIGIN
        )
        assert (changed.action, changed.assetid) == ("updated", 1)


def test_a_dry_run_shows_what_an_upgrade_would_do(settings):
    """Each pending migration in its order, with its statements and the rows that they touch; none is run."""
    plan = plan_upgrade(settings)

    shown = {(each.migration.name, each.migration.revision): each for each in plan}
    first, *_, last = shown
    assert (first[0], last) == ("core", ("printers", "printers_0003"))
    assert "0002" not in {revision for _, revision in shown}
    assert "ALTER TABLE asset ADD COLUMN" in shown["core", "0011"].migration.sql.replace("`", "")
    assert shown["core", "0011"].rows["asset"] == 5
    assert shown["core", "0011"].migration.description.startswith("Add the sources of submissions")
    assert shown["computers", "computers_0002"].migration.sql is None
    with closing(open_store(settings)) as store:
        statuses = store.read(lambda connection: migration_statuses(connection, ()))
    assert (statuses[0].current, statuses[0].behind) == ("0002", True)
