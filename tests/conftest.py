"""What every test may ask for: a site in a directory of its own, a server on it, and the test data."""

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import NoReturn

import falcon.inspect
import forking
import httpx
import hypothesis
import pytest
from database_servers import make_own_server
from databases import KINDS, SERVERS, Database
from machine import without_settings
from throwaway import database, database_kind, make_database, make_migrated, template
from throwaway_servers import server_url

from shopdb_core.plugins.registry import Plugins, load_plugins
from shopdb_core.settings import PluginSelection
from shopdb_core.site import migration_scripts
from shopdb_core.store.migrate import upgrade
from shopdb_core.web.parameters import Router

__all__ = [  # fixtures for every test
    "database",
    "database_kind",
    "make_database",
    "make_migrated",
    "make_own_server",
    "server_url",
    "template",
]

# An example is not slow because other tests run beside it.
hypothesis.settings.register_profile("crowded", hypothesis.settings(), deadline=None)
hypothesis.settings.load_profile("crowded")

# Falcon inspects its own class of routers only, unless it is told of another.
falcon.inspect.register_router(Router)(falcon.inspect.inspect_compiled_router)

pytest_plugins = ["pytester"]  # pytest knows it in the topmost conftest alone

FULL_SIZE = os.environ.get("SHOPDB_TEST_FULL") == "1"
"""Whether tests have their full size, as every night."""

LONGEST_TEST = timedelta(minutes=2)
"""How long a test that needs `today` takes at most."""

SECRET_KEY = "a-secret-key-for-tests-0123456789-abcdef"
COLLECTOR_KEY = "a-collector-key-for-tests-0123456789-abc"
REPOSITORY = Path(__file__).parents[1]

SHOWN_ADDRESS = "127.0.0.1:8080"
SHOWN_COMMANDS = re.findall(
    r"(?m)^((?:gunicorn|granian) .*)$", (REPOSITORY / "docs/deploy.md").read_text(encoding="utf-8")
)
OTHER_SERVERS = {command.split()[0]: command for command in SHOWN_COMMANDS} | {
    "workers": "shopdb_core serve --workers 2",
    # What gunicorn does by itself: one worker of one thread.
    "gunicorn-sync": (
        f"gunicorn --bind {SHOWN_ADDRESS} --no-control-socket shopdb_core.server.wsgi:application"
    ),
}


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run a test that is marked so on every database, on every server, and in both ways of a SQLite site."""
    has_servers = FULL_SIZE or not metafunc.definition.get_closest_marker("servers_nightly")
    on_all = metafunc.definition.get_closest_marker("every_database")
    kinds = KINDS if on_all and has_servers else ("sqlite",)
    if metafunc.definition.get_closest_marker("every_way"):
        ways = [*((kind, "threads") for kind in kinds), ("sqlite", "rounds")]
        metafunc.parametrize(("database_kind", "way"), ways)
    elif on_all:
        metafunc.parametrize("database_kind", kinds)
    if metafunc.definition.get_closest_marker("every_server"):
        metafunc.parametrize("database_kind", SERVERS)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what runs in full size only."""
    if FULL_SIZE:
        return
    left_out = [item for item in items if item.get_closest_marker("full_size")]
    items[:] = [item for item in items if not item.get_closest_marker("full_size")]
    config.hook.pytest_deselected(items=left_out)


@pytest.fixture(scope="session")
def scale() -> Callable[[int, int], int]:
    """Return a function that picks a test's small size, or with SHOPDB_TEST_FULL=1 its full one."""
    return lambda small, large: large if FULL_SIZE else small


@dataclass
class RunningServer:
    """A server in a process of its own; the test ends it, or the fixture does."""

    process: subprocess.Popen[str] | forking.ForkedProcess
    url: str
    log: Path
    key: str = COLLECTOR_KEY
    leads_group: bool = False
    line: str = ""

    def client(self, **options: object) -> httpx.Client:
        """Return an HTTP client that sends the collector key."""
        return httpx.Client(
            base_url=self.url,
            headers={"X-API-Key": self.key},
            **{"timeout": 30, "trust_env": False, **options},
        )

    def submit(self, plugin: str, submission: object) -> httpx.Response:
        """Post one submission."""
        with self.client() as client:
            return client.post(f"/api/collector/{plugin}", json=submission)

    def is_well(self) -> bool:
        """Tell whether it answers."""
        try:
            return httpx.get(f"{self.url}/api/health", timeout=30, trust_env=False).is_success
        except httpx.TransportError:
            return False

    def stop(self) -> int:
        """Send SIGTERM and wait for the exit code."""
        self.process.terminate()
        return self.process.wait(timeout=60)

    def kill(self) -> None:
        """Send SIGKILL, to all its processes where they are a group of their own, and wait."""
        if self.leads_group:
            with suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)
        else:
            self.process.kill()
        self.process.wait(timeout=60)


