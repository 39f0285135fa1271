"""Which process may deliver to a webhook, as its row decides where two ask at the same time."""

from datetime import timedelta

import pytest

from shopdb_core.feed.cursor import Cursor
from shopdb_core.webhooks.state import add_webhook, hold, save

pytestmark = pytest.mark.every_database


def test_one_process_holds_a_webhook(shop, clock):
    """Until it is silent for too long; what it writes afterwards has no effect."""
    run, later = shop.store.transaction, clock.now + timedelta(seconds=31)
    run(lambda connection: add_webhook(connection, "tickets", Cursor("f", 0)))

    assert run(lambda connection: hold(connection, "tickets", "one", clock.now))
    assert run(lambda connection: hold(connection, "tickets", "one", clock.now))
    assert not run(lambda connection: hold(connection, "tickets", "two", clock.now))
    assert run(lambda connection: hold(connection, "tickets", "two", later))
    assert not run(lambda connection: save(connection, "tickets", "one", attempts=1))
    assert run(lambda connection: save(connection, "tickets", "two", attempts=1))
