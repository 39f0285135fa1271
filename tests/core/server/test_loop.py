"""The loop of the server answers submissions to SQLite itself, and none of them harms another."""

import json
import logging
import socket
import threading
import time
from contextlib import ExitStack
from typing import Self

import httpx
import pytest

from shopdb_core.plugins import pace
from shopdb_core.server import http
from shopdb_core.server.http import Server
from shopdb_core.settings import Settings
from shopdb_core.site import Site, upgrade_site
from shopdb_core.store.sqlite.writer import SqliteWriter
from shopdb_hookspecs import hookimpl

SECRET = "a-secret-key-for-tests-0123456789-abcdef"
KEY = "a-collector-key-for-tests-0123456789-abc"


class Gauges:
    """A plugin that does what a submission says, and records the threads that called it."""

    def __init__(self, directory):
        self.database = directory / "shopdb.sqlite3"
        self.held = threading.Event()
        self.let_go = threading.Event()
        self.hanging = threading.Event()
        self.released = threading.Event()
        self.threads = []

    @hookimpl
    def get_collector_schema(self):
        return {
            "identityfield": "gauge",
            "fields": {"gauge": {"type": "string"}, "order": {"type": "string"}},
        }

    @hookimpl
    def store_asset(self, after):
        self.threads.append(threading.current_thread().name)
        match after.get("order"):
            case "fail":
                raise KeyError("as ordered")
            case "hold":
                self.held.set()
                self.let_go.wait(60)
            case "hang":
                self.hanging.set()
                self.released.wait(60)
            case "pause":
                time.sleep(0.3)
            case "move":
                self.database.rename(self.database.with_name("moved.sqlite3"))


@pytest.fixture
def gauges(tmp_path):
    """Return the plugin; what waits in it is released after the test."""
    plugin = Gauges(tmp_path)
    yield plugin
    plugin.let_go.set()
    plugin.released.set()


@pytest.fixture
def site(tmp_path, gauges):
    """Return an open site with the plugin alone."""
    settings = Settings(
        secret_key=SECRET, shared_keys=(KEY,), database_url=f"sqlite:///{tmp_path}/shopdb.sqlite3"
    )
    upgrade_site(settings, {"gauges": gauges})
    with Site.open(settings, {"gauges": gauges}) as opened:
        yield opened


@pytest.fixture
def url(site, gauges):
    """Return the URL of a server in a thread of this process."""
    listener = socket.create_server(("127.0.0.1", 0))
    server = Server(site, listener, flush_log=lambda: None)
    thread = threading.Thread(target=server.run)
    thread.start()
    yield server.url
    gauges.let_go.set()
    gauges.released.set()
    server.stop()
    thread.join(20)
    assert not thread.is_alive()


@pytest.fixture
def commits(monkeypatch):
    """Return the numbers of jobs that each commit had."""
    sizes, commit = [], SqliteWriter._commit

    def counting(self, jobs, *more):
        sizes.append(len(jobs))
        commit(self, jobs, *more)

    monkeypatch.setattr(SqliteWriter, "_commit", counting)
    return sizes


def request(submission: dict[str, str]) -> bytes:
    body = json.dumps(submission).encode()
    head = f"POST /api/collector/gauges HTTP/1.1\r\nHost: shopdb\r\nX-API-Key: {KEY}\r\n"
    return f"{head}Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body


class Clients:
    """Connections that send one submission each, while the loop is busy with a first one.

    The loop goes on when the test calls `let_go` or asks for the `statuses`.
    """

    def __init__(self, url: str, gauges: Gauges, *orders: str) -> None:
        self._stack = ExitStack()
        self._gauges = gauges
        host, port = url.removeprefix("http://").split(":")
        connect = lambda: self._stack.enter_context(socket.create_connection((host, int(port)), timeout=20))  # noqa: E731
        self.first, self.others = connect(), [connect() for _ in orders]
        for connection in (self.first, *self.others):  # so that the server has accepted each
            connection.sendall(b"GET /api/health HTTP/1.1\r\nHost: shopdb\r\n\r\n")
            assert b" 200 " in connection.recv(65_536)
        self.first.sendall(request({"gauge": "first", "order": "hold"}))
        assert gauges.held.wait(20)
        for number, (connection, order) in enumerate(zip(self.others, orders, strict=True)):
            connection.sendall(request({"gauge": f"G-{number}", "order": order}))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exception: object) -> None:
        self._stack.close()

    def let_go(self) -> None:
        self._gauges.let_go.set()

    def statuses(self) -> list[int]:
        self.let_go()
        return [int(connection.recv(65_536).split()[1]) for connection in self.others]


def test_submissions_that_wait_share_a_commit(url, commits, gauges) -> None:
    """Eight submissions that arrived during a round are one commit, by the thread of the loop."""
    with Clients(url, gauges, *["none"] * 8) as clients:
        assert clients.statuses() == [201] * 8
    assert commits == [1, 8]
    assert set(gauges.threads) == {"shopdb-loop"}


def test_a_plugin_that_raises_refuses_its_own_submission_only(url, gauges, site) -> None:
    """The batch is rolled back, and each submission is stored alone."""
    with Clients(url, gauges, "none", "fail", "none") as clients:
        assert clients.statuses() == [201, 500, 201]
    names = site.store.read(
        lambda connection: connection.exec_driver_sql(
            "SELECT identityvalue FROM asset ORDER BY assetid"
        ).all()
    )
    assert [name for (name,) in names] == ["first", "G-0", "G-2"]


