"""The database server dies, restarts or freezes: answers are 503, and nothing acknowledged is lost."""

import logging
import time
from collections.abc import Callable

import httpx
import pytest
from databases import administer
from sqlalchemy import make_url

from shopdb_core.outcomes.recorder import WRITE_SECONDS

pytestmark = pytest.mark.every_server

RECOVERED_SECONDS = 15.0
ANSWERED_SECONDS = 30.0
"""How long the store waits for one answer of the database; health sends one statement."""
SHORTLY_SECONDS = 10.0
FROZEN_SECONDS = 3.0

PASSWORD = "canary-password-of-the-database"
CANARY_ACCOUNT = {
    "postgresql": f"CREATE ROLE canary SUPERUSER LOGIN PASSWORD '{PASSWORD}'",
    "mysql": f"GRANT ALL ON *.* TO canary@localhost IDENTIFIED BY '{PASSWORD}'",
}
FORCED = {"postgresql": " WITH (FORCE)", "mysql": ""}

logger = logging.getLogger(__name__)


@pytest.fixture
def make_database(own_server):
    """Let every site of these tests have its database on the server that they may kill."""
    return lambda _kind: own_server.make_database()


def away_and_back(server, own_server, writers, end: Callable[[], None]) -> float:
    """End the database server under load, start it again; return the seconds until a submission succeeds."""
    writers.wait_for(40)
    end()
    writers.wait_for(0, refused=8)
    assert health(server).status_code == 503
    own_server.start()
    back = time.monotonic()
    writers.wait_for(1)
    return time.monotonic() - back


def health(server) -> httpx.Response:
    with server.client() as client:
        return client.get("/api/health")


def assert_only_unavailable(answers: list[httpx.Response]) -> None:
    """Check that every refusal is a 503 that says when to come back."""
    assert {answer.status_code for answer in answers} <= {503}, answers[0].text
    assert all(int(answer.headers["Retry-After"]) > 0 for answer in answers)


@pytest.mark.alone
def test_kills_of_the_database_lose_nothing(site, own_server, writers, scale, check_sound) -> None:
    """However often the database server is killed, submissions go on soon after it is back."""
    server = site.serve()
    with writers.on(server):
        seconds = [away_and_back(server, own_server, writers, own_server.kill) for _ in range(scale(2, 20))]

    logger.info("slowest recovery: %.2f s", max(seconds))
    assert max(seconds) < RECOVERED_SECONDS
    assert_only_unavailable(writers.refused)
    assert writers.lost(site) == {}
    assert health(server).status_code == 200
    check_sound(site)


@pytest.mark.alone
def test_a_page_says_that_the_database_is_away(site, own_server) -> None:
    """A person is told what to do, in the page; it comes back with the database."""
    headers = {"Accept": "text/html", "Authorization": f"Bearer {site.token()}"}
    server = site.serve()
    with httpx.Client(base_url=server.url, headers=headers, timeout=30, trust_env=False) as browser:
        before = browser.get("/changes").status_code
        own_server.stop()
        away = browser.get("/changes")
        own_server.start()
        after = [browser.get("/changes").status_code for _ in range(3)][-1]

    assert (before, away.status_code, after) == (200, 503, 200)
    assert "ShopDB cannot answer at the moment" in away.text
    assert int(away.headers["Retry-After"]) > 0


def test_restart_of_the_database_loses_nothing(site, own_server, writers, check_sound) -> None:
    """The same if the database server stops cleanly, as for an update."""
    server = site.serve()
    with writers.on(server):
        seconds = away_and_back(server, own_server, writers, own_server.stop)

    assert seconds < RECOVERED_SECONDS
    assert_only_unavailable(writers.refused)
    assert writers.lost(site) == {}
    check_sound(site)


def test_a_restart_between_requests_causes_no_error(site, own_server) -> None:
    """A restart between requests causes no error: each connection of the pool is replaced."""
    server = site.serve()
    for number in range(8):
        assert server.submit("computers", {"hostname": f"pc-{number}"}).status_code == 201
    own_server.stop()
    own_server.start()

    assert health(server).status_code == 200
    assert [server.submit("computers", {"hostname": "pc-1"}).status_code for _ in range(16)] == [200] * 16


