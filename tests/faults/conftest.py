"""What the fault tests share: their scale, queries beside the server, writers, and plugins that misbehave."""

import os
import shutil
import sqlite3
import subprocess
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event
from typing import NoReturn, Protocol

import httpx
import pytest

PLUGINS = Path(__file__).parent / "plugins"


class Served(Protocol):
    """A running server."""

    def client(self) -> httpx.Client:
        """Return an HTTP client that sends the collector key."""
        ...


class Kept(Protocol):
    """A site, as far as its database goes."""

    database: Path

    def run(self, *arguments: str) -> object:
        """Run `shopdb ARGUMENTS` to its end."""
        ...


@dataclass
class Writer:
    """Submits to a computer of its own, one build higher each time, until the server is gone."""

    hostname: str
    build: int = 0
    acknowledged: dict[str, int] = field(default_factory=dict)
    """The build that each acknowledged request carried."""
    refused: list[int] = field(default_factory=list)
    """The status of every other answer."""

    def write(self, server: Served, enough: Event) -> None:
        """Go on until the connection breaks, or until it is enough."""
        with server.client() as client, suppress(httpx.TransportError):
            while not enough.is_set():
                self._submit(client)

    def _submit(self, client: httpx.Client) -> None:
        self.build += 1
        requestid = f"{self.hostname}-{self.build}"
        response = client.post(
            "/api/collector/computers",
            json={"hostname": self.hostname, "osversion": str(self.build)},
            headers={"X-Request-ID": requestid},
        )
        if response.is_success:
            self.acknowledged[requestid] = self.build
        else:
            self.refused.append(response.status_code)


@dataclass
class Writers:
    """Several writers at once, and what they were promised."""

    each: list[Writer]

    @property
    def refused(self) -> list[int]:
        """Every status that was no success."""
        return [status for writer in self.each for status in writer.refused]

    @contextmanager
    def on(self, server: Served) -> Iterator[None]:
        """Let all write for as long as the caller's block takes, or until the server is gone."""
        enough = Event()
        with ThreadPoolExecutor(len(self.each)) as pool:
            futures = [pool.submit(writer.write, server, enough) for writer in self.each]
            try:
                yield
            finally:
                enough.set()
        for future in futures:
            future.result()

    def wait_for(self, more: int) -> None:
        """Return once `more` further submissions were acknowledged."""
        enough, deadline = self._acknowledged() + more, time.monotonic() + 60
        while self._acknowledged() < enough:
            assert time.monotonic() < deadline, "the writers do not get on"
            time.sleep(0.005)

    def _acknowledged(self) -> int:
        return sum(len(writer.acknowledged) for writer in self.each)

    def lost(self, site: Kept) -> dict[str, int]:
        """Return what was acknowledged and is not in the audit, or is newer than what its asset holds."""
        audited = dict(query(site, "SELECT requestid, diff ->> '$.osversion.after' FROM auditentry"))
        builds = query(
            site, "SELECT attributes ->> 'hostname', attributes ->> 'osversion' FROM assetattributes"
        )
        stored = {hostname: int(build) for hostname, build in builds}
        return {
            requestid: build
            for writer in self.each
            for requestid, build in writer.acknowledged.items()
            if audited.get(requestid) != str(build) or stored.get(writer.hostname, 0) < build
        }


def query(site: Kept, sql: str) -> list[tuple]:
    """Return the rows of a query on the site's SQLite file."""
    with closing(sqlite3.connect(site.database.file)) as connection:
        return connection.execute(sql).fetchall()


@pytest.fixture(name="query")
def query_fixture() -> Callable[..., list[tuple]]:
    """Return a function that queries a site's SQLite file, beside its server."""
    return query


@pytest.fixture
def scale() -> Callable[[int, int], int]:
    """Return a function that picks a test's small size, or with SHOPDB_TEST_FULL=1 its full one."""
    full = os.environ.get("SHOPDB_TEST_FULL") == "1"
    return lambda small, large: large if full else small


@pytest.fixture
def writers() -> Writers:
    """Return eight writers."""
    return Writers([Writer(f"writer{number}") for number in range(8)])


@pytest.fixture
def check_sound() -> Callable[[Kept], None]:
    """Return a function that fails unless a site's database and the history of its assets are sound."""

    def check(site: Kept) -> None:
        verified = site.run("audit", "verify")
        assert verified.returncode == 0, verified.stdout + verified.stderr
        assert query(site, "PRAGMA integrity_check") == [("ok",)]
        assert query(site, "PRAGMA foreign_key_check") == []
        unaudited = "SELECT assetid FROM asset WHERE assetid NOT IN (SELECT assetid FROM auditentry)"
        assert query(site, unaudited) == []

    return check


@pytest.fixture
def not_permitted() -> Callable[[str], NoReturn]:
    """Return a function that skips a test for a reason; in CI, where all is permitted, it fails."""

    def give_up(reason: str) -> NoReturn:
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)

    return give_up


@pytest.fixture
def container(not_permitted: Callable[[str], NoReturn]) -> list[str]:
    """Return the command that makes what it starts the first process of a process namespace."""
    command = ["unshare", "--pid", "--fork", "--kill-child", "--mount-proc"]
    if not shutil.which("unshare") or subprocess.run([*command, "true"], check=False).returncode != 0:
        not_permitted("a process namespace cannot be made here")
    return command


@pytest.fixture
def child_of() -> Callable[[int], int]:
    """Return a function that gives the first process that a process started."""
    return lambda pid: int(Path(f"/proc/{pid}/task/{pid}/children").read_text().split()[0])


@pytest.fixture
def install(tmp_path: Path) -> Callable[[str], dict[str, str]]:
    """Return a function that installs a plugin of this folder; it gives the variables a site needs for it."""

    def write(name: str) -> dict[str, str]:
        information = tmp_path / "installed" / f"{name}-1.0.dist-info"
        information.mkdir(parents=True)
        (information / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        (information / "entry_points.txt").write_text(f"[shopdb]\n{name} = {name}\n")
        places = [str(information.parent), str(PLUGINS), os.environ.get("PYTHONPATH")]
        return {"PYTHONPATH": os.pathsep.join(filter(None, places))}

    return write
