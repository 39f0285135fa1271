"""A lock that another process keeps: submissions are refused in time, and everything else goes on."""

import fcntl
import os
import signal
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

CLIENTS = 12
"""More than the server has threads."""


@pytest.fixture
def lock(site):
    """Lock the queue of a site's database as a stranger does, and return the descriptor to close."""
    site.serve().stop()
    descriptor = os.open(f"{site.database.file}-turn", os.O_RDWR)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    return descriptor


def timed(function, *arguments):
    started = time.monotonic()
    return function(*arguments), time.monotonic() - started


def submit(server, number: int):
    return server.submit("computers", {"hostname": f"pc-{number}", "osname": "Debian"})


@pytest.mark.alone
def test_a_locked_queue_holds_nobody_up(site, lock, query) -> None:
    """Every submission is a 503 within 15 s, health answers at once meanwhile, and then all is as before."""
    server = site.serve()
    with ThreadPoolExecutor(CLIENTS) as pool:
        waiting = [pool.submit(timed, submit, server, number) for number in range(CLIENTS)]
        health = []
        while not all(each.done() for each in waiting):
            is_well, seconds = timed(server.is_well)
            health.append(seconds)
            assert is_well
            time.sleep(0.1)

    assert {each.result()[0].status_code for each in waiting} == {503}
    assert all(int(each.result()[0].headers["Retry-After"]) > 0 for each in waiting)
    assert max(each.result()[1] for each in waiting) < 15
    assert max(health) < 5
    assert query(site, "SELECT count(*) FROM asset") == [(0,)]

    os.close(lock)
    deadline = time.monotonic() + 60
    while submit(server, 0).status_code != 201:
        assert time.monotonic() < deadline


@pytest.mark.alone
def test_sigterm_ends_a_server_whose_queue_is_locked(site, lock) -> None:
    """It ends within 10 s, and what waits is answered."""
    server = site.serve()
    with ThreadPoolExecutor(CLIENTS) as pool:
        waiting = [pool.submit(submit, server, number) for number in range(4)]
        time.sleep(1)

        exit_code, seconds = timed(server.stop)

        assert (exit_code, {each.result().status_code for each in waiting}) == (0, {503})
    assert seconds < 10
    os.close(lock)


@pytest.mark.alone
def test_a_stopped_server_holds_no_other_up(make_site, install) -> None:
    """A second server on the file refuses submissions while the first one sleeps within a transaction."""
    site = make_site(variables=install("sleeper"))
    site.upgrade()
    stopped, other = site.serve(), site.serve()
    with ThreadPoolExecutor(1) as pool:
        asleep = pool.submit(stopped.submit, "sleeper", {"name": "one"})
        deadline = time.monotonic() + 60
        while not Path(site.directory / "asleep").exists():
            assert time.monotonic() < deadline
            time.sleep(0.01)
        stopped.process.send_signal(signal.SIGSTOP)

        refused, seconds = timed(submit, other, 1)

        assert (refused.status_code, seconds < 15) == (503, True)
        assert other.is_well()
        assert timed(other.stop)[1] < 10
        stopped.process.send_signal(signal.SIGCONT)
        assert asleep.result().status_code == 201


def test_a_moved_file_is_named_by_health(site) -> None:
    """A submission is a 503, and so is health, which gives the reason."""
    server = site.serve()
    assert submit(server, 0).status_code == 201
    site.database.file.rename(site.directory / "elsewhere.sqlite3")

    refused = submit(server, 1)
    with server.client() as client:
        health = client.get("/api/health")

    assert (refused.status_code, health.status_code) == (503, 503)
    assert health.json()["detail"].startswith("The database file was moved, deleted or replaced")
    assert server.stop() == 0
