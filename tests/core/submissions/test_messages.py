"""A submission to a database server waits for few answers: each takes as long as the network.

COMMIT is in the last message of its transaction: what is lost with that was not stored.
"""

import json
import re
import select
import socket
import threading
from collections.abc import Iterator
from contextlib import closing, suppress
from dataclasses import replace

import pytest
from databases import execute
from shops import ORIGIN, Shop
from sqlalchemy import delete, make_url

from shopdb_core.errors import Unavailable
from shopdb_core.intake.http_body import Body
from shopdb_core.store import open_store
from shopdb_core.store.server import store as server_store
from shopdb_core.store.tables import assetmark
from shopdb_core.submissions import Submissions

WAITS = {
    "postgresql": {"created": 6, "updated": 4, "noop": 2},
    "mysql": {"created": 6, "updated": 4, "noop": 2},
}
"""The table of docs/performance.md."""

SILENCE_SECONDS = 0.05

COMMIT = re.compile(rb"\bCOMMIT\b", re.IGNORECASE)


class CountingProxy:
    """Passes on connections to a server, and counts how often a client waits for an answer.

    `commits` is how many messages had a COMMIT; the server does not get the first of them, as many as `lost`,
    whose connections end.
    """

    def __init__(self, host: str, port: int) -> None:
        self._target = (host, port)
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port = self._listening.getsockname()[1]
        self.waits = self.commits = self.lost = 0
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
                if COMMIT.search(data):
                    self.commits += 1
                    if self.commits <= self.lost:
                        server.shutdown(socket.SHUT_RDWR)
                        return
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
        store.ping()
        proxy.commits = 0  # without those of connecting
        yield Submissions(settings, shop.plugins, store, shop.chain, shop.recorder)


MOST_TRIES = 2


