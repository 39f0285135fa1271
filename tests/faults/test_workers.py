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
LINE = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3} (?:INFO|WARNING) \[(\d+)\] \S+ .+")


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
    commands = {pid: Path(f"/proc/{pid}/cmdline").read_bytes() for pid in family(server.process.pid)}
    return sorted(pid for pid, command in commands.items() if b"spawn_main" in command)


def log_of(server) -> list[str]:
    return server.log.read_text().splitlines()


def kill_worker(server, pid: int) -> None:
    """Kill a worker, and wait until the supervisor has seen it."""
    os.kill(pid, signal.SIGKILL)
    told = f"Worker {pid} was ended by SIGKILL"
    wait_until(lambda: told in server.log.read_text(), "the end of the worker is not logged")


def submit_anew(server, number: int) -> int:
    """Submit on a new connection, and return the status."""
    return server.submit("computers", {"hostname": f"pc-{number}"}).status_code


def test_every_worker_answers(pair) -> None:
    """Connections are spread among all workers; each line of the log is whole, and tells the worker."""
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


def test_workers_that_die_at_once_are_started_ever_more_slowly(pair) -> None:
    """Each successor of a short life waits twice as long."""
    slots = workers(pair)
    for _ in range(3):
        kill_worker(pair, slots[-1])
        wait_until(lambda: len(workers(pair)) == 2 or "in 4 s" in pair.log.read_text(), "no successor")
        slots = sorted(workers(pair), key=lambda pid: pid != slots[0])
    assert pair.stop() == 0

    assert re.findall(r"the next one starts in (\d+) s", pair.log.read_text()) == ["1", "2", "4"]


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


def test_workers_end_with_their_supervisor(site, pair, writers, check_sound) -> None:
    """A supervisor that is killed leaves no process behind; the workers answer what is in flight first."""
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
    assert f"worker {stuck} does not end, and is killed" in pair.log.read_text()


def test_ctrl_c_reaches_the_workers_as_sigterm(pair) -> None:
    """Ctrl-C goes to every process of a terminal, and leaves no traceback."""
    for pid in [*workers(pair), pair.process.pid]:
        os.kill(pid, signal.SIGINT)

    assert pair.process.wait(timeout=20) == 0
    assert log_of(pair) == []


def test_workers_in_a_container_stop(site, container, child_of) -> None:
    """As PID 1, where a signal has no effect unless it is handled, SIGTERM still ends all."""
    site.variables["SHOPDB_WORKERS"] = "2"
    server = site.serve(*container)
    pid = child_of(server.process.pid)

    os.kill(pid, signal.SIGTERM)

    assert server.process.wait(timeout=20) == 0