@dataclass
class Site:
    """One directory with a `.env` file, and the command line run in it."""

    directory: Path
    database: Database
    forks: forking.ForkServer | None
    variables: dict[str, str] = field(default_factory=dict)
    python: str = sys.executable
    servers: list[RunningServer] = field(default_factory=list)

    @property
    def environ(self) -> dict[str, str]:
        """The environment of every command: nothing of the machine's own ShopDB settings."""
        return {**without_settings(), "NO_COLOR": "1", **self.variables}

    def run(self, *arguments: str, **options: object) -> subprocess.CompletedProcess[str]:
        """Run `shopdb ARGUMENTS` to its end."""
        options = {"timeout": 120, **options}
        if self._can_fork(arguments) and options.keys() <= {"timeout", "input"}:
            given, seconds = options.get("input") or "", options["timeout"]
            return self.forks.run(arguments, self.directory, self.environ, given, seconds)
        command = [self.python, "-m", "shopdb_core", *arguments]
        return subprocess.run(
            command,
            check=False,
            cwd=self.directory,
            env=self.environ,
            capture_output=True,
            text=True,
            **options,
        )

    def _can_fork(self, arguments: Sequence[str]) -> bool:
        """Whether a fork of a process that has imported everything is the same as a new one."""
        is_short = sum(map(len, (*arguments, *self.environ.values()))) < forking.MOST_BYTES
        is_same = self.python == sys.executable and forking.suits(self.environ)
        return self.forks is not None and is_same and is_short

    def upgrade(self) -> None:
        """Make or bring up to date the database."""
        done = self.run("db", "upgrade")
        assert done.returncode == 0, done.stderr

    def token(self, role: str = "viewer") -> str:
        """Return a token in `role`."""
        done = self.run("token", "create", "--subject", "tester", "--role", role)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def serve(self, *wrapper: str, options: Sequence[str] = ()) -> RunningServer:
        """Start a server on a free port, under the command `wrapper` if one is given."""
        log = self.directory / f"server-{len(self.servers)}.log"
        arguments = ("serve", *options)
        with log.open("w") as stderr:
            if not wrapper and self._can_fork(arguments):
                process = self.forks.start_piped(arguments, self.directory, self.environ, stderr)
            else:
                process = subprocess.Popen(
                    [*wrapper, self.python, "-m", "shopdb_core", *arguments],
                    cwd=self.directory,
                    env=self.environ,
                    stdout=subprocess.PIPE,
                    stderr=stderr,
                    text=True,
                )
        assert process.stdout is not None
        line = process.stdout.readline()
        assert "http://" in line, f"the server did not start: {log.read_text()}"
        server = RunningServer(process, re.findall(r"http://[\w.:\[\]]+", line)[0], log, line=line)
        self.servers.append(server)
        return server

    def start_other(self, command: str) -> RunningServer:
        """Start another WSGI server by a command as the documents show it, on a free port."""
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = str(probe.getsockname()[1])
        command = re.sub(r"(--bind 127\.0\.0\.1:|--port )8080", rf"\g<1>{port}", command)
        log = self.directory / f"server-{len(self.servers)}.log"
        with log.open("w") as output:
            process = subprocess.Popen(
                [sys.executable, "-m", *command.split()],
                cwd=self.directory,
                env={**self.environ, "SHOPDB_LISTEN": f"127.0.0.1:{port}"},
                stdout=output,
                stderr=output,
                text=True,
                start_new_session=True,
            )
        server = RunningServer(process, f"http://127.0.0.1:{port}", log, leads_group=True)
        self.servers.append(server)
        return server

    def serve_by(self, command: str) -> RunningServer:
        """Start another WSGI server, and wait until it answers."""
        server = self.start_other(command)
        deadline = time.monotonic() + 60
        while not server.is_well():
            assert server.process.poll() is None, server.log.read_text()
            assert time.monotonic() < deadline, server.log.read_text()
            time.sleep(0.05)
        return server


