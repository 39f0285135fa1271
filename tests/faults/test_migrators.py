"""Upgrades at the same time: one migrates, the others wait for it."""

import json
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from shopdb_core.store.open import migration_transaction

UPGRADE_FIRST = ["sh", "-c", f'{sys.executable} -m shopdb_core db upgrade >&2 && exec "$@"', "sh"]


def assert_up_to_date(site) -> None:
    """Check that every distribution is at its newest revision, recorded once."""
    rows = json.loads(site.run("db", "status", "--json").stdout)
    assert {row["name"]: row["state"] for row in rows} == dict.fromkeys(
        ("core", "computers", "printers"), "up to date"
    )
    for row in rows:
        noted = site.database.query(f"SELECT version_num FROM alembic_version_{row['name']}")
        assert noted == [(row["current"],)]


@pytest.mark.every_database
def test_two_upgrades_at_once(make_site) -> None:
    """Both exit with 0, and every table is created once."""
    site = make_site()

    with ThreadPoolExecutor(2) as pool:
        done = list(pool.map(lambda _: site.run("db", "upgrade"), range(2)))

    assert [(one.returncode, one.stderr) for one in done] == [(0, "")] * 2
    assert_up_to_date(site)


@pytest.mark.every_database
def test_two_servers_that_migrate_at_once(make_site, check_sound) -> None:
    """Two machines that run `shopdb db upgrade && shopdb serve` on a new database both serve."""
    site = make_site()

    with ThreadPoolExecutor(2) as pool:
        servers = list(pool.map(lambda _: site.serve(*UPGRADE_FIRST), range(2)))

    assert [server.submit("computers", {"hostname": "pc-1"}).status_code for server in servers] == [201, 200]
    assert_up_to_date(site)
    check_sound(site)


@pytest.mark.every_server
def test_upgrade_waits_for_another(make_site, scale) -> None:
    """However long another upgrade takes, the second waits for it and then goes on."""
    site = make_site()
    with ThreadPoolExecutor(1) as pool:
        with migration_transaction(site.database.url):
            waiting = pool.submit(site.run, "db", "upgrade")
            time.sleep(scale(2, 65))
            assert not waiting.done()

        done = waiting.result()

    assert (done.returncode, done.stderr) == (0, "")
    assert_up_to_date(site)
