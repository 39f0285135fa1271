"""SIGTERM: what is in flight is answered, then the server ends."""

import os
import signal
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest


@pytest.fixture
def sleepy_site(make_site, install):
    """Return a site with the plugin that takes three seconds to store an asset."""
    site = make_site(variables=install("sleeper"))
    site.upgrade()
    return site


def wait_for_file(path: Path) -> None:
    deadline = time.monotonic() + 60
    while not path.exists():
        assert time.monotonic() < deadline, f"{path.name} did not appear"
        time.sleep(0.01)


def pid_inside(pid: int) -> int:
    """Return the id that a process has in its own namespace."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.partition("NSpid:")[2].splitlines()[0].split()[-1])


@pytest.mark.alone
@pytest.mark.every_database
def test_request_in_flight_is_answered(sleepy_site, query, check_sound) -> None:
    """A request of three seconds that is in flight when SIGTERM comes is stored and answered."""
    server = sleepy_site.serve()
    with ThreadPoolExecutor(1) as pool:
        in_flight = pool.submit(server.submit, "sleeper", {"name": "one"})
        wait_for_file(sleepy_site.directory / "asleep")
        started = time.monotonic()

        exit_code = server.stop()

        assert exit_code == 0
        assert time.monotonic() - started < 10
        assert in_flight.result().status_code == 201
    assert query(sleepy_site, "SELECT identityvalue FROM asset") == [("one",)]
    check_sound(sleepy_site)


@pytest.mark.every_database
@pytest.mark.servers_nightly
def test_restarts_under_load_lose_nothing(site, writers, scale, check_sound) -> None:
    """However often the server is restarted under load, it ends cleanly and keeps what it acknowledged."""
    exit_codes = set()
    for _ in range(scale(3, 100)):
        server = site.serve()
        with writers.on(server):
            writers.wait_for(40)
            exit_codes.add(server.stop())

    assert exit_codes == {0}
    assert writers.refused == []
    assert writers.lost(site) == {}
    check_sound(site)


def test_first_process_of_a_container_stops(site, container, child_of) -> None:
    """SIGTERM ends the server as PID 1, too, where a signal without a handler is ignored."""
    server = site.serve(*container)
    pid = child_of(server.process.pid)
    assert pid_inside(pid) == 1
    assert server.submit("computers", {"hostname": "pc-1"}).status_code == 201

    os.kill(pid, signal.SIGTERM)

    assert server.process.wait(timeout=60) == 0
