"""A site records the declarations that it served, and reports those that break clients."""

import copy
import logging
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from databases import Database
from falcon import testing

from shopdb_core.access.tokens import Tokens
from shopdb_core.app import create_app
from shopdb_core.errors import Unavailable
from shopdb_core.plugins.discovery import Candidate
from shopdb_core.plugins.registry import Plugins, load_plugins
from shopdb_core.plugins.served_declarations import record_served_declarations
from shopdb_core.settings import PluginSelection, Settings
from shopdb_core.site import Site
from shopdb_core.store import Store, open_store
from shopdb_core.store.migrate import upgrade
from shopdb_hookspecs import hookimpl

Json = Any

DECLARATION = {
    "identityfield": "serial",
    "fields": {"serial": {"type": "string"}, "height": {"type": "integer"}, "depth": {"type": "integer"}},
}
LOST = "/fields/depth: was removed: its values are dropped with a warning"


def without(field: str) -> dict[str, Json]:
    """Return the declaration without one field."""
    declaration = copy.deepcopy(DECLARATION)
    del declaration["fields"][field]
    return declaration


class Rack:
    """A plugin with the declaration of the test."""

    def __init__(self, declaration: Mapping[str, Json]) -> None:
        self._declaration = declaration

    @hookimpl
    def get_collector_schema(self) -> Mapping[str, Json]:
        """Declare it."""
        return self._declaration


@pytest.fixture
def settings(database: Database) -> Settings:
    """Return the settings of a site whose tables are made."""
    upgrade(database.url, [])
    return Settings(secret_key="a-secret-key-for-tests-0123456789-abcdef", database_url=database.url)


def rack(declaration: Mapping[str, Json], version: str) -> Plugins:
    """Return the plugins of a site with one that is installed in a version."""
    (plugin,) = load_plugins(PluginSelection(), {"rack": Rack(declaration)}).all()
    assert plugin.collector is not None
    candidate = Candidate("rack", "shop-rack", version, (), "shop_rack", lambda: None)
    collector = replace(plugin.collector, distribution="shop-rack", version=version)
    return Plugins([replace(plugin, candidate=candidate, collector=collector)])


@pytest.fixture
def start(settings: Settings) -> Callable[..., dict[str, Json]]:
    """Start a site with a plugin in a version, and return what `_schemas` would add."""

    def run(declaration: Mapping[str, Json], version: str = "1.0.0") -> dict[str, Json]:
        with closing(open_store(settings)) as store:
            broken = record_served_declarations(store, rack(declaration, version))
        return {name: breakage.as_json() for name, breakage in broken.items()}

    return run


def warnings(caplog: pytest.LogCaptureFixture) -> list[str]:
    """Return the lines of the log at WARNING and above."""
    return [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING]


@pytest.mark.every_database
def test_a_breaking_change_is_logged_once_and_kept(
    start: Callable[..., dict[str, Json]], caplog: pytest.LogCaptureFixture
) -> None:
    """One line names plugin, distribution, both versions and the change; the next start still reports it."""
    assert start(DECLARATION) == {}

    first, second = start(without("depth"), "1.1.0"), start(without("depth"), "1.1.0")

    (line,) = warnings(caplog)
    assert line.startswith("plugin rack (distribution shop-rack 1.1.0) breaks what clients could rely on")
    assert f" in 1.0.0: {LOST}. Inform those who submit" in line
    assert first == second
    assert first["rack"]["previousversion"] == "1.0.0"
    assert first["rack"]["changes"] == [LOST]


