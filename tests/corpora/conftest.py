"""A site inside the test's own process, on SQLite, with a collector that takes any JSON."""

import json
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
from falcon import testing

from shopdb_core.access.tokens import Role, Tokens
from shopdb_core.app import assemble
from shopdb_core.plugins.registry import load_plugins
from shopdb_core.schema_check import migration_scripts
from shopdb_core.settings import Settings
from shopdb_core.store import Store, open_store
from shopdb_core.store.upgrade import upgrade
from shopdb_hookspecs import Json, JsonObject, hookimpl

KEY = "a-collector-key-for-tests-0123456789-abc"
SECRET_KEY = "a-secret-key-for-tests-0123456789-abcdef"


class AnyJson:
    """A collector whose only field takes any JSON."""

    @hookimpl
    def get_collector_schema(self) -> JsonObject:
        """Declare a name and the field."""
        return {"identityfield": "name", "fields": {"name": {"type": "string"}, "field": {}}}


@dataclass
class Shop:
    """A site's application and its database file."""

    client: testing.TestClient
    file: Path
    key: str = KEY
    secret_key: str = SECRET_KEY

    def post(self, plugin: str, content: bytes, query: str = "", **headers: str) -> testing.Result:
        """Post bytes as they are, as JSON and with the collector key unless `headers` say otherwise."""
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.client.simulate_post(
            f"/api/collector/{plugin}{query}",
            body=content,
            headers={"Content-Type": "application/json", "X-API-Key": self.key, **given},
        )

    def submit(self, plugin: str, submission: Json, query: str = "", **headers: str) -> testing.Result:
        """Post a submission, in ASCII, so that half a surrogate pair can be sent."""
        return self.post(plugin, json.dumps(submission).encode(), query, **headers)

    def token(self, role: Role = "viewer") -> str:
        """Return a valid token."""
        return Tokens(self.secret_key).issue("tester", role, timedelta(hours=1))

    def query(self, sql: str) -> list[tuple]:
        """Return the rows of a query on the database file."""
        with closing(sqlite3.connect(self.file)) as connection:
            return connection.execute(sql).fetchall()

    def attributes(self) -> dict[str, JsonObject]:
        """Return the stored attributes of every asset, by its identity."""
        rows = self.query("SELECT identityvalue, attributes FROM asset JOIN assetattributes USING (assetid)")
        return {identity: json.loads(attributes) for identity, attributes in rows}

    def counts(self) -> dict[str, int]:
        """Return how many rows each table has."""
        tables = [name for (name,) in self.query("SELECT name FROM sqlite_master WHERE type = 'table'")]
        return {table: self.query(f'SELECT count(*) FROM "{table}"')[0][0] for table in tables}


@pytest.fixture
def make_shop(tmp_path: Path) -> Iterator[Callable[..., Shop]]:
    """Return a function that opens a site with given plugins (default: the installed) and settings."""
    stores: list[Store] = []

    def make(plugins: Mapping[str, object] | None = None, **values: object) -> Shop:
        file = tmp_path / f"shop{len(stores)}.sqlite3"
        defaults = {"secret_key": SECRET_KEY, "shared_keys": (KEY,), "database_url": f"sqlite:///{file}"}
        settings = Settings(**{**defaults, **values})
        loaded = load_plugins(settings.admission, plugins)
        upgrade(settings.database_url, migration_scripts(loaded))
        stores.append(open_store(settings))
        return Shop(testing.TestClient(assemble(settings, loaded, stores[-1])), file)

    yield make
    for store in stores:
        store.close()


@pytest.fixture
def shop(make_shop: Callable[..., Shop]) -> Shop:
    """Return a site with the installed plugins."""
    return make_shop()


@pytest.fixture
def anyshop(make_shop: Callable[..., Shop]) -> Shop:
    """Return a site with the collector `anyjson` alone."""
    return make_shop({"anyjson": AnyJson()})
