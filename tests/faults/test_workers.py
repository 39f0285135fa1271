"""Several workers: all of them answer, one that dies is replaced, and all end together."""

import os
import re
import signal
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

PATIENCE_SECONDS = 30
LINE = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3} (?:INFO|WARNING|ERROR) \[(\d+)\] \S+ .+")


@pytest.fixture
def pair(site):
    """Return a running server of two workers."""
    site.variables["SHOPDB_WORKERS"] = "2"
    return site.serve()


def wait_until(condition: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        assert time.monotonic() < deadline, what
        time.sleep(0.02)


def family(pid: int) -> set[int]:
    """Return the processes below a process, without it."""
    try:
        tasks = Path(f"/proc/{pid}/task/{pid}/children").read_text()
    except FileNotFoundError:
        return set()
    children = set(map(int, tasks.split()))
    return children.union(*map(family, children))


def is_running(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


def workers(server) -> list[int]:
    """Return the workers by their pid, those that begin included."""
    return sorted(family(server.process.pid))


def log_of(server) -> list[str]:
    """Return the lines of the log after the first one, which is about the number of workers on SQLite."""
    advice, *lines = server.log.read_text().splitlines()
    assert "SHOPDB_WORKERS=2: on SQLite" in advice
    return lines


def kill_worker(server, pid: int) -> None:
    """Kill a worker, and wait until the master has seen it."""
    os.kill(pid, signal.SIGKILL)
    line = f"Worker (pid:{pid}) was sent SIGKILL"
    wait_until(lambda: line in server.log.read_text(), "the end of the worker is not logged")


def submit_anew(server, number: int) -> int:
    """Submit on a new connection, and return the status."""
    return server.submit("computers", {"hostname": f"pc-{number}"}).status_code


def test_every_worker_answers(pair) -> None:
    """Connections are spread among all workers; each line of the log is whole, and shows the worker."""
    serving = set(workers(pair))

    with ThreadPoolExecutor(8) as pool:
        statuses = set(pool.map(lambda number: submit_anew(pair, number), range(60)))
    assert pair.stop() == 0

    lines = [LINE.fullmatch(line) for line in log_of(pair)]
    assert statuses == {201}
    assert len(serving) == 2
    assert len(lines) == 60
    assert {int(line[1]) for line in lines} == serving


def test_a_worker_that_dies_is_replaced(pair, site, check_sound) -> None:
    """No connection is refused meanwhile: what waits for the dead worker is answered by the next one."""
    dying, staying = workers(pair)

    kill_worker(pair, dying)
    with ThreadPoolExecutor(30) as pool:
        statuses = set(pool.map(lambda number: submit_anew(pair, number), range(30)))
    assert pair.stop() == 0

    answered = {int(line[1]) for line in map(LINE.fullmatch, log_of(pair)) if "POST" in line[0]}
    assert statuses == {201}
    assert dying not in answered
    assert len(answered - {staying}) == 1
    check_sound(site)


def test_a_worker_that_ends_leaves_its_connections_to_the_next(pair) -> None:
    """SIGTERM to one worker: what came after it waits for the successor, and nothing is refused."""
    os.kill(workers(pair)[0], signal.SIGTERM)

    with ThreadPoolExecutor(30) as pool:
        statuses = set(pool.map(lambda number: submit_anew(pair, number), range(60)))

    assert statuses == {201}


def test_a_successor_that_cannot_open_the_site_is_followed(site, pair) -> None:
    """The other worker goes on serving; the one after the next pause serves as soon as it can."""
    dying, staying = workers(pair)
    (site.directory / ".env").write_text("SHOPDB_TIMEZONE=Nowhere\n")
    kill_worker(pair, dying)
    fault = "shopdb: SHOPDB_TIMEZONE is not an IANA time zone"
    wait_until(lambda: fault in pair.log.read_text(), "the fault is not logged")
    (site.directory / ".env").unlink()
    wait_until(lambda: "exited with code 1" in pair.log.read_text(), "the first successor stays")

    with ThreadPoolExecutor(8) as pool:
        statuses = set(pool.map(lambda number: submit_anew(pair, number), range(40)))
    serving = set(workers(pair))

    assert statuses == {201}
    assert staying in serving
    assert len(serving) == 2
    assert pair.log.read_text().count(fault) == 1
    assert pair.stop() == 0


def test_sighup_replaces_all_workers_and_loses_nothing(site, pair, writers, check_sound) -> None:
    """The new workers read the settings again; concurrent submissions are neither refused nor cut off."""
    before = set(workers(pair))
    (site.directory / ".env").write_text("SHOPDB_BLOCKED_PLUGINS=printers\n")
    with writers.on(pair):
        writers.wait_for(100)
        os.kill(pair.process.pid, signal.SIGHUP)
        wait_until(lambda: not before.intersection(workers(pair)), "an old worker stays")
        reached = [writer.build for writer in writers.each]
        wait_until(
            lambda: all(writer.build > build for writer, build in zip(writers.each, reached, strict=True)),
            "a writer was cut off",
        )

    assert pair.submit("printers", {}).status_code == 404
    assert len(workers(pair)) == 2
    assert writers.refused == []
    assert writers.lost(site) == {}
    check_sound(site)
    assert pair.stop() == 0


def test_sigterm_under_load_loses_nothing(site, pair, writers, check_sound) -> None:
    """All workers drain together: what they acknowledged is kept, nothing is refused, no process stays."""
    processes = family(pair.process.pid)
    with writers.on(pair):
        writers.wait_for(100)
        exit_code = pair.stop()

    assert exit_code == 0
    wait_until(lambda: not [*filter(is_running, processes)], "a process stays")
    assert writers.refused == []
    assert writers.lost(site) == {}
    check_sound(site)


def test_workers_end_with_their_master(site, pair, writers, check_sound) -> None:
    """A master that is killed leaves no process behind; the workers answer what is in flight first."""
    processes = family(pair.process.pid)
    with writers.on(pair):
        writers.wait_for(100)
        pair.kill()
        wait_until(lambda: not [*filter(is_running, processes)], "a worker stays")

    assert writers.refused == []
    assert writers.lost(site) == {}
    check_sound(site)


def test_a_worker_that_does_not_end_is_killed(pair) -> None:
    """Even then the server ends soon, and with exit code 0."""
    stuck = workers(pair)[0]
    os.kill(stuck, signal.SIGSTOP)

    assert pair.stop() == 0

    assert not is_running(stuck)


def test_ctrl_c_reaches_the_workers_as_sigterm(pair) -> None:
    """Ctrl-C goes to every process of a terminal, and leaves no traceback."""
    for pid in [*workers(pair), pair.process.pid]:
        os.kill(pid, signal.SIGINT)

    assert pair.process.wait(timeout=20) == 0
    assert log_of(pair) == []


def test_a_request_in_flight_is_answered(make_site, install) -> None:
    """A request of three seconds that is in flight when SIGTERM comes is stored and answered."""
    site = make_site(variables={**install("sleeper"), "SHOPDB_WORKERS": "2"})
    site.upgrade()
    server = site.serve()
    with ThreadPoolExecutor(1) as pool:
        in_flight = pool.submit(server.submit, "sleeper", {"name": "one"})
        wait_until((site.directory / "asleep").exists, "the request does not begin")

        exit_code = server.stop()

    assert exit_code == 0
    assert in_flight.result().status_code == 201


def test_workers_in_a_container_stop(site, container, child_of) -> None:
    """SIGTERM ends all processes as PID 1, too, where a signal without a handler is ignored."""
    site.variables["SHOPDB_WORKERS"] = "2"
    server = site.serve(*container)
    pid = child_of(server.process.pid)

    os.kill(pid, signal.SIGTERM)

    assert server.process.wait(timeout=60) == 0