def test_what_breaks_nobody_is_recorded_without_a_word(
    start: Callable[..., dict[str, Json]], database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    """After an addition, the breaking change before it is not reported any more."""
    start(DECLARATION)
    start(without("depth"), "2.0.0")
    caplog.clear()
    more = without("depth")
    more["fields"]["site"] = {"type": "string"}

    assert start(more, "2.1.0") == {}
    assert warnings(caplog) == []
    assert database.query("SELECT version, previousversion FROM serveddeclaration") == [("2.1.0", "2.0.0")]


def test_another_version_of_the_same_declaration_changes_nothing_else(
    start: Callable[..., dict[str, Json]], caplog: pytest.LogCaptureFixture
) -> None:
    """A corrected release is remembered as the one before, and what it broke is still reported."""
    start(DECLARATION)
    broken = start(without("depth"), "2.0.0")

    assert start(without("depth"), "2.0.1") == broken
    assert start(DECLARATION, "2.1.0") == {}
    start(without("height"), "2.2.0")
    assert " in 2.1.0: /fields/height: was removed" in warnings(caplog)[-1]


def test_nothing_is_written_where_nothing_changed(
    start: Callable[..., dict[str, Json]], database: Database
) -> None:
    """A start with the declaration that was served last leaves the database as it is."""
    start(DECLARATION)

    with closing(sqlite3.connect(database.file)) as watcher:
        before = watcher.execute("PRAGMA data_version").fetchone()
        start(DECLARATION)
        assert watcher.execute("PRAGMA data_version").fetchone() == before
        start(without("depth"))
        assert watcher.execute("PRAGMA data_version").fetchone() != before


@pytest.mark.every_database
def test_servers_that_start_at_once_record_and_log_once(
    settings: Settings, database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    """One of them is first; all know the same afterwards."""
    stores = [open_store(settings) for _ in range(4)]
    found: list[dict[str, Json]] = []

    def all_start(declaration: Mapping[str, Json], version: str) -> None:
        together = threading.Barrier(len(stores))

        def begin(store: Json) -> None:
            plugins = rack(declaration, version)
            together.wait(10)
            found.append(
                {name: each.as_json() for name, each in record_served_declarations(store, plugins).items()}
            )

        threads = [threading.Thread(target=begin, args=[store]) for store in stores]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)

    all_start(DECLARATION, "1.0.0")
    all_start(without("depth"), "2.0.0")
    for store in stores:
        store.close()

    assert found[:4] == [{}] * 4
    assert found[4:] == [found[4]] * 4
    assert found[4]["rack"]["changes"] == [LOST]
    assert len(warnings(caplog)) == 1
    assert database.query("SELECT count(*) FROM serveddeclaration") == [(1,)]


def test_schemas_tells_what_was_broken_and_its_tag_follows(settings: Settings) -> None:
    """The member exists only where something is broken, for all collectors and for one."""
    answers = []
    for declaration in (DECLARATION, without("depth")):
        with Site.open(settings, {"rack": Rack(declaration)}) as site:
            answers.append(read(testing.TestClient(create_app(site)), settings))

    (before, tag), (after, other) = answers
    assert "breakingchanges" not in before
    assert after["breakingchanges"]["changes"] == [LOST]
    assert after["breakingchanges"]["previousversion"] is None
    assert after["breakingchanges"]["since"].endswith("Z")
    assert tag != other


def read(client: testing.TestClient, settings: Settings) -> tuple[dict[str, Json], str]:
    """Return what `_schemas` answers about the rack, and its entity tag."""
    token = Tokens(settings.secret_key).issue("tester", "viewer", timedelta(hours=1))
    headers = {"Authorization": f"Bearer {token}"}
    answer = client.simulate_get("/api/collector/_schemas/rack", headers=headers)
    everything = client.simulate_get("/api/collector/_schemas", headers=headers)
    assert everything.json["collectors"]["rack"] == answer.json
    return answer.json, answer.headers["etag"]


def test_a_wrapper_s_change_counts(settings: Settings, caplog: pytest.LogCaptureFixture) -> None:
    """The served declaration is compared, with the changes of wrappers."""

    class House:
        @hookimpl(wrapper=True)
        def get_collector_schema(self):
            declaration = yield
            return declaration and {**declaration, "required": ["height"]}

    Site.open(settings, {"rack": Rack(DECLARATION)}).close()
    Site.open(settings, {"rack": Rack(DECLARATION), "house": House()}).close()

    (line,) = warnings(caplog)
    assert "plugin rack (distribution unknown) breaks" in line
    assert '/required/0: "height" is now required' in line


def test_a_plugin_that_is_away_is_not_forgotten(settings: Settings, caplog: pytest.LogCaptureFixture) -> None:
    """It comes back with another declaration, and is compared with what it served before it went."""
    Site.open(settings, {"rack": Rack(DECLARATION)}).close()
    Site.open(settings, {}).close()
    Site.open(settings, {"rack": Rack(without("depth"))}).close()

    assert LOST in warnings(caplog)[-1]


def test_a_record_that_this_release_cannot_read_counts_as_breaking(
    start: Callable[..., dict[str, Json]], database: Database
) -> None:
    """A declaration of a release with another vocabulary stops no start."""
    start(DECLARATION)
    database.query('UPDATE serveddeclaration SET declaration = \'{"identityfield": "serial"}\'')

    (change,) = start(without("depth"))["rack"]["changes"]
    assert "compare the two by hand" in change


def test_the_application_for_other_servers_remembers_too(site: Any) -> None:
    """What gunicorn and its like load records what they are about to serve."""
    command = [sys.executable, "-c", "import shopdb_core.server.wsgi"]
    subprocess.run(command, cwd=site.directory, env=site.environ, check=True, timeout=60)

    recorded = site.database.query("SELECT plugin, version FROM serveddeclaration ORDER BY plugin")
    assert recorded == [("computers", "1.1.0"), ("printers", "1.1.0")]


class Full:
    """A store that reads and takes no writes."""

    def __init__(self, store: Store) -> None:
        self.read = store.read

    def transaction(self, _work: object) -> object:
        """Refuse."""
        raise Unavailable("The disk is full.")


def test_a_database_that_takes_no_writes_stops_no_server(
    settings: Settings, start: Callable[..., dict[str, Json]], caplog: pytest.LogCaptureFixture
) -> None:
    """The log says that nothing was recorded, and what breaks is reported nevertheless."""
    start(DECLARATION)
    with closing(open_store(settings)) as store:
        assert record_served_declarations(Full(store), rack(DECLARATION, "1.0.0")) == {}
        broken = record_served_declarations(Full(store), rack(without("depth"), "2.0.0"))

    assert broken["rack"].changes == (LOST,)
    assert broken["rack"].since is None
    assert warnings(caplog) == [
        "the served declarations were not recorded, the next start tries again: The disk is full."
    ]
