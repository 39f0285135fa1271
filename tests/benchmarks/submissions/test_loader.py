"""The clients in C: what they send, what they count, and when a run is not valid."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[3] / "benchmarks/loader/loader.c"
BODIES = [b'{"number":%d}' % number for number in range(10)]


@pytest.fixture(scope="session")
def program(tmp_path_factory, not_permitted):
    """Return the compiled loader."""
    if not shutil.which("cc"):
        not_permitted("there is no C compiler")
    file = tmp_path_factory.mktemp("loader") / "loader"
    warnings = ["-Wall", "-Wextra", "-Wpedantic", "-Wconversion", "-Werror"]
    subprocess.run(["cc", "-std=c11", "-O2", *warnings, "-o", file, SOURCE], check=True, timeout=60)
    return file


@pytest.fixture
def drive(program, server, tmp_path):
    """Return a function that runs the loader on the server with `BODIES`."""

    def run(*options: str, address: str | None = None) -> subprocess.CompletedProcess[str]:
        file = tmp_path / "requests"
        requests = [
            b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body)
            for body in BODIES
        ]
        file.write_bytes(b"".join(len(each).to_bytes(4, "little") + each for each in requests))
        command = [program, *options, address or f"127.0.0.1:{server.server_port}", file]
        return subprocess.run(command, check=False, capture_output=True, text=True, timeout=60)

    return run


def test_every_request_is_sent_once(drive, server):
    """Without options one client sends the whole file, in order, on one connection."""
    done = drive()

    figures = json.loads(done.stdout)
    assert done.returncode == 0
    assert server.bodies == BODIES
    assert len(server.connections) == 1
    assert figures["requests"] == len(BODIES)
    assert figures["statuses"] == {"200": len(BODIES)}
    assert 0 < figures["p50"] <= figures["p99"] <= figures["longest"]
    assert figures["rate"] == pytest.approx(len(BODIES) / figures["seconds"], rel=0.01)
    assert figures["cpu"] >= 0


def test_clients_share_the_requests(drive, server):
    """Several clients have a connection each, and no request is sent twice."""
    assert drive("--clients=3").returncode == 0
    assert sorted(server.bodies) == sorted(BODIES)
    assert len(server.connections) == 3


def test_a_run_is_bounded(drive, server):
    """The file is repeated until so many requests are answered, or until the time is over."""
    assert json.loads(drive("--repeat", "--requests=25").stdout)["requests"] == 25
    assert server.bodies == [*BODIES, *BODIES, *BODIES[:5]]

    assert 0.2 <= json.loads(drive("--repeat", "--seconds=0.2").stdout)["seconds"] < 10


def test_requests_are_sent_at_a_rate(drive, server):
    """With a rate no request is sent before it is due, and each is sent once, whatever client sends it."""
    done = drive("--rate=50", "--clients=3")

    figures = json.loads(done.stdout)
    assert done.returncode == 0
    assert sorted(server.bodies) == sorted(BODIES)
    assert figures["seconds"] >= (len(BODIES) - 1) / 50
    assert json.loads(drive("--rate=50", "--clients=3", "--repeat", "--seconds=0.3").stdout)["requests"] <= 16


def test_a_request_that_all_clients_delayed_was_due_earlier(drive, server):
    """Its time begins when it was due, so that a slow server cannot hide that requests had to wait."""
    server.delay = 0.05

    figures = json.loads(drive("--rate=1000").stdout)

    assert figures["longest"] >= 0.05 * 1e6 * (len(BODIES) - 2)


@pytest.mark.parametrize("closes", [False, True])
def test_answers_in_chunks_and_closed_connections(drive, server, closes):
    """An answer in chunks is read to its end; after `Connection: close` the client connects anew."""
    server.chunked, server.closes = True, closes

    figures = json.loads(drive('--expect="done"').stdout)

    assert figures["requests"] == len(BODIES)
    assert figures["expected"] == 2 * len(BODIES)
    assert len(server.connections) == (len(BODIES) if closes else 1)


def test_another_status_than_2xx_makes_the_run_invalid(drive, server):
    """The figures are printed, and the exit status and the first such answer say that they do not count."""
    server.statuses = [200, 201, 503, 200]

    done = drive()

    assert json.loads(done.stdout)["statuses"] == {"200": len(BODIES) - 2, "201": 1, "503": 1}
    assert done.returncode == 1
    assert 'the server answered 503: "done"' in done.stderr


@pytest.mark.parametrize("address", ["192.0.2.1:80", "0.0.0.0:80", "localhost:80", "[::1]:80", "127.0.0.1"])
def test_only_this_machine_is_loaded(drive, server, address):
    """Any other address than one of 127.0.0.0/8 is refused."""
    done = drive(address=address)

    assert done.returncode == 2
    assert "address" in done.stderr
    assert not server.bodies


@pytest.mark.parametrize(
    "option", ["--seconds=3601", "--requests=1e9", "--clients=0", "--seconds=inf", "--rate=0"]
)
def test_bounds_are_bounded(drive, server, option):
    """No run may be without an end."""
    assert drive(option).returncode == 2
    assert not server.bodies


def test_a_missing_compiler_is_reported(benchmarks):
    """Without a C compiler the benchmark ends with one line that says what to install."""
    done = subprocess.run(
        [sys.executable, benchmarks / "submissions.py", "--quick"],
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
        env={**os.environ, "CC": "missing-compiler"},
    )

    assert done.returncode == 1
    assert "missing-compiler was not found: install one" in done.stderr
    assert "Traceback" not in done.stderr
