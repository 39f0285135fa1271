"""A connection to a database server that is lost in the middle of a transaction."""

import pytest
from sqlalchemy import text

from shopdb_core.settings import Settings
from shopdb_core.store.open import open_store

KILL_OWN_CONNECTION = {
    "postgresql": "SELECT pg_terminate_backend(pg_backend_pid())",
    "mysql": "KILL CONNECTION_ID()",
}


@pytest.mark.parametrize("kind", KILL_OWN_CONNECTION)
def test_work_whose_connection_is_lost_is_run_again(make_database, kind) -> None:
    """The whole transaction is run again on a new connection, and the caller gets no error."""
    runs = []

    def work(connection) -> int | None:
        runs.append(connection)
        if len(runs) == 1:
            connection.execute(text(KILL_OWN_CONNECTION[kind]))
        return connection.scalar(text("SELECT 7"))

    store = open_store(Settings(secret_key="0123456789abcdef" * 2, database_url=make_database(kind).url))
    try:
        assert store.transaction(work) == 7
        assert len(runs) == 2
    finally:
        store.close()