@pytest.fixture
def few_tries(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the store give up soon."""
    monkeypatch.setattr(server_store, "MOST_TRIES", MOST_TRIES)


def body(number: int, memory: int, program: str = "editor") -> Body:
    """Return a computer with one program."""
    computer = {"hostname": f"PC-{number}", "memorygb": memory, "installedsoftware": [{"name": program}]}
    return Body(json.dumps({**computer, "macaddress": f"00:1A:2B:00:00:{number:02X}"}).encode(), None)


@pytest.mark.alone
@pytest.mark.every_server
def test_how_often_a_submission_waits_for_the_server(
    submissions: Submissions, proxy: CountingProxy, database_kind: str
) -> None:
    """Once for each kind of action, after connecting; and as often for many submissions together."""

    def waits(*bodies: Body) -> dict[str, int]:
        before = proxy.waits
        (action,) = {result.action for result in submissions.submit_many("computers", bodies, ORIGIN)}
        return {action: proxy.waits - before}

    many = range(2, 12)
    waits(body(1, 8))
    created = [waits(body(number, 8)) for number in many]
    waits(body(2, 12))  # the row of an asset with one entry lacks the hash of that
    assert {**created[-1], **waits(body(2, 16)), **waits(body(2, 16))} == WAITS[database_kind]
    # The plugin reads and writes: two answers more, whatever it writes.
    assert waits(body(22, 8, "new program")) == {"created": WAITS[database_kind]["created"]}
    assert waits(body(2, 16, "another one")) == {"updated": WAITS[database_kind]["updated"] + 2}
    # Several ask first whether another asset has one of their secondary identities.
    assert waits(*(body(number, 8) for number in range(12, 22))) == {"created": created[-1]["created"] + 1}
    waits(*(body(number, 12) for number in many))
    for memory in (32, 32):
        ((action, number),) = waits(*(body(number, memory) for number in many)).items()
        assert number == WAITS[database_kind][action]


@pytest.mark.alone
@pytest.mark.every_server
def test_the_source_of_a_submission_is_written_with_the_rest(
    submissions: Submissions, proxy: CountingProxy, database_kind: str
) -> None:
    """A key with a name has what was known of its source read, if the asset exists."""
    named = replace(ORIGIN, source="scanner")
    submissions.submit_body("computers", body(1, 8), named)
    for memory, action, reads in ((8, "created", 0), (12, "updated", 1), (16, "updated", 1), (16, "noop", 1)):
        before = proxy.waits
        result = submissions.submit_body("computers", body(2, memory), named)
        expected = WAITS[database_kind][action] + reads + (memory == 12)  # the hash of its only entry
        assert (result.action, proxy.waits - before) == (action, expected)


@pytest.mark.every_server
def test_a_batch_of_several_waves_is_committed_once(
    submissions: Submissions, proxy: CountingProxy, shop: Shop
) -> None:
    """COMMIT is sent with the last wave, not with those before it."""
    bodies = [body(1, 8), body(2, 8), body(1, 12), body(1, 16), body(2, 8)]

    results = submissions.submit_many("computers", bodies, ORIGIN)

    assert [result.action for result in results] == ["created", "created", "updated", "updated", "noop"]
    assert proxy.commits == 1
    assert shop.count("auditentry") == 5


@pytest.mark.every_server
def test_a_dry_run_sends_no_commit(submissions: Submissions, proxy: CountingProxy, shop: Shop) -> None:
    """It takes the same path, and is rolled back."""
    result = submissions.submit_body("computers", body(1, 8), ORIGIN, dryrun=True)

    assert result.action == "created"
    assert proxy.commits == 0
    assert shop.count("asset") == 0


@pytest.mark.every_server
def test_other_work_is_committed_on_the_connection_of_a_submission(shop: Shop) -> None:
    """The store commits it, although the transaction before was committed with its last message."""
    shop.submit("computers", {"hostname": "PC-1"})

    shop.store.transaction(lambda connection: connection.execute(delete(assetmark)))

    assert shop.count("assetmark") == 0


@pytest.mark.every_server
def test_a_connection_that_is_lost_with_the_last_message(
    submissions: Submissions, proxy: CountingProxy, shop: Shop
) -> None:
    """The transaction is run again as a whole, on another connection; it is stored once."""
    proxy.lost = 1

    result = submissions.submit_body("computers", body(1, 8), ORIGIN)

    assert result.action == "created"
    assert proxy.commits > 1
    assert shop.rows("SELECT action FROM auditentry") == [("created",)]


@pytest.mark.every_server
@pytest.mark.usefixtures("few_tries")
def test_nothing_is_acknowledged_before_the_commit_is(
    submissions: Submissions, proxy: CountingProxy, shop: Shop
) -> None:
    """If no COMMIT reaches the server, the submission is refused as unavailable, and nothing is stored."""
    proxy.lost = 100

    with pytest.raises(Unavailable, match="database server is away"):
        submissions.submit_body("computers", body(1, 8), ORIGIN)

    assert shop.count("asset") == shop.count("auditentry") == 0


LOSE_RACES = """
    CREATE SEQUENCE commits;
    CREATE FUNCTION lose_races() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        IF nextval('commits') <= {} THEN RAISE 'lost' USING ERRCODE = 'serialization_failure'; END IF;
        RETURN NULL;
    END $$;
    CREATE CONSTRAINT TRIGGER lose_races AFTER INSERT ON auditentry DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION lose_races()
"""
"""The first COMMITs fail, as the server of a cluster may let them; a sequence is not rolled back."""


@pytest.mark.parametrize("database_kind", ["postgresql"])
def test_a_commit_that_fails_is_run_again(submissions: Submissions, shop: Shop) -> None:
    """What lost the race is rolled back, and the next try is stored."""
    execute(make_url(shop.settings.database_url), LOSE_RACES.format(1))

    assert submissions.submit_body("computers", body(1, 8), ORIGIN).action == "created"
    assert shop.rows("SELECT action FROM auditentry") == [("created",)]


@pytest.mark.parametrize("database_kind", ["postgresql"])
@pytest.mark.usefixtures("few_tries")
def test_a_commit_that_fails_each_time_acknowledges_nothing(submissions: Submissions, shop: Shop) -> None:
    """The error of COMMIT is that of the submission."""
    execute(make_url(shop.settings.database_url), LOSE_RACES.format(MOST_TRIES))

    with pytest.raises(Unavailable, match="too busy with other writers"):
        submissions.submit_body("computers", body(1, 8), ORIGIN)

    assert shop.count("asset") == 0
    assert submissions.submit_body("computers", body(1, 8), ORIGIN).action == "created"
