"""Values in a database's error messages are neither sent nor logged."""

import pytest
from sqlalchemy import text

from shopdb_hookspecs import hookimpl

VALUE = "a-value-that-is-secret"


class Twice:
    """A plugin that inserts a duplicate key; every driver's error quotes it."""

    @hookimpl
    def get_collector_schema(self):
        return {"identityfield": "name", "fields": {"name": {"type": "string"}, "note": {"type": "string"}}}

    @hookimpl
    def store_asset(self, connection, after):
        insert = text("INSERT INTO migrationfailure VALUES (:note, 'x', 'x', CURRENT_TIMESTAMP)")
        connection.execute(insert, {"note": after["note"]})
        connection.execute(insert, {"note": after["note"]})


@pytest.mark.every_database
def test_a_value_that_the_database_refuses_is_not_revealed(make_shop, caplog):
    """Neither the answer nor the log quotes it, and nothing is stored."""
    shop = make_shop({"twice": Twice()})

    answer = shop.post("twice", {"name": "one", "note": VALUE})

    assert answer.status_code == 500
    assert VALUE not in answer.text
    assert "twice" in caplog.text
    assert VALUE not in caplog.text
    assert (shop.count("asset"), shop.count("auditentry"), shop.count("migrationfailure")) == (0, 0, 0)
