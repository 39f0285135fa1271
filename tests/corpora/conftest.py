"""A site inside the test's own process, with a collector that takes any JSON, and what it is posted."""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
from databases import Database
from falcon import testing
from inrounds import InRounds
from sqlalchemy import create_engine, inspect, make_url

from shopdb_core.access.tokens import Role, Tokens
from shopdb_core.app import create_app
from shopdb_core.plugins.registry import Plugins
from shopdb_core.settings import PluginSelection, Settings
from shopdb_core.site import Site, migration_scripts
from shopdb_core.store import open_store
from shopdb_hookspecs import Json, JsonObject, hookimpl

KEY = "a-collector-key-for-tests-0123456789-abc"
SECRET_KEY = "a-secret-key-for-tests-0123456789-abcdef"

CONTROLS = [
    "a\r\nb",
    "a\tb",
    "\x1b[31mred\x1b[0m",
    "a\x07b",
    "a\x7fb",
    "a\u2028b",
    "\u202egnp.exe",
    "a\ufeffb",
]


class AnyJson:
    """A collector whose only field takes any JSON."""

    @hookimpl
    def get_collector_schema(self) -> JsonObject:
        """Declare a name and the field."""
        return {"identityfield": "name", "fields": {"name": {"type": "string"}, "field": {}}}


@dataclass
class Shop:
    """A site's application and its database."""

    client: testing.TestClient
    database: Database
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
        """Return the rows of a query on the database."""
        return self.database.query(sql)

    def attributes(self) -> dict[str, JsonObject]:
        """Return the stored attributes of every asset, by its identity."""
        rows = self.query("SELECT identityvalue, attributes FROM asset JOIN assetattributes USING (assetid)")
        return {identity: json.loads(attributes) for identity, attributes in rows}

    def counts(self) -> dict[str, int]:
        """Return how many rows each table has."""
        engine = create_engine(make_url(self.database.url))
        tables = inspect(engine).get_table_names()
        engine.dispose()
        return {table: self.query(f"SELECT count(*) FROM {table}")[0][0] for table in tables}


@pytest.fixture
def make_shop(
    make_migrated: Callable[..., Database], load_once: Callable[..., Plugins], database_kind: str, way: str
) -> Iterator[Callable[..., Shop]]:
    """Return a function that opens a site with given plugins (default: the installed) and settings.

    Its database is of the test's kind, unless another `kind` is asked for.
    """
    sites: list[Site] = []

    def make(
        plugins: Mapping[str, object] | None = None, kind: str = database_kind, **values: object
    ) -> Shop:
        loaded = load_once(plugins, values.get("plugin_selection", PluginSelection()))
        database = make_migrated(kind, migration_scripts(loaded))
        defaults = {"secret_key": SECRET_KEY, "shared_keys": (KEY,), "database_url": database.url}
        settings = Settings(**{**defaults, **values})
        sites.append(Site(settings, loaded, open_store(settings)))
        application = create_app(sites[-1])
        if way == "rounds":
            return Shop(testing.TestClient(InRounds(application, sites[-1].store)), database)
        return Shop(testing.TestClient(application), database)

    yield make
    for site in sites:
        site.close()


@pytest.fixture
def shop(make_shop: Callable[..., Shop]) -> Shop:
    """Return a site with the installed plugins."""
    return make_shop()


@pytest.fixture
def anyjson() -> dict[str, object]:
    """Return plugins of which the collector `anyjson` is the only one."""
    return {"anyjson": AnyJson()}


@pytest.fixture
def anyshop(make_shop: Callable[..., Shop], anyjson: dict[str, object]) -> Shop:
    """Return a site with the collector `anyjson` alone."""
    return make_shop(anyjson)


@pytest.fixture
def strings(testdata: Path) -> list[str]:
    """Return the 515 strings of the Big List of Naughty Strings, and control characters."""
    naughty = json.loads((testdata / "blns.json").read_text("utf-8"))
    assert len(naughty) == 515
    return [*naughty, *CONTROLS]


@pytest.fixture
def parsing_files(testdata: Path) -> dict[str, bytes]:
    """Return the 318 files that a reader is tried with."""
    files = {path.stem: path.read_bytes() for path in testdata.glob("jsontestsuite/test_parsing/*.json")}
    assert len(files) == 318
    return files
