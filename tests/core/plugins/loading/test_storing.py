"""What `store_asset` and `asset_changed` may do to a submission, and to those of others."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import Connection, text

from shopdb_core.collect import Origin, Submissions
from shopdb_core.errors import PluginFailure
from shopdb_core.plugins.registry import load_plugins
from shopdb_core.settings import Settings
from shopdb_core.store import Store, open_store
from shopdb_core.store.upgrade import upgrade
from shopdb_hookspecs import AssetChange

MakePlugin = Callable[..., object]
Submit = Callable[[str, str], str]

COUNT = "SELECT (SELECT count(*) FROM asset), (SELECT count(*) FROM auditentry)"


def commit(connection: Connection) -> None:
    connection.execute(text("SELECT 1"))
    connection.commit()


def commit_and_hide_it(connection: Connection) -> None:
    try:
        connection.commit()
    except RuntimeError:
        raise ValueError from None


def roll_back(connection: Connection) -> None:
    connection.execute(text("SELECT 1"))
    connection.rollback()


def begin(connection: Connection) -> None:
    with connection.begin():
        connection.execute(text("SELECT 1"))


def close(connection: Connection) -> None:
    with connection:
        connection.execute(text("SELECT 1"))


def fail_in_sql(connection: Connection) -> None:
    connection.execute(text("SELECT * FROM nosuchtable"))


def leave() -> None:
    raise SystemExit(3)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """A site's settings, its database made."""
    url = f"sqlite:///{tmp_path / 'shopdb.sqlite3'}"
    upgrade(url, [])
    return Settings(secret_key="a-secret-key-for-tests-0123456789-abcdef", database_url=url)


@pytest.fixture
def store(settings: Settings) -> Iterator[Store]:
    """The site's store."""
    opened = open_store(settings)
    yield opened
    opened.close()


@pytest.fixture
def site(settings: Settings, store: Store) -> Callable[..., Submit]:
    """Return a function that gives a site its plugins, and returns how to submit an identity to one."""

    def make(**plugins: object) -> Submit:
        submissions = Submissions(settings, load_plugins(settings.admission, plugins), store)
        origin = Origin("collector:test", "request")
        return lambda plugin, serial: submissions.submit(plugin, {"serial": serial}, origin).action

    return make


def counts(store: Store) -> tuple[int, int]:
    """Return how many assets and audit entries there are."""
    assets, entries = store.read(lambda connection: connection.execute(text(COUNT)).one())
    return assets, entries


@pytest.mark.parametrize(
    "store_asset", [commit, commit_and_hide_it, roll_back, begin, close, fail_in_sql, leave]
)
def test_what_store_asset_must_not_do_stores_nothing_and_harms_nobody(
    site: Callable[..., Submit], store: Store, make_plugin: MakePlugin, store_asset: Callable[..., None]
) -> None:
    """Ending the transaction, or raising, refuses this submission; the next of another plugin is stored."""
    shelves: list[int] = []

    def store_shelf(connection: Connection, assetid: int) -> None:
        shelves.append(connection.execute(text("SELECT :assetid"), {"assetid": assetid}).scalar_one())

    submit = site(rack=make_plugin(store_asset=store_asset), shelf=make_plugin(store_asset=store_shelf))

    with pytest.raises(PluginFailure, match=r"^Plugin rack \(.*\): store_asset raised "):
        submit("rack", "r1")
    assert counts(store) == (0, 0)

    assert submit("shelf", "s1") == "created"
    assert submit("shelf", "s2") == "created"
    assert counts(store) == (2, 2)
    assert len(shelves) == 2


def test_store_asset_writes_in_the_submission_s_transaction(
    site: Callable[..., Submit], store: Store, make_plugin: MakePlugin
) -> None:
    """What it wrote before it raised is gone with the rest."""

    def store_then_raise(connection: Connection, assetid: int) -> None:
        connection.execute(
            text("UPDATE asset SET version = 99 WHERE assetid = :assetid"), {"assetid": assetid}
        )
        raise ValueError

    with pytest.raises(PluginFailure):
        site(rack=make_plugin(store_asset=store_then_raise))("rack", "r1")

    assert counts(store) == (0, 0)


def test_store_asset_may_use_a_savepoint(
    site: Callable[..., Submit], store: Store, make_plugin: MakePlugin
) -> None:
    """Undoing a part of its own is allowed."""

    def store_in_savepoint(connection: Connection) -> None:
        savepoint = connection.begin_nested()
        connection.execute(text("DELETE FROM assetattributes"))
        savepoint.rollback()

    assert site(rack=make_plugin(store_asset=store_in_savepoint))("rack", "r1") == "created"
    assert store.read(
        lambda connection: connection.execute(text("SELECT count(*) FROM assetattributes")).scalar_one()
    )


def test_a_failing_observer_harms_nobody(
    site: Callable[..., Submit], store: Store, make_plugin: MakePlugin, caplog: pytest.LogCaptureFixture
) -> None:
    """`asset_changed` comes after the commit: what it raises is logged, and the other observers are told."""
    seen: list[tuple[str, str, str]] = []

    def raising() -> None:
        raise ValueError("a secret of the payload")

    def observe(change: AssetChange) -> None:
        seen.append((change.plugin, change.action, change.identityvalue))

    submit = site(rack=make_plugin(asset_changed=raising), shelf=make_plugin(asset_changed=observe))

    assert submit("rack", "r1") == "created"

    assert counts(store) == (1, 1)
    assert seen == [("rack", "created", "r1")]
    assert "Plugin rack" in caplog.text
    assert "asset_changed raised ValueError" in caplog.text
    assert "a secret of the payload" not in caplog.text


def test_observers_are_not_told_of_a_noop(site: Callable[..., Submit], make_plugin: MakePlugin) -> None:
    """Nothing changed, so that there is nothing to observe."""
    seen: list[str] = []
    submit = site(rack=make_plugin(asset_changed=lambda change: seen.append(change.action)))

    assert [submit("rack", "r1"), submit("rack", "r1")] == ["created", "noop"]

    assert seen == ["created"]
