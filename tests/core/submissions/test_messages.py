"""A submission to a database server waits for few answers: each takes as long as the network."""

import json
import select
import socket
import threading
from collections.abc import Iterator
from contextlib import closing, suppress
from dataclasses import replace

import pytest
from shops import ORIGIN, Shop
from sqlalchemy import make_url

from shopdb_core.intake.http_body import Body
from shopdb_core.store import open_store
from shopdb_core.submissions import Submissions

WAITS = {
    "postgresql": {"created": 11, "updated": 6, "noop": 4},
    "mysql": {"created": 10, "updated": 5, "noop": 3},
}
"""The table of docs/performance.md."""

SILENCE_SECONDS = 0.05


class CountingProxy:
    """Passes on connections to a server, and counts how often a client waits for an answer."""

    def __init__(self, host: str, port: int) -> None:
        self._target = (host, port)
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port = self._listening.getsockname()[1]
        self.waits = 0
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        """Accept no further connections."""
        self._listening.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listening.accept()
                server = socket.create_connection(self._target)
                threading.Thread(target=self._ask, args=[client, server], daemon=True).start()
                threading.Thread(target=self._answer, args=[server, client], daemon=True).start()

    def _ask(self, client: socket.socket, server: socket.socket) -> None:
        """Pass on what the client sends until it is silent: then it waits."""
        with suppress(OSError), server:
            while data := client.recv(1 << 20):
                while select.select([client], [], [], SILENCE_SECONDS)[0] and (more := client.recv(1 << 20)):
                    data += more
                self.waits += 1
                server.sendall(data)

    def _answer(self, server: socket.socket, client: socket.socket) -> None:
        with suppress(OSError), client:
            while data := server.recv(1 << 20):
                client.sendall(data)


@pytest.fixture
def proxy(shop: Shop) -> Iterator[CountingProxy]:
    """Return a proxy before the server of the test's database."""
    url = make_url(shop.settings.database_url)
    with closing(CountingProxy(url.host or "127.0.0.1", url.port or 0)) as made:
        yield made


@pytest.fixture
def submissions(shop: Shop, proxy: CountingProxy) -> Iterator[Submissions]:
    """Return what takes submissions through the proxy."""
    url = make_url(shop.settings.database_url).set(host="127.0.0.1", port=proxy.port)
    settings = replace(shop.settings, database_url=url.render_as_string(hide_password=False))
    with closing(open_store(settings)) as store:
        yield Submissions(settings, shop.plugins, store, shop.chain, shop.recorder)


def body(number: int, memory: int) -> Body:
    """Return a computer with one program."""
    computer = {"hostname": f"PC-{number}", "memorygb": memory, "installedsoftware": [{"name": "editor"}]}
    return Body(json.dumps({**computer, "macaddress": f"00:1A:2B:00:00:{number:02X}"}).encode(), None)


@pytest.mark.alone
@pytest.mark.every_server
def test_how_often_a_submission_waits_for_the_server(
    submissions: Submissions, proxy: CountingProxy, database_kind: str
) -> None:
    """Once for each kind of action, after connecting; and as often for many updates or noops together."""

    def waits(*bodies: Body) -> dict[str, int]:
        before = proxy.waits
        (action,) = {result.action for result in submissions.submit_many("computers", bodies, ORIGIN)}
        return {action: proxy.waits - before}

    many = range(2, 12)
    waits(body(1, 8))
    created = [waits(body(number, 8)) for number in many]
    waits(body(2, 12))  # the row of an asset with one entry lacks the hash of that
    assert {**created[-1], **waits(body(2, 16)), **waits(body(2, 16))} == WAITS[database_kind]
    waits(*(body(number, 12) for number in many))
    for memory in (32, 32):
        ((action, number),) = waits(*(body(number, memory) for number in many)).items()
        assert number == WAITS[database_kind][action]
