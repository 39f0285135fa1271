"""The events of users and tokens, the newest first."""

import pytest
from people import add_user, change

from shopdb_core.access import users
from shopdb_core.access.events import newest_events
from shopdb_core.store.tables import LARGEST_ID


@pytest.mark.every_database
def test_the_newest_come_first_in_pages(shop):
    """Of all actions or of one; the next page begins below the last one."""
    for name in ("ann", "bob", "cem"):
        add_user(shop, name)
    change(shop, users.disable_user, "bob")

    def page(**query):
        query = {"before": LARGEST_ID, "limit": 2, **query}
        found = shop.store.read(lambda connection: newest_events(connection, **query))
        return [(each["action"], each["subject"]) for each in found], found[-1]["eventid"]

    first, last = page()
    added, _ = page(action="user added")

    assert first == [("user disabled", "bob"), ("user added", "cem")]
    assert page(before=last)[0] == [("user added", "bob"), ("user added", "ann")]
    assert added == [("user added", "cem"), ("user added", "bob")]
