"""Database servers that a test starts itself, so that it may kill, freeze and starve them."""

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import psutil
import pytest
from databases import CREATE, Database, administer, execute
from sqlalchemy import URL, make_url
from sqlalchemy.exc import DBAPIError

START_SECONDS = 60


class Recipe(Protocol):
    """How one kind of server is installed and run; `options` are its own, as for its command line."""

    account: str
    """The account that it runs as if the tests run as root: PostgreSQL refuses root, MariaDB warns."""
    programs: tuple[str, ...]

    def installation(self, folder: Path, options: list[str]) -> list[str]:
        """Return the command that makes the data folder."""
        ...

    def running(self, folder: Path, port: int, options: list[str]) -> list[str]:
        """Return the command that runs the server in the foreground."""
        ...

    def url(self, port: int) -> URL:
        """Return the URL of its administrator."""
        ...


@dataclass(frozen=True)
class PostgreSQL:
    """PostgreSQL, with small segments of its log."""

    account: str = "postgres"
    programs: tuple[str, ...] = ("initdb", "postgres")

    def installation(self, folder: Path, options: list[str]) -> list[str]:
        plain = ["--auth=trust", "--no-locale", "--encoding=UTF8", "--wal-segsize=1"]
        return [found("initdb"), f"--pgdata={folder}/data", "--username=postgres", *plain, *options]

    def running(self, folder: Path, port: int, options: list[str]) -> list[str]:
        small = ["-c", "shared_buffers=16MB", "-c", "min_wal_size=2MB", "-c", "max_wal_size=16MB"]
        place = ["-D", f"{folder}/data", "-h", "127.0.0.1", "-p", str(port), "-k", ""]
        return [found("postgres"), *place, *small, *options]

    def url(self, port: int) -> URL:
        return make_url(f"postgresql+psycopg://postgres@127.0.0.1:{port}/postgres")


@dataclass(frozen=True)
class MariaDB:
    """MariaDB, with a small log."""

    account: str = "mysql"
    programs: tuple[str, ...] = ("mariadb-install-db", "mariadbd")

    def installation(self, folder: Path, options: list[str]) -> list[str]:
        plain = ["--auth-root-authentication-method=normal", "--skip-test-db", "--innodb-log-file-size=8M"]
        place = [f"--datadir={folder}/data", f"--tmpdir={folder}"]
        return [found("mariadb-install-db"), "--no-defaults", *place, *plain, *options]

    def running(self, folder: Path, port: int, options: list[str]) -> list[str]:
        small = ["--innodb-buffer-pool-size=16M", "--innodb-log-file-size=8M"]
        small += ["--innodb-autoextend-increment=1"]  # 64 MiB by default, for which a small disk has no room
        place = [f"--datadir={folder}/data", f"--socket={folder}/socket", f"--tmpdir={folder}"]
        listen = ["--bind-address=127.0.0.1", f"--port={port}"]
        return [found("mariadbd"), "--no-defaults", *place, *listen, *small, *options]

    def url(self, port: int) -> URL:
        return make_url(f"mysql+mysqldb://root@127.0.0.1:{port}/mysql")


RECIPES: dict[str, Recipe] = {"postgresql": PostgreSQL(), "mysql": MariaDB()}


def found(program: str) -> str | None:
    """Return the path of a server's program; Debian keeps PostgreSQL's outside the search path."""
    elsewhere = sorted(map(str, Path("/usr/lib/postgresql").glob("*/bin")), reverse=True)
    return shutil.which(program, path=os.pathsep.join([os.environ["PATH"], "/usr/sbin", *elsewhere]))


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


