"""The servers that can be measured side by side: the no-op, ShopDB on each database, and Datasette."""

import os
import secrets
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path

from harness.databases import empty_database, server_version
from harness.figures import YARDSTICK
from harness.payloads import PATH, Endpoint, Group, Kind
from harness.processes import ServerProcess, announcing, listening

SERVERS = ("sqlite", "workers", "postgresql", "mysql", "gunicorn", "granian", "baseline", "datasette")

OTHER_ENVIRONMENTS = {"baseline": "shopdb-core", "datasette": "datasette"}
"""The servers that are not part of this environment, and the distribution that another one must have."""

_YARDSTICK_PROGRAM = Path(__file__).parents[1] / "yardstick.py"
_OWN_SETTINGS = ("SHOPDB_", "COLLECTOR_API_KEY", "SECRET_KEY")
_WSGI = "shopdb_core.server.wsgi:application"
_OTHER_SERVERS: Mapping[str, Sequence[str]] = {
    "gunicorn": ("--threads", "8", "--no-control-socket", "--bind", "127.0.0.1:{port}", _WSGI),
    "granian": ("--interface", "wsgi", "--blocking-threads", "8", "--port", "{port}", _WSGI),
}
_ACTIONS: Mapping[Kind, str] = {
    "created": '"action":"created"',
    "updated": '"action":"updated"',
    "program": '"action":"updated"',
    "noop": '"action":"noop"',
    "floor": '"action":"noop"',
}
_TABLE = """
CREATE TABLE computers (
    hostname TEXT PRIMARY KEY, macaddress TEXT, osname TEXT, osversion TEXT, ipaddress TEXT, memorygb REAL,
    cputype TEXT, imagename TEXT, imageappliedat TEXT, lastboottime TEXT, currentuser TEXT,
    installedsoftware TEXT
)
"""


@dataclass(frozen=True, slots=True)
class Setup:
    """What the servers of a run are started with.

    `baseline` and `datasette` are the Python of the environments that have another ShopDB, and Datasette.
    With `threads` of `None` ShopDB uses its default, and so does the no-op.
    """

    postgresql: str
    mysql: str
    threads: int | None = None
    baseline: str | None = None
    datasette: str | None = None
    key: str = field(default_factory=secrets.token_hex)

    def environ(self, **settings: str) -> dict[str, str]:
        """Return the environment of a site: the settings, and nothing of the machine's own ShopDB."""
        inherited = {name: value for name, value in os.environ.items() if not name.startswith(_OWN_SETTINGS)}
        threads = {"SHOPDB_THREADS": str(self.threads)} if self.threads else {}
        return {
            **inherited,
            **threads,
            "SECRET_KEY": secrets.token_hex(),
            "COLLECTOR_API_KEY": self.key,
            "SHOPDB_LISTEN": "127.0.0.1:0",
            **settings,
        }

    @property
    def endpoint(self) -> Endpoint:
        """Where ShopDB takes single submissions; the no-op takes the same."""
        return Endpoint(PATH, {"X-API-Key": self.key})


@dataclass(frozen=True, slots=True)
class Server:
    """One running server, and what its answer contains to each kind of submission.

    A server without `batches` takes single submissions only; without `floor`, none of a whole floor, because
    bringing it up takes minutes.
    """

    name: str
    process: ServerProcess
    endpoint: Endpoint
    success: str
    actions: Mapping[Kind, str] = field(default_factory=dict)
    batches: Endpoint | None = None
    floor: bool = True

    def takes(self, group: Group) -> bool:
        """Return whether the server is measured with this group."""
        batch = group.lines > 1 and self.name != YARDSTICK
        return self.batches is not None if batch else self.floor or group.kind != "floor"

    def target(self, group: Group) -> tuple[Endpoint, int]:
        """Return where the server takes the submissions of a group, and how many in one request."""
        if group.lines > 1 and self.batches:
            return self.batches, group.lines
        return self.endpoint, 1

    def expected(self, kind: Kind) -> str:
        """Return what the answer contains for each submission."""
        return self.actions.get(kind, self.success)