@pytest.fixture(params=OTHER_SERVERS)
def other_server(request: pytest.FixtureRequest) -> str:
    """Return the command of each other WSGI server in turn; one that is not installed fails."""
    return OTHER_SERVERS[request.param]


@pytest.fixture(scope="session")
def forks() -> Iterator[forking.ForkServer]:
    """Return what runs commands without importing everything each time."""
    server = forking.ForkServer()
    yield server
    server.close()


@pytest.fixture
def make_site(
    tmp_path: Path,
    make_database: Callable[[str], Database],
    database_kind: str,
    forks: forking.ForkServer,
    request: pytest.FixtureRequest,
) -> Iterator[Callable[..., Site]]:
    """Return a function that makes a site with a database of its own; its variables may be given.

    Its servers are ended afterwards.
    """
    sites: list[Site] = []
    # What measures memory or time measures a process as a site has it.
    forks_or_none = None if request.node.get_closest_marker("alone") else forks

    def make(directory: Path | None = None, variables: Mapping[str, str] | None = None) -> Site:
        place = directory or tmp_path / f"site{len(sites)}"
        place.mkdir(parents=True, exist_ok=True)
        defaults = {
            "SECRET_KEY": SECRET_KEY,
            "COLLECTOR_API_KEY": COLLECTOR_KEY,
            "SHOPDB_LISTEN": "127.0.0.1:0",
        }
        # Where a site that says nothing has it.
        database = Database("sqlite", f"sqlite:///{place}/shopdb.sqlite3")
        if database_kind != "sqlite":
            database = make_database(database_kind)
            defaults["SHOPDB_DATABASE_URL"] = database.url
        site = Site(place, database, forks_or_none, {**defaults, **(variables or {})})
        sites.append(site)
        return site

    yield make
    for site in sites:
        for server in site.servers:
            if server.process.poll() is None or server.leads_group:
                server.kill()
            if server.process.stdout is not None:
                server.process.stdout.close()


@pytest.fixture
def way() -> str:
    """Return how a site in the process of the test answers submissions: in `threads` or `rounds`."""
    return "threads"


@pytest.fixture(scope="session")
def load_once() -> Callable[..., Plugins]:
    """Return a function that loads plugins as `load_plugins` does, but the installed ones only once.

    Each caller has states of its own: what one quarantines serves the next.
    """
    everybody = PluginSelection()
    installed = load_plugins(everybody)

    def load(
        plugins: Mapping[str, object] | None = None, plugin_selection: PluginSelection = everybody
    ) -> Plugins:
        if plugins is None and plugin_selection == everybody:
            return Plugins(installed.all())
        return load_plugins(plugin_selection, plugins)

    return load


@pytest.fixture
def site(make_site: Callable[..., Site], load_once: Callable[..., Plugins]) -> Site:
    """Return a site whose database is up to date, with every installed plugin."""
    made = make_site()
    # As `shopdb db upgrade` does it, without the start of a process.
    upgrade(made.database.url, migration_scripts(load_once()))
    return made


@pytest.fixture
def server(site: Site) -> RunningServer:
    """Return a running server of `site`."""
    return site.serve()


@pytest.fixture
def today() -> date:
    """Return the day in UTC; shortly before its end, wait for the next one, so that a test has one day.

    A test asks for it before what it stores, or by `usefixtures`.
    """
    day = datetime.now(UTC).date()
    while datetime.now(UTC) + LONGEST_TEST > datetime.combine(
        day + timedelta(days=1), datetime.min.time(), UTC
    ):
        time.sleep(1)
        day = datetime.now(UTC).date()
    return day


@pytest.fixture(scope="session")
def not_permitted() -> Callable[[str], NoReturn]:
    """Return a function that skips a test for a reason; in CI, where all is permitted, it fails."""

    def give_up(reason: str) -> NoReturn:
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)

    return give_up


@pytest.fixture(scope="session")
def testdata() -> Path:
    """Return the folder of data that others wrote; without it the test is skipped, in CI it fails."""
    folder = Path(os.environ.get("SHOPDB_TEST_DATA", REPOSITORY.parent / "shared" / "data"))
    if not folder.is_dir():
        if os.environ.get("CI"):
            pytest.fail(f"SHOPDB_TEST_DATA: there is no folder {folder}")
        pytest.skip("SHOPDB_TEST_DATA names no folder")
    return folder