@pytest.mark.alone
def test_frozen_database_delays(site, own_server, writers, check_sound) -> None:
    """A database server that is frozen for some seconds delays submissions and refuses none."""
    server = site.serve()
    with writers.on(server):
        writers.wait_for(40)
        with own_server.frozen():
            time.sleep(FROZEN_SECONDS)
        writers.wait_for(40)

    assert writers.refused == []
    assert writers.lost(site) == {}
    check_sound(site)


@pytest.mark.alone
@pytest.mark.full_size
def test_database_that_does_not_answer(site, own_server, check_sound) -> None:
    """One that is frozen for longer gives 503 in bounded time, and is used again afterwards."""
    server = site.serve()
    assert server.submit("computers", {"hostname": "pc-1"}).status_code == 201

    with own_server.frozen(), server.client(timeout=2 * ANSWERED_SECONDS) as client:
        started = time.monotonic()
        answer = client.get("/api/health")
        seconds = time.monotonic() - started
        refused = client.post("/api/collector/computers", json={"hostname": "pc-2"})

    assert seconds < ANSWERED_SECONDS + SHORTLY_SECONDS
    assert_only_unavailable([answer, refused])
    assert server.submit("computers", {"hostname": "pc-2"}).status_code == 201
    check_sound(site)


@pytest.mark.alone
def test_health_while_the_database_is_away(site, own_server) -> None:
    """Health answers 503 within seconds, and 200 again once the server is back."""
    server = site.serve()
    own_server.kill()

    started = time.monotonic()
    away = health(server)
    seconds = time.monotonic() - started
    own_server.start()

    assert_only_unavailable([away])
    assert away.status_code == 503
    assert seconds < SHORTLY_SECONDS
    assert health(server).status_code == 200


def test_outcomes_are_written_when_the_database_is_back(site, own_server) -> None:
    """What was counted before and while it was away waits in the server, which logs one line."""
    server = site.serve()
    assert server.submit("computers", {"hostname": "pc-1"}).status_code == 201
    own_server.kill()
    assert server.submit("computers", {"hostname": "pc-2"}).status_code == 503
    time.sleep(2 * WRITE_SECONDS)
    own_server.start()

    assert server.submit("computers", {"hostname": "pc-2"}).status_code == 201
    assert server.stop() == 0

    counted = site.database.query("SELECT outcome, count FROM submissioncount ORDER BY outcome")
    assert counted == [("503", 1), ("created", 2)]
    assert site.database.query("SELECT plugin, status FROM refusal") == [("computers", 503)]
    assert server.log.read_text().count("refusals of submissions were not written") == 1


def test_errors_of_the_database_do_not_contain_the_password(make_site, own_server, writers) -> None:
    """Neither log nor answers contain the password, whether the database dies or refuses it."""
    administer(own_server.url, CANARY_ACCOUNT[own_server.kind])
    site = make_site()
    url = make_url(site.database.url).set(username="canary", password=PASSWORD)
    site.variables["SHOPDB_DATABASE_URL"] = url.render_as_string(hide_password=False)
    site.upgrade()
    server = site.serve()
    with writers.on(server):
        away_and_back(server, own_server, writers, own_server.kill)
    administer(own_server.url, "DROP DATABASE " + url.database + FORCED[own_server.kind])

    answer = server.submit("computers", {"hostname": "pc-1"})
    started = site.run("serve")

    assert (answer.is_success, started.returncode) == (False, 1)
    output = [*(refusal.text for refusal in writers.refused), answer.text, started.stdout, started.stderr]
    assert PASSWORD not in "".join([*output, server.log.read_text()])


def test_start_without_the_database(site, own_server) -> None:
    """No command starts without the database: one line contains the driver's error; later it serves."""
    own_server.kill()

    done = [site.run("serve"), site.run("db", "upgrade")]

    assert [(one.returncode, one.stdout, len(one.stderr.splitlines())) for one in done] == [(1, "", 1)] * 2
    expected = "shopdb: SHOPDB_DATABASE_URL: The database server is away. "
    assert [one.stderr.startswith(expected) for one in done] == [True] * 2
    own_server.start()
    assert health(site.serve()).status_code == 200


def test_database_that_is_not_there(site, own_server) -> None:
    """The line names a database that does not exist; it does not say that the server is away."""
    nowhere = own_server.url.set(database="nowhere")
    site.variables["SHOPDB_DATABASE_URL"] = nowhere.render_as_string(hide_password=False)

    done = [site.run("serve"), site.run("db", "upgrade")]

    assert [one.returncode for one in done] == [1, 1]
    assert all("nowhere" in one.stderr for one in done)
