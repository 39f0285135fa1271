"""A submission is on the disk before its answer, as the system calls show."""

import re
import shutil
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

SUBMISSIONS = 40
FINISHED = re.compile(r"\+\+\+ exited with 0 \+\+\+$")
FLUSHED = re.compile(r"f(?:data)?sync(?:\(| resumed>).*\) += 0$")
ANSWER = re.compile(r'"HTTP/1\.1 20[01] ')
DESCRIPTOR = re.compile(r"(?:recvfrom|sendto)\((\d+), ")
CLIENTS = 8


@pytest.fixture
def traced(site, not_permitted, tmp_path):
    """Return a server whose flushes and answers are written to a file, and that file."""
    if shutil.which("strace") is None:
        not_permitted("strace is not installed")
    trace = tmp_path / "trace"
    # -D keeps the server the direct child, so that signals reach it and not strace.
    server = site.serve(
        "strace", "-D", "-f", "-q", "-e", "trace=fsync,fdatasync,recvfrom,sendto", "-o", str(trace)
    )
    return server, trace


def finished_lines(trace: Path) -> list[str]:
    """Return the trace of a server that has stopped, once it is written to its end."""
    deadline = time.monotonic() + 30
    while not FINISHED.search(text := trace.read_text().rstrip()):
        assert time.monotonic() < deadline, "strace does not end"
        time.sleep(0.05)
    return text.splitlines()


def event_of(line: str) -> str | None:
    if FLUSHED.search(line):
        return "flush"
    return "answer" if ANSWER.search(line) else None


def test_each_answer_follows_a_flush(traced) -> None:
    """Between two answers to serial submissions the database is flushed to the disk."""
    server, trace = traced
    with server.client() as client:
        for number in range(SUBMISSIONS):
            submission = {"hostname": "pc-1", "osversion": str(number)}
            assert client.post("/api/collector/computers", json=submission).is_success
    assert server.stop() == 0

    lines = finished_lines(trace)

    events = list(filter(None, map(event_of, lines)))
    answers = [place for place, event in enumerate(events) if event == "answer"]
    assert len(answers) == SUBMISSIONS
    assert all(place > 0 and events[place - 1] == "flush" for place in answers)


def test_each_answer_of_a_round_follows_its_flush(traced) -> None:
    """Of submissions that share a commit, none is answered before the flush that follows its arrival."""
    server, trace = traced

    def submit(client: int) -> None:
        with server.client() as connection:
            for number in range(SUBMISSIONS // 4):
                submission = {"hostname": f"pc-{client}", "osversion": str(number)}
                assert connection.post("/api/collector/computers", json=submission).is_success

    with ThreadPoolExecutor(CLIENTS) as pool:
        list(pool.map(submit, range(CLIENTS)))
    assert server.stop() == 0

    waiting: dict[str, bool] = {}
    answers = flushes = 0
    for line in finished_lines(trace):
        descriptor = DESCRIPTOR.search(line)
        if "POST /api/collector/" in line:
            waiting[descriptor[1]] = False
        elif event_of(line) == "flush":
            flushes += 1
            waiting = dict.fromkeys(waiting, True)
        elif event_of(line) == "answer":
            assert waiting.pop(descriptor[1]), line
            answers += 1
    assert answers == CLIENTS * (SUBMISSIONS // 4)
    assert flushes < answers, "no submissions shared a commit"