@dataclass
class OwnServer:
    """One database server with a data folder and a port of its own."""

    kind: str
    folder: Path
    options: list[str] = field(default_factory=list)
    port: int = field(default_factory=free_port)
    process: subprocess.Popen[bytes] | None = None
    databases: int = 0

    @property
    def url(self) -> URL:
        """The URL of its administrator."""
        return RECIPES[self.kind].url(self.port)

    @property
    def data(self) -> Path:
        """The folder of its files."""
        return self.folder / "data"

    def install(self, *options: str) -> None:
        """Make the data folder."""
        command = RECIPES[self.kind].installation(self.folder, list(options))
        if os.getuid() == 0:
            for place in (self.folder, *self.folder.iterdir()):
                shutil.chown(place, RECIPES[self.kind].account)
        done = subprocess.run(self._as_account(command), check=False, capture_output=True, cwd=self.folder)
        assert done.returncode == 0, done.stdout + done.stderr

    def start(self) -> None:
        """Start it, and return once it takes connections."""
        command = RECIPES[self.kind].running(self.folder, self.port, self.options)
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(
                self._as_account(command), stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=self.folder
            )
        deadline = time.monotonic() + START_SECONDS
        while not self.answers():
            assert self.process.poll() is None, (self.folder / "log").read_text()[-2000:]
            assert time.monotonic() < deadline, "the database server does not start"
            time.sleep(0.02)

    def answers(self) -> bool:
        """Whether a statement succeeds."""
        with suppress(DBAPIError):
            execute(self.url, "SELECT 1")
            return True
        return False

    def kill(self) -> None:
        """Send SIGKILL to the server and its child processes."""
        self._signal_all(signal.SIGKILL)
        self.process.wait(timeout=20)

    def stop(self) -> None:
        """Stop it cleanly, without waiting for its clients."""
        # PostgreSQL waits for its clients on SIGTERM, and disconnects them on SIGINT.
        self.process.send_signal(signal.SIGINT if self.kind == "postgresql" else signal.SIGTERM)
        self.process.wait(timeout=60)

    def ensure_running(self) -> None:
        """Start it unless it runs."""
        if self.process is None or self.process.poll() is not None:
            self.start()

    @contextmanager
    def frozen(self) -> Iterator[None]:
        """Stop all its processes within the block: connections stay open, but are not answered."""
        self._signal_all(signal.SIGSTOP)
        try:
            yield
        finally:
            self._signal_all(signal.SIGCONT)

    def make_database(self) -> Database:
        """Create an empty database, which is removed with the server."""
        self.databases += 1
        name = f"shopdb{self.databases}"
        administer(self.url, CREATE[self.kind].format(name))
        return Database(self.kind, self.url.set(database=name).render_as_string(hide_password=False))

    def _signal_all(self, number: int) -> None:
        main = psutil.Process(self.process.pid)
        for process in [main, *main.children(recursive=True)]:
            with suppress(psutil.NoSuchProcess):
                process.send_signal(number)

    def _as_account(self, command: list[str]) -> list[str]:
        if os.getuid() != 0:
            return command
        account = RECIPES[self.kind].account
        # A test process that is killed takes its servers with it.
        own = [f"--reuid={account}", f"--regid={account}", "--clear-groups", "--pdeathsig=TERM"]
        return ["setpriv", *own, *command]


@pytest.fixture(scope="session")
def make_own_server(not_permitted) -> Iterator[Callable[..., OwnServer]]:
    """Return a function that installs and starts a server of a kind; a folder for its files may be given."""
    servers: list[OwnServer] = []

    def make(
        kind: str,
        folder: Path | None = None,
        *,
        installed_with: Sequence[str] = (),
        options: Sequence[str] = (),
    ) -> OwnServer:
        missing = [program for program in RECIPES[kind].programs if found(program) is None]
        if missing:
            not_permitted(f"{missing[0]} is not installed")
        try:
            RECIPES[kind].url(0).get_dialect().import_dbapi()
        except ModuleNotFoundError as error:
            not_permitted(f"the driver of {kind} is not installed: {error}")
        # A short path: that of a socket has 107 characters at most.
        server = OwnServer(kind, folder or Path(tempfile.mkdtemp(prefix="shopdb-", dir="/tmp")), [*options])
        servers.append(server)
        server.install(*installed_with)
        server.start()
        return server

    yield make
    for server in servers:
        if server.process is not None and server.process.poll() is None:
            server.stop()  # one that is killed leaves shared memory behind
        shutil.rmtree(server.folder, ignore_errors=True)


@pytest.fixture(scope="session")
def own_servers(make_own_server) -> Callable[[str], OwnServer]:
    """Return a function that gives the one server of a kind that all tests share."""
    servers: dict[str, OwnServer] = {}

    def get(kind: str) -> OwnServer:
        if kind not in servers:
            servers[kind] = make_own_server(kind)
        return servers[kind]

    return get


@pytest.fixture
def own_server(own_servers, database_kind: str) -> Iterator[OwnServer]:
    """Return a running server of the test's kind, which the test may kill; the next test finds it running."""
    server = own_servers(database_kind)
    server.ensure_running()
    yield server
    server.ensure_running()
