"""A site inside the test's own process: real SQLite, the installed plugins or those of the test."""

from collections.abc import Callable, Generator, Iterator, Mapping
from datetime import timedelta
from functools import cached_property

import pytest
from databases import Database
from falcon import testing
from inrounds import InRounds, in_round
from sqlalchemy import Connection, text

from shopdb_core.access.tokens import Role
from shopdb_core.app import create_app
from shopdb_core.edits.site_fields import read_site_fields
from shopdb_core.operations.metrics import make_metrics
from shopdb_core.plugins.registry import Plugins
from shopdb_core.settings import PluginSelection, Settings
from shopdb_core.site import Site, check_schema, migration_scripts
from shopdb_core.store import open_store
from shopdb_core.submissions import Origin, SubmissionResult
from shopdb_hookspecs import hookimpl

KEY = "a-collector-key-for-tests-0123456789-abc"
ORIGIN = Origin("tester", "request-1")


class Failing:
    """Wraps the hook of other plugins, and raises for one asset."""

    assetid = 0

    @hookimpl(wrapper=True)
    def store_asset(self, assetid: int) -> Generator[None, None, None]:
        yield
        if assetid == self.assetid:
            raise ValueError


class Shop(Site):
    """A site in this process with its application, and short ways to use both."""

    way = "threads"

    @cached_property
    def client(self) -> testing.TestClient:
        """Return a client of the site's application."""
        application = create_app(self, make_metrics(self))
        return testing.TestClient(InRounds(application, self.store) if self.way == "rounds" else application)

    def submit(self, plugin: str, submission: Mapping[str, object], **options: bool) -> SubmissionResult:
        """Submit from Python."""

        def call() -> SubmissionResult:
            return self.submissions.submit(plugin, dict(submission), ORIGIN, **options)

        return in_round(self.store, call) if self.way == "rounds" else call()

    def post(self, plugin: str, submission: object, query: str = "", **headers: str) -> testing.Result:
        """Submit over WSGI with the collector key."""
        return self.client.simulate_post(
            f"/api/collector/{plugin}{query}", json=submission, headers={"X-API-Key": KEY, **headers}
        )

    def bearer(self, role: Role = "viewer") -> dict[str, str]:
        """Return the header of a valid token."""
        token = self.tokens.issue("tester", role, timedelta(hours=1))
        return {"Authorization": f"Bearer {token}"}

    def get(self, path: str) -> testing.Result:
        """Read as a viewer."""
        return self.client.simulate_get(path, headers=self.bearer())

    def edit(
        self, method: str, path: str, body: object = None, role: Role = "editor", **headers: str
    ) -> testing.Result:
        """Send a request as an editor."""
        return self.client.simulate_request(method, path, json=body, headers={**self.bearer(role), **headers})

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
    make_migrated: Callable[..., Database], load_once: Callable[..., Plugins], database_kind: str, way: str
) -> Iterator[Callable[..., Shop]]:
    """Return a function that opens a site with given plugins (default: the installed) and settings."""
    shops: list[Shop] = []

    def make(plugins: Mapping[str, object] | None = None, **settings: object) -> Shop:
        defaults = {
            "secret_key": "a-secret-key-for-tests-0123456789-abcdef",
            "shared_keys": (KEY,),
        }
        loaded = load_once(plugins, settings.get("plugin_selection", PluginSelection()))
        database = make_migrated(database_kind, migration_scripts(loaded))
        chosen = Settings(**{"database_url": database.url, **defaults, **settings})
        sitefields = read_site_fields(chosen.site_fields)
        shops.append(Shop(chosen, loaded, open_store(chosen), sitefields=sitefields))
        shops[-1].way = way
        check_schema(shops[-1].store, loaded)
        return shops[-1]

    yield make
    for each in shops:
        each.close()


@pytest.fixture
def shop(make_shop: Callable[..., Shop]) -> Shop:
    """Return a site with the installed plugins."""
    return make_shop()
