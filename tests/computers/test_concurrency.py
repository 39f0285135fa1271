"""Transactions that store the same computers at once lose no count."""

import random
import threading
from collections.abc import Callable

import pytest
from computerlists import PROGRAMS, Lists, check, key_of
from databases import Database
from sqlalchemy import Connection, Engine, create_engine, insert, select
from sqlalchemy.exc import DBAPIError

from shopdb_computers import store_assets
from shopdb_computers.programs import counting
from shopdb_computers.tables import asset, inventory, unpacked
from shopdb_hookspecs import AssetWrite

THREADS = 6
ROUNDS = 40
TRIES = 50
COMPUTERS = range(1, 9)


@pytest.mark.every_server
def test_counts_add_up(
    database: Database, engine: Engine, migrate: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each thread writes two of the same computers in a transaction, and a few are counted together."""
    monkeypatch.setattr(counting, "MANY", 3)
    migrate("upgrade")
    rows = [{"assetid": key, "identityvalue": f"pc-{key}", "assettype": "computers"} for key in COMPUTERS]
    with engine.begin() as connection:
        connection.execute(insert(asset), rows)
    concurrent = create_engine(database.url, isolation_level="READ COMMITTED", pool_size=THREADS)
    failures: list[BaseException] = []
    threads = [threading.Thread(target=_work, args=(concurrent, seed, failures)) for seed in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    concurrent.dispose()

    assert failures == []
    with engine.begin() as connection:
        check(connection, _stored(connection))


def _work(engine: Engine, seed: int, failures: list[BaseException]) -> None:
    chance = random.Random(seed)
    try:
        for _ in range(ROUNDS):
            lists = {key: chance.sample(PROGRAMS, chance.randrange(5)) for key in chance.sample(COMPUTERS, 2)}
            _store_with_retries(engine, lists)
    except BaseException as failure:  # noqa: BLE001  # the test reports it
        failures.append(failure)


def _store_with_retries(engine: Engine, lists: Lists) -> None:
    """Run the transaction again if it lost a race, as ShopDB does."""
    for attempt in range(TRIES):
        try:
            with engine.begin() as connection:
                _store(connection, lists)
        except Exception as error:
            if attempt == TRIES - 1 or not _is_lost_race(error):
                raise
        else:
            return


def _is_lost_race(error: Exception) -> bool:
    """Whether the server ended a deadlock; the statements of the plugin raise the driver's own exceptions."""
    text = str(error.orig if isinstance(error, DBAPIError) else error).casefold()
    return "deadlock" in text or "1020" in text


def _store(connection: Connection, lists: Lists) -> None:
    """Lock the assets in the order of their keys and store both, as a batch of submissions does."""
    for key in sorted(lists):
        connection.execute(select(asset.c.assetid).where(asset.c.assetid == key).with_for_update())
    stored = _stored(connection)
    store_assets(
        connection,
        [
            AssetWrite(
                key,
                {"installedsoftware": stored[key]} if key in stored else None,
                {"installedsoftware": sorted(listed, key=str)},
            )
            for key, listed in lists.items()
        ],
    )


def _stored(connection: Connection) -> Lists:
    """Return the programs of each computer, as its attributes would have them."""
    by_key = {key_of(each): each for each in PROGRAMS}
    found = connection.execute(select(inventory.c.computerid, inventory.c.softwareids))
    return {key: sorted((by_key[each] for each in unpacked(packed)), key=str) for key, packed in found}