def start(name: str, setup: Setup, folder: Path) -> AbstractContextManager[Server]:
    """Run the server of that name on a new database; its files are in `folder`."""
    if name == YARDSTICK:
        return _yardstick(setup, folder)
    if name == "datasette":
        return _datasette(setup, folder)
    return _shopdb(name, setup, folder)


@contextmanager
def _yardstick(setup: Setup, folder: Path) -> Iterator[Server]:
    command = [sys.executable, str(_YARDSTICK_PROGRAM)]
    with announcing(command, folder / "no-op.log", setup.environ()) as process:
        yield Server(YARDSTICK, process, setup.endpoint, '"status":"ok"')


@contextmanager
def _shopdb(name: str, setup: Setup, folder: Path) -> Iterator[Server]:
    database_server = {"postgresql": setup.postgresql, "mysql": setup.mysql}.get(name)
    workers = {"SHOPDB_WORKERS": "2"} if name == "workers" else {}
    python = setup.baseline if name == "baseline" and setup.baseline else sys.executable
    with empty_database(database_server, f"shopdb_benchmark_{name}_{os.getpid()}", folder) as url:
        environ = setup.environ(SHOPDB_DATABASE_URL=url, **workers)
        upgrade = [python, "-m", "shopdb_core", "db", "upgrade"]
        subprocess.run(upgrade, cwd=folder, env=environ, check=True, capture_output=True, timeout=120)
        with _serving(name, python, folder / f"{name}.log", environ) as process:
            batches = Endpoint(f"{PATH}/_batch", setup.endpoint.headers, "application/x-ndjson")
            on_file = database_server is None
            yield Server(name, process, setup.endpoint, '"status":"ok"', _ACTIONS, batches, floor=on_file)


def _serving(
    name: str, python: str, log: Path, environ: Mapping[str, str]
) -> AbstractContextManager[ServerProcess]:
    if name in _OTHER_SERVERS:
        return listening([python, "-m", name, *_OTHER_SERVERS[name]], log, environ)
    return announcing([python, "-m", "shopdb_core", "serve"], log, environ)


@contextmanager
def _datasette(setup: Setup, folder: Path) -> Iterator[Server]:
    """Run Datasette with one table, in WAL mode; it flushes each commit, as ShopDB does."""
    file = folder / "datasette.db"
    with sqlite3.connect(file) as connection:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute(_TABLE)
    connection.close()
    datasette = [setup.datasette or sys.executable, "-m", "datasette"]
    create_token = [*datasette, "create-token", "root", "--secret", setup.key]
    created = subprocess.run(create_token, check=True, capture_output=True, text=True, timeout=60)
    serve = [*datasette, "serve", str(file), "--root", "--secret", setup.key, "--port", "{port}"]
    endpoint = Endpoint(
        f"/{file.stem}/computers/-/upsert",
        {"Authorization": f"Bearer {created.stdout.strip()}"},
        before=b'{"rows":[',
        after=b"]}",
    )
    with listening(serve, folder / "datasette.log") as process:
        yield Server("datasette", process, endpoint, '"ok": true', floor=False)


def versions(names: Sequence[str], setup: Setup) -> dict[str, str]:
    """Return the versions of what is measured."""
    found = {name: version(name) for name in ("shopdb-core", "falcon", "waitress", "sqlalchemy", "orjson")}
    found["SQLite"] = sqlite3.sqlite_version
    if "postgresql" in names:
        found["PostgreSQL"] = server_version(setup.postgresql)
    if "mysql" in names:
        found["MariaDB"] = server_version(setup.mysql)
    for name, python in {"baseline": setup.baseline, "datasette": setup.datasette}.items():
        if name in names and python:
            found[name] = _in_environment(python, OTHER_ENVIRONMENTS[name]).stdout.strip()
    return found


def is_installed(python: str | None, distribution: str) -> bool:
    """Return whether the environment of that Python has a distribution."""
    return bool(python and shutil.which(python) and _in_environment(python, distribution).returncode == 0)


def _in_environment(python: str, distribution: str) -> subprocess.CompletedProcess[str]:
    program = "import sys; from importlib.metadata import version; print(version(sys.argv[1]))"
    command = [python, "-c", program, distribution]
    return subprocess.run(command, check=False, capture_output=True, text=True, timeout=60)
