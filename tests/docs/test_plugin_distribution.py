"""Whether broken plugins affect a site as docs/plugin-distribution.md describes."""

from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest
from agreement import text_agrees
from documents import code, table

from shopdb_core.errors import ConfigurationError
from shopdb_core.plugins.registry import Plugin, load_plugins
from shopdb_core.settings import PluginSelection, Settings
from shopdb_core.site import check_schema, migration_scripts
from shopdb_core.store import open_store
from shopdb_core.store.migrate import upgrade

WRONG = "| what is wrong | then | message |"

SOUND = """
from shopdb_hookspecs import hookimpl

@hookimpl
def get_collector_schema():
    return {"identityfield": "number", "fields": {"number": {"type": "string"}}}
"""

MIGRATING = f"""{SOUND}
@hookimpl
def get_migrations():
    return __file__.replace("shopdb_rooms.py", "migrations")
"""

MIGRATION = """
from alembic import op

revision = {revision!r}
down_revision = {previous!r}

def upgrade():
    op.execute({statement!r})
"""

FIRST = MIGRATION.format(
    revision="rooms_0001", previous=None, statement="CREATE TABLE rooms_room (number INTEGER)"
)
SECOND = MIGRATION.format(
    revision="rooms_0002", previous="rooms_0001", statement="ALTER TABLE rooms_room ADD COLUMN size INTEGER"
)
FAILING = MIGRATION.format(
    revision="rooms_0001", previous=None, statement="ALTER TABLE rooms_nowhere ADD COLUMN size INTEGER"
)


@dataclass(frozen=True)
class Fault:
    """A faulty plugin and its site; `ran` are the migrations that ran, `present` those that exist now."""

    source: str = SOUND
    name: str = "rooms"
    requires: tuple[str, ...] = ()
    duplicate: bool = False
    plugins: frozenset[str] | None = None
    ran: tuple[str, ...] = ()
    present: tuple[str, ...] = ()


FAULTS = {
    "its import raises, or ends Python": Fault("raise OSError('no such file: rooms.csv')"),
    "it misspells a hook": Fault(SOUND.replace("get_collector", "get_colector")),
    "it forgets to mark a hook": Fault(SOUND.replace("@hookimpl", "")),
    "a hook has an argument that it does not get": Fault(SOUND.replace("schema()", "schema(room)")),
    "a hook is asynchronous": Fault(SOUND.replace("def get", "async def get")),
    "its declaration has a fault": Fault(SOUND.replace("string", "text")),
    "a hook that is asked at start raises": Fault(
        f"{SOUND}\n@hookimpl\ndef get_reports():\n    raise LookupError('floors')\n"
    ),
    "it is made for another `shopdb-hookspecs`": Fault(requires=("shopdb-hookspecs>=2.0,<3",)),
    "its migrations cannot be read": Fault(MIGRATING, present=(FIRST, FIRST)),
    "a migration failed in `shopdb db upgrade`, which exits with 1": Fault(
        MIGRATING, ran=(FAILING,), present=(FAILING,)
    ),
    "its tables were made by a later release": Fault(MIGRATING, ran=(FIRST, SECOND), present=(FIRST,)),
    "its migrations have not run yet": Fault(MIGRATING, present=(FIRST,)),
    "another plugin has the same name": Fault(duplicate=True),
    "its name is impossible or reserved": Fault(name="Rooms"),
    "`SHOPDB_PLUGINS` names it, and it is not installed": Fault(
        name="halls", plugins=frozenset({"computers", "rooms"})
    ),
}


@pytest.fixture
def rows(docs: Path) -> dict[str, list[str]]:
    """The outcome and message of each fault in the document."""
    text = (docs / "plugin-distribution.md").read_text(encoding="utf-8")
    return {row[0]: row[1:] for row in table(text, WRONG)}


def test_every_fault_is_tried(rows):
    """The document and this test have the same faults."""
    assert list(rows) == list(FAULTS)


@pytest.mark.parametrize("what", FAULTS)
def test_a_broken_plugin_has_the_documented_effect(rows, install, tmp_path, what):
    """It is quarantined, or the server does not start, with the message of the document; others serve."""
    then, message = rows[what]

    actual = _start(FAULTS[what], install, tmp_path)

    assert actual[0] == then
    assert text_agrees(code(message)[0], actual[1]), actual[1]


def _start(fault: Fault, install: Callable[..., None], folder: Path) -> tuple[str, str]:
    """Return the state of the plugin, or `no start`, and the message."""
    install("shopdb-rooms", fault.source, {fault.name: "shopdb_rooms"}, fault.requires)
    if fault.duplicate:
        install("shopdb-floors", SOUND, {fault.name: "shopdb_floors"})
    try:
        plugin = _served(fault, folder)
    except ConfigurationError as error:
        return "no start", str(error)
    return plugin.state, plugin.reason


def _served(fault: Fault, folder: Path) -> Plugin:
    url = f"sqlite:///{folder}/site.sqlite3"
    _write_migrations(folder, fault.ran or fault.present)
    loaded = load_plugins(PluginSelection(plugins=fault.plugins))
    others = [scripts for scripts in migration_scripts(loaded) if scripts.name != "rooms"]
    upgrade(url, migration_scripts(loaded) if fault.ran else others)
    _write_migrations(folder, fault.present)
    settings = Settings(secret_key="a-secret-key-for-tests-0123456789-abcdef", database_url=url)
    with closing(open_store(settings)) as store:
        check_schema(store, loaded)
    assert loaded.get("computers").state == "active"
    return loaded.get("rooms")


def _write_migrations(folder: Path, migrations: tuple[str, ...]) -> None:
    """Leave exactly these in the plugin's directory."""
    directory = folder / "migrations"
    directory.mkdir(exist_ok=True)
    for old in directory.glob("*.py"):
        old.unlink()
    for number, migration in enumerate(migrations):
        (directory / f"{number:04}.py").write_text(migration)
