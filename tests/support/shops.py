"""A site inside the test's own process: real SQLite, the installed plugins or those of the test."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta

import pytest
from databases import Database
from falcon import testing
from sqlalchemy import Connection, text

from shopdb_core.access.tokens import Role, Tokens
from shopdb_core.app import assemble
from shopdb_core.audit.entries import AuditChain
from shopdb_core.collect import Answer, Origin, Submissions
from shopdb_core.plugins.registry import Plugins
from shopdb_core.schema_check import check_schema, migration_scripts
from shopdb_core.settings import Admission, Settings
from shopdb_core.store import Store, open_store

KEY = "a-collector-key-for-tests-0123456789-abc"
ORIGIN = Origin("tester", "request-1")


@dataclass
class Shop:
    """One site's parts, and short ways to use them."""

    settings: Settings
    plugins: Plugins
    store: Store
    chain: AuditChain
    submissions: Submissions
    client: testing.TestClient

    def submit(self, plugin: str, submission: Mapping[str, object], **options: bool) -> Answer:
        """Submit from Python."""
        return self.submissions.submit(plugin, dict(submission), ORIGIN, **options)

    def post(self, plugin: str, submission: object, query: str = "", **headers: str) -> testing.Result:
        """Submit over WSGI with the collector key."""
        return self.client.simulate_post(
            f"/api/collector/{plugin}{query}", json=submission, headers={"X-API-Key": KEY, **headers}
        )

    def bearer(self, role: Role = "viewer") -> dict[str, str]:
        """Return the header of a valid token."""
        token = Tokens(self.settings.secret_key).issue("tester", role, timedelta(hours=1))
        return {"Authorization": f"Bearer {token}"}

    def get(self, path: str) -> testing.Result:
        """Read as a viewer."""
        return self.client.simulate_get(path, headers=self.bearer())

    def rows(self, sql: str, **values: object) -> list[tuple[object, ...]]:
        """Return what a query finds in the database."""

        def work(connection: Connection) -> list[tuple[object, ...]]:
            return [tuple(row) for row in connection.execute(text(sql), values)]

        return self.store.read(work)

    def count(self, table: str) -> int:
        """Return how many rows a table has."""
        ((number,),) = self.rows(f"SELECT count(*) FROM {table}")
        assert isinstance(number, int)
        return number


@pytest.fixture
def make_shop(
    make_migrated: Callable[..., Database], load_once: Callable[..., Plugins], database_kind: str
) -> Iterator[Callable[..., Shop]]:
    """Return a function that opens a site with given plugins (default: the installed) and settings."""
    stores: list[Store] = []

    def make(plugins: Mapping[str, object] | None = None, **settings: object) -> Shop:
        defaults = {
            "secret_key": "a-secret-key-for-tests-0123456789-abcdef",
            "shared_keys": (KEY,),
        }
        loaded = load_once(plugins, settings.get("admission", Admission()))
        database = make_migrated(database_kind, migration_scripts(loaded))
        chosen = Settings(**{"database_url": database.url, **defaults, **settings})
        store = open_store(chosen)
        stores.append(store)
        check_schema(store, loaded)
        client = testing.TestClient(assemble(chosen, loaded, store))
        chain = AuditChain(chosen.secret_key)
        return Shop(chosen, loaded, store, chain, Submissions(chosen, loaded, store, chain), client)

    yield make
    for store in stores:
        store.close()


@pytest.fixture
def shop(make_shop: Callable[..., Shop]) -> Shop:
    """Return a site with the installed plugins."""
    return make_shop()
