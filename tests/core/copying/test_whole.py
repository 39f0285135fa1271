"""A whole copy is the same site in another database, and nobody takes a part of it for the whole."""

import signal
import subprocess
import sys
from collections.abc import Callable
from contextlib import ExitStack
from datetime import UTC, datetime
from typing import Any

import pytest
from databases import KINDS, Database, execute
from fleet import Fleet
from shops import ORIGIN, Shop
from sqlalchemy import Column, Connection, insert, make_url, select

from shopdb_core.audit.verifying.head import Head
from shopdb_core.copying.tables import AS_OF_TIME, FROM_ENTRIES, NOT_COPIED, NOT_OF_THEN, core_tables
from shopdb_core.errors import ConfigurationError, Unavailable
from shopdb_core.site import upgrade_site
from shopdb_core.store.statement import UtcDateTime
from shopdb_core.store.tables import metadata

Content = Callable[[str], dict[str, list[Any]]]
MAKE = Callable[[str], Database]


LEFT_EMPTY = ("migrationfailure", "serveddeclaration")


def test_every_table_of_the_core_is_decided() -> None:
    """A table that is added is copied whole, and it is said what a copy as of a time has of it."""
    decided = [*FROM_ENTRIES, *AS_OF_TIME, *NOT_OF_THEN]

    assert {table.name for table in core_tables()} == metadata.tables.keys() - NOT_COPIED.keys()
    assert sorted(decided) == sorted(metadata.tables)


def fill_empty(connection: Connection) -> None:
    """Write a row into each table of the core that is copied and has none."""
    for table in core_tables():
        if connection.execute(select(table).limit(1)).first() is None and table.name not in LEFT_EMPTY:
            row = {column.name: some_value(column) for column in table.columns}
            connection.execute(insert(table).values(row))


def some_value(column: Column[Any]) -> object:
    """Return a value that the column takes."""
    if isinstance(column.type, UtcDateTime):
        return datetime(2026, 11, 1, tzinfo=UTC)
    values = {str: "x", int: 1, bool: True}
    return values.get(column.type.python_type, b"\x01" * 16)


def test_every_database_gets_the_same_rows(
    storied: Fleet, copies: Any, content: Content, make_database: MAKE
) -> None:
    """From SQLite to each server, and from the last one back; the audit and the plugins' tables verify."""
    shop = storied.shop
    shop.store.transaction(fill_empty)
    before = content(shop.settings.database_url)
    empty = {name for name, rows in before.items() if not rows}
    assert empty <= {*LEFT_EMPTY, "computers_count"}
    head = shop.store.read(lambda connection: Head.of(connection, datetime.now(UTC)))
    with ExitStack() as stack:
        source = shop
        for kind in (*KINDS[1:], KINDS[0]):
            url = make_database(kind).url
            copied = copies.into(source, url)
            copy = stack.enter_context(copies.opened(shop, url))
            assert content(url) == before, kind
            assert copied.rows["auditentry"] == len(before["auditentry"])
            assert copy.faults() == []
            assert copy.shop.store.read(lambda connection: list(head.faults(connection))) == []
            source = copy.shop


@pytest.mark.every_database
def test_numbers_go_on_after_those_of_the_source(storied: Fleet, copies: Any, database_kind: str) -> None:
    """What is created in the copy gets ids that nothing in it has."""
    newest = storied.shop.rows("SELECT max(assetid), max(auditid) FROM auditentry")
    with copies.copied(storied.shop, database_kind) as copy:
        assetid = copy.computer("PC-NEW", macaddress="3C:52:82:99:00:01")
        copy.relate(assetid, 1)

        assert [(assetid - 1, copy.shop.count("asset") - 1)] == [(newest[0][0], newest[0][0])]
        assert copy.shop.rows("SELECT max(auditid) FROM auditentry") == [(newest[0][1] + 2,)]
        assert copy.faults() == []


def test_the_site_is_in_use_meanwhile(storied: Fleet, copies: Any, make_database: MAKE) -> None:
    """No writer waits for the copy, which has what was there when it began."""
    shop, url = storied.shop, make_database("sqlite").url
    assets = shop.count("asset")

    copies.into(shop, url, progress=lambda _: storied.computer(f"NEW-{shop.count('asset')}"))

    with copies.opened(shop, url) as copy:
        assert shop.count("asset") > assets == copy.shop.count("asset")
        assert copy.faults() == storied.faults() == []


@pytest.mark.every_database
def test_a_copy_that_was_cut_off_is_never_a_site(
    storied: Fleet, copies: Any, database: Database, content: Content
) -> None:
    """It is refused with the next step, and the same command begins anew."""
    shop, steps = storied.shop, iter((None, None, None))

    def cut(_: int) -> None:
        if next(steps, "end") == "end":
            raise Unavailable("The power is away.")

    with pytest.raises(Unavailable, match="power"):
        copies.into(shop, database.url, progress=cut)
    with pytest.raises(ConfigurationError, match=r"has not ended: .*run the same `shopdb copy` again"):
        copies.opened(shop, database.url).__enter__()
    with pytest.raises(ConfigurationError, match="has not ended"):
        upgrade_site(copies.settings(shop, database.url))
    copies.into(shop, database.url)

    with copies.opened(shop, database.url) as copy:
        assert copy.faults() == []
    assert content(database.url) == content(shop.settings.database_url)


