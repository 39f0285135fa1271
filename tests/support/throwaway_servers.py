"""Database servers for tests that only use one: in memory, and removed after the test run."""

import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest
from database_servers import OwnServer
from databases import execute
from sqlalchemy import URL, make_url
from sqlalchemy.exc import DBAPIError

VARIABLES = {"postgresql": "SHOPDB_TEST_POSTGRESQL", "mysql": "SHOPDB_TEST_MYSQL"}
"""Environment variables that name a running server to use instead."""

INSTALLED_WITH = {"postgresql": ["--locale=C.UTF-8"], "mysql": []}
"""PostgreSQL folds the case of every script only in this locale."""

OPTIONS = {
    "postgresql": "-c fsync=off -c full_page_writes=off -c synchronous_commit=off -c max_wal_size=256MB",
    "mysql": "--debug-no-sync --skip-innodb-doublewrite --innodb-flush-log-at-trx-commit=0",
}
"""The data is thrown away, so that no test waits for a disk."""

MEMORY = Path("/dev/shm")
MEMORY_BYTES = 2 * 1024**3
"""Free memory that is needed; the servers of one test process take a quarter of it."""


@pytest.fixture(scope="session")
def server_url(make_own_server: Callable[..., OwnServer], not_permitted) -> Callable[[str], URL]:
    """Return a function that gives the server of a kind, as an account that may do everything."""
    urls: dict[str, URL] = {}

    def named(kind: str) -> URL:
        url = make_url(os.environ[VARIABLES[kind]])
        try:
            execute(url, "SELECT 1")
        except (DBAPIError, ModuleNotFoundError) as error:
            not_permitted(f"{VARIABLES[kind]}: no server answers: {str(error).splitlines()[0]}")
        return url

    def started(kind: str) -> URL:
        installed_with, options = INSTALLED_WITH[kind], OPTIONS[kind].split()
        return make_own_server(kind, new_folder(), installed_with=installed_with, options=options).url

    def get(kind: str) -> URL:
        if kind not in urls:
            urls[kind] = named(kind) if VARIABLES[kind] in os.environ else started(kind)
        return urls[kind]

    return get


def new_folder() -> Path:
    """Create a folder with a short path in memory, or on the disk if memory is short."""
    roomy = MEMORY.is_dir() and shutil.disk_usage(MEMORY).free > MEMORY_BYTES
    return Path(tempfile.mkdtemp(prefix="shopdb-", dir=MEMORY if roomy else "/tmp"))