def test_no_answer_is_sent_if_the_commit_is_not_acknowledged(url, gauges) -> None:
    """A file that is moved before the end of the round makes every answer of the round a 503."""
    with Clients(url, gauges, "none", "move", "none") as clients:
        assert clients.statuses() == [503] * 3


def test_clients_that_leave_or_do_not_read_harm_no_neighbour(url, gauges) -> None:
    """One closes its connection after the request, and one never reads its answer."""
    with Clients(url, gauges, *["none"] * 4) as clients:
        clients.others.pop(0).close()
        clients.others.pop(0)
        assert clients.statuses() == [201, 201]
        assert httpx.get(f"{url}/api/health", timeout=30).is_success


def test_a_hanging_plugin_does_not_stop_the_server(url, gauges, caplog, monkeypatch) -> None:
    """Health and reads go on in another thread, and the plugin has threads from then on."""
    with Clients(url, gauges, "hang", "none") as clients, caplog.at_level(logging.WARNING):
        clients.let_go()
        assert gauges.hanging.wait(20)
        monkeypatch.setattr(http, "LONGEST_ROUND_SECONDS", 0.5)
        for _ in range(3):
            assert httpx.get(f"{url}/api/health", timeout=20).is_success
        assert httpx.get(f"{url}/api/assets", timeout=20).status_code == 401
        gauges.released.set()
        assert clients.statuses() == [201, 201]
    said = [record.getMessage() for record in caplog.records if "is slow" in record.getMessage()]
    assert len(said) == 1
    assert said[0].startswith("plugin gauges is slow: a hook did not return within")

    gauges.threads.clear()
    answer = httpx.post(
        f"{url}/api/collector/gauges", json={"gauge": "G-9"}, headers={"X-API-Key": KEY}, timeout=30
    )
    assert answer.status_code == 201
    assert gauges.threads == ["shopdb-writer"]


def test_the_error_of_others_names_what_hangs(url, gauges) -> None:
    """A submission that waits for a hanging round is refused, and not because of another process."""
    headers = {"X-API-Key": KEY}
    with Clients(url, gauges, "hang") as clients:
        clients.let_go()
        assert gauges.hanging.wait(20)
        answer = httpx.post(f"{url}/api/collector/gauges", json={"gauge": "G"}, headers=headers, timeout=30)
    assert answer.status_code == 503
    assert answer.json()["detail"].startswith(
        "The server has not ended a submission to /api/collector/gauges, which all others wait for"
    )


def test_a_slow_plugin_has_threads(url, gauges, caplog) -> None:
    """After a few slow calls the loop leaves the plugin to the threads, with one line in the log."""
    with caplog.at_level(logging.WARNING):
        for number in range(6):
            submission = {"gauge": f"G-{number}", "order": "pause"}
            httpx.post(f"{url}/api/collector/gauges", json=submission, headers={"X-API-Key": KEY}, timeout=30)
    assert gauges.threads[0] == "shopdb-loop"
    assert gauges.threads[-1] == "shopdb-writer"
    assert len([record for record in caplog.records if "is slow" in record.getMessage()]) == 1


def test_a_plugin_that_is_quick_again_returns_to_the_loop(url, gauges, caplog, monkeypatch) -> None:
    """The loop answers again after many quick calls in a row, since the machine may only have been busy."""
    monkeypatch.setattr(pace, "QUICK_CALLS", 12)
    headers = {"X-API-Key": KEY}
    with caplog.at_level(logging.INFO), httpx.Client(headers=headers, timeout=30) as client:
        for number, order in enumerate([*["pause"] * 6, *["none"] * 12, "pause", "none"]):
            client.post(f"{url}/api/collector/gauges", json={"gauge": f"G-{number}", "order": order})
    threads = [thread for thread in gauges.threads if thread.startswith("shopdb-")]
    assert threads[5] == threads[6] == "shopdb-writer"
    assert threads[-1] == "shopdb-loop"
    assert len([record for record in caplog.records if "is quick again" in record.getMessage()]) == 1


@pytest.mark.parametrize("path", ["gauges/_batch", "unknown"])
def test_other_requests_have_threads(url, path: str, commits) -> None:
    """A batch and an unknown collector are not answered by the loop."""
    answer = httpx.post(
        f"{url}/api/collector/{path}",
        content=b'{"gauge": "G-1"}\n',
        headers={"X-API-Key": KEY, "Content-Type": "application/x-ndjson"},
        timeout=30,
    )
    assert answer.status_code in (200, 404)
    assert len(commits) <= 1


def test_a_stop_answers_what_has_arrived(site, gauges) -> None:
    """The requests that wait while the server stops are answered in the last rounds."""
    server = Server(site, socket.create_server(("127.0.0.1", 0)), flush_log=lambda: None)
    thread = threading.Thread(target=server.run)
    thread.start()
    with Clients(server.url, gauges, *["none"] * 4) as clients:
        server.stop()
        assert clients.statuses() == [201] * 4
    thread.join(20)
    assert not thread.is_alive()