KILLED = """
import os, signal
from shopdb_core.copying.copy import SiteCopy
from shopdb_core.settings import Settings
from shopdb_core.site import Site, migration_scripts
settings = Settings(secret_key={key!r}, database_url={source!r})
with Site.open(settings) as site:
    copy = SiteCopy(settings, site.store, site.plugins, migration_scripts(site.plugins), site.chain)
    copy.run({target!r}, None, "cli:tester", lambda _: os.kill(os.getpid(), signal.SIGKILL))
"""


def test_a_process_that_is_killed_leaves_no_lock(storied: Fleet, copies: Any, make_database: MAKE) -> None:
    """The next one deletes what it has left."""
    settings, url = storied.shop.settings, make_database("sqlite").url
    program = KILLED.format(key=settings.secret_key, source=settings.database_url, target=url)

    killed = subprocess.run([sys.executable, "-c", program], check=False, capture_output=True)

    assert killed.returncode == -signal.SIGKILL, killed.stderr
    with pytest.raises(ConfigurationError, match="has not ended"):
        copies.opened(storied.shop, url).__enter__()
    copies.into(storied.shop, url)
    with copies.opened(storied.shop, url) as copy:
        assert copy.faults() == []


@pytest.mark.every_database
def test_two_copies_into_one_database(storied: Fleet, copies: Any, database: Database) -> None:
    """The second is refused, and the first one goes on."""
    refusals = []

    def again(_: int) -> None:
        if not refusals:
            with pytest.raises(ConfigurationError) as refused:
                copies.into(storied.shop, database.url)
            refusals.append(str(refused.value))

    copies.into(storied.shop, database.url, progress=again)

    assert refusals == ["--to: Another process is copying into it: wait until it has ended."]
    with copies.opened(storied.shop, database.url) as copy:
        assert copy.faults() == []


def refusal(copies: Any, shop: Shop, url: str) -> str:
    """Return why a target is refused."""
    with pytest.raises(ConfigurationError) as refused:
        copies.into(shop, url)
    return str(refused.value)


@pytest.mark.every_database
def test_a_database_with_tables_is_refused(shop: Shop, copies: Any, database: Database) -> None:
    """Whatever they are: nothing in it is touched."""
    execute(make_url(database.url), "CREATE TABLE other (number INTEGER)")

    assert refusal(copies, shop, database.url).startswith("--to: The database has tables already")
    assert database.query("SELECT count(*) FROM other") == [(0,)]
    assert refusal(copies, shop, shop.settings.database_url).startswith(
        "--to names the database of this site"
    )


def test_a_target_that_cannot_be_used_is_named(shop: Shop, copies: Any) -> None:
    """By the option, not by the setting of the site."""
    assert refusal(copies, shop, "oracle://host/shopdb").startswith("--to names oracle")
    assert refusal(copies, shop, "nonsense").startswith("--to is not a database URL")
    with pytest.raises(Unavailable, match=r"--to: The file /nowhere/shopdb\.sqlite3-prune cannot be created"):
        copies.into(shop, "sqlite:////nowhere/shopdb.sqlite3")
    with pytest.raises(Unavailable, match="--to: "):
        copies.into(shop, "postgresql://nobody@127.0.0.1:1/shopdb")


def test_a_plugin_whose_tables_cannot_be_made_is_refused(
    make_shop: Callable[..., Shop], copies: Any, make_database: MAKE
) -> None:
    """One that is not loaded, and one whose tables are at another revision."""
    shop, url = make_shop(), make_database("sqlite").url
    execute(make_url(shop.settings.database_url), "CREATE TABLE alembic_version_scales (version_num TEXT)")
    execute(make_url(shop.settings.database_url), "INSERT INTO alembic_version_scales VALUES ('scales_1')")

    assert "the plugin scales, which is not loaded: install it" in refusal(copies, shop, url)

    execute(make_url(shop.settings.database_url), "DROP TABLE alembic_version_scales")
    execute(make_url(shop.settings.database_url), "UPDATE alembic_version_printers SET version_num = 'later'")
    assert "printers are at later, which the installed release does not know" in refusal(copies, shop, url)

    execute(
        make_url(shop.settings.database_url),
        "UPDATE alembic_version_printers SET version_num = 'printers_0001'",
    )
    assert "The tables of printers are behind: run `shopdb db upgrade`" in refusal(copies, shop, url)


def test_a_table_with_another_type_is_written_anew(
    storied: Fleet, copies: Any, make_database: MAKE, content: Content
) -> None:
    """Databases return other values of some types, so that the plugin writes its rows by its hooks."""
    source, url = storied.shop.settings.database_url, make_database("sqlite").url
    execute(make_url(source), "ALTER TABLE printers_device ADD COLUMN extra NUMERIC")
    storied.shop.submissions.submit("printers", {"serialnumber": "SN-2", "model": "M"}, ORIGIN)

    copied = copies.into(storied.shop, url)

    assert dict(copied.rebuilt) == {"printers": 2}
    assert content(url)["printers_supply"] == content(source)["printers_supply"]
    with copies.opened(storied.shop, url) as copy:
        assert copy.faults() == []
