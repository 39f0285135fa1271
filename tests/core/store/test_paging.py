"""The first and the last keys of many series."""

import pytest
from shops import ORIGIN
from sqlalchemy import text

from shopdb_core.assets.listed_ids import ORDERS, first_ids
from shopdb_core.store.paging import greatest_keys, least_keys
from shopdb_core.store.tables import auditentry


@pytest.mark.every_database
def test_more_series_than_a_query_of_a_database_has_parts(shop):
    """They are divided; a database takes 500 parts at least."""
    for number in range(5):
        shop.submit("computers", {"hostname": "PC-1", "memorygb": number})
    key = auditentry.c.auditid
    series = [key == number for number in range(1, 602)]

    least, greatest = (
        shop.store.read(lambda connection, find=find: [*connection.scalars(find(key, series, 3))])
        for find in (least_keys, greatest_keys)
    )

    assert (least, greatest) == ([1, 2, 3], [5, 4, 3])


@pytest.mark.parametrize("database_kind", ["mysql"])
def test_the_newest_of_a_type_are_read_from_where_a_page_begins(shop):
    """MariaDB reads about as many entries of the index as the page has, and not all of the newer assets."""
    names = [{"hostname": f"PC-{number}"} for number in range(3000)]
    shop.submissions.submit_many("computers", names, ORIGIN)
    query = first_ids(None, "computers", None, "active", order=ORDERS["-assetid"], after=1500, limit=101)

    def work(connection):
        connection.execute(text("ANALYZE TABLE asset"))
        connection.execute(text("FLUSH STATUS"))
        found = [*connection.scalars(query)]
        status = connection.execute(text("SHOW SESSION STATUS LIKE 'Handler_read_prev'")).one()
        return found, int(status[1])

    found, steps = shop.store.transaction(work)

    assert found == list(range(1499, 1398, -1))
    assert steps < 250
