"""What `store_asset` and `asset_changed` may do to a submission, and to those of others."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import pytest
from sqlalchemy import Connection, text

from shopdb_core.errors import PluginFailure
from shopdb_hookspecs import AssetChange, AssetWrite

MakePlugin = Callable[..., object]
MakeShop = Callable[..., Any]


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


@pytest.mark.parametrize(
    "store_asset", [commit, commit_and_hide_it, roll_back, begin, close, fail_in_sql, leave]
)
def test_what_store_asset_must_not_do_stores_nothing_and_harms_nobody(
    make_shop: MakeShop, make_plugin: MakePlugin, store_asset: Callable[..., None]
) -> None:
    """Ending the transaction, or raising, refuses this submission; the next of another plugin is stored."""
    shelves: list[int] = []

    def store_shelf(connection: Connection, assetid: int) -> None:
        shelves.append(connection.execute(text("SELECT :assetid"), {"assetid": assetid}).scalar_one())

    rack, shelf = make_plugin(store_asset=store_asset), make_plugin(store_asset=store_shelf)
    shop = make_shop({"rack": rack, "shelf": shelf})

    with pytest.raises(PluginFailure, match=r"^Plugin rack \(.*\): store_asset raised "):
        shop.submit("rack", {"serial": "r1"})
    assert (shop.count("asset"), shop.count("auditentry")) == (0, 0)

    assert shop.submit("shelf", {"serial": "s1"}).action == "created"
    assert shop.submit("shelf", {"serial": "s2"}).action == "created"
    assert (shop.count("asset"), shop.count("auditentry")) == (2, 2)
    assert len(shelves) == 2


def test_store_asset_writes_in_the_submission_s_transaction(
    make_shop: MakeShop, make_plugin: MakePlugin
) -> None:
    """What it wrote before it raised is gone with the rest."""

    def store_then_raise(connection: Connection, assetid: int) -> None:
        connection.execute(
            text("UPDATE asset SET version = 99 WHERE assetid = :assetid"), {"assetid": assetid}
        )
        raise ValueError

    shop = make_shop({"rack": make_plugin(store_asset=store_then_raise)})

    with pytest.raises(PluginFailure):
        shop.submit("rack", {"serial": "r1"})

    assert (shop.count("asset"), shop.count("auditentry")) == (0, 0)


def test_a_plugin_with_store_assets_alone_gets_lists_of_one(
    make_shop: MakeShop, make_plugin: MakePlugin
) -> None:
    """Each submission that changes something is stored, with what the asset was before."""
    stored: list[AssetWrite] = []

    def store_assets(writes: Sequence[AssetWrite]) -> None:
        stored.extend(writes)

    shop = make_shop({"rack": make_plugin(store_assets=store_assets)})

    for height in (1, 1, 2):
        shop.submit("rack", {"serial": "r1", "height": height})

    first, second = ({"serial": "r1", "height": height} for height in (1, 2))
    assert stored == [AssetWrite(1, None, first), AssetWrite(1, first, second)]


def test_a_plugin_with_both_hooks_gets_lists(make_shop: MakeShop, make_plugin: MakePlugin) -> None:
    """The form for one asset is not called."""
    called: list[str] = []
    hooks = {name: partial(called.append, name) for name in ("store_asset", "store_assets")}
    shop = make_shop({"rack": make_plugin(**hooks)})

    shop.submit("rack", {"serial": "r1"})

    assert called == ["store_assets"]


def test_an_argument_with_a_default_is_not_passed(make_shop: MakeShop, make_plugin: MakePlugin) -> None:
    """The hook is called as pluggy calls it."""
    stored: list[tuple[int, str]] = []

    def store_asset(assetid: int, plugin: str = "own") -> None:
        stored.append((assetid, plugin))

    make_shop({"rack": make_plugin(store_asset=store_asset)}).submit("rack", {"serial": "r1"})

    assert stored == [(1, "own")]


def test_store_asset_may_use_a_savepoint(make_shop: MakeShop, make_plugin: MakePlugin) -> None:
    """Undoing a part of its own is allowed."""

    def store_in_savepoint(connection: Connection) -> None:
        savepoint = connection.begin_nested()
        connection.execute(text("DELETE FROM assetattributes"))
        savepoint.rollback()

    shop = make_shop({"rack": make_plugin(store_asset=store_in_savepoint)})

    assert shop.submit("rack", {"serial": "r1"}).action == "created"
    assert shop.count("assetattributes") == 1


def test_a_failing_observer_harms_nobody(
    make_shop: MakeShop, make_plugin: MakePlugin, caplog: pytest.LogCaptureFixture
) -> None:
    """`asset_changed` is called after the commit; an exception is logged, and other observers are called."""
    seen: list[tuple[str, str, str]] = []

    def raising() -> None:
        raise ValueError("a secret of the payload")

    def observe(change: AssetChange) -> None:
        seen.append((change.plugin, change.action, change.identityvalue))

    rack, shelf = make_plugin(asset_changed=raising), make_plugin(asset_changed=observe)
    shop = make_shop({"rack": rack, "shelf": shelf})

    assert shop.submit("rack", {"serial": "r1"}).action == "created"

    assert (shop.count("asset"), shop.count("auditentry")) == (1, 1)
    assert seen == [("rack", "created", "r1")]
    assert "Plugin rack" in caplog.text
    assert "asset_changed raised ValueError" in caplog.text
    assert "a secret of the payload" not in caplog.text


def test_observers_are_not_told_of_a_noop(make_shop: MakeShop, make_plugin: MakePlugin) -> None:
    """Nothing changed, so that there is nothing to observe."""
    seen: list[str] = []
    shop = make_shop({"rack": make_plugin(asset_changed=lambda change: seen.append(change.action))})

    actions = [shop.submit("rack", {"serial": "r1"}).action for _ in range(2)]

    assert actions == ["created", "noop"]

    assert seen == ["created"]
