"""The first and the last keys of many series."""

import pytest

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
