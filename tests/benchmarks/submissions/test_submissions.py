"""The benchmark of submissions, at a size of seconds: that it works, not how fast anything is."""

import json
import shutil
import subprocess
import sys

import pytest

SINGLE = {(kind, 1) for kind in ("created", "updated", "program", "noop", "floor")}
BATCHES = {("created", 5), ("updated", 5), ("noop", 5)}
FIGURES = ("rate", "p50", "p99", "longest", "started", "ended", "answer")


@pytest.fixture
def measure(benchmarks, tmp_path, not_permitted):
    """Return a function that runs the benchmark with 3 programs, and returns what it recorded."""
    if not shutil.which("cc"):
        not_permitted("there is no C compiler")

    def run(*options: str) -> tuple[dict, str]:
        file = tmp_path / "results" / "run.json"
        size = ("--programs=3", "--clients=2", "--seconds=0.3", "--requests=40", "--floor=20", "--rounds=1")
        command = [sys.executable, benchmarks / "submissions.py", *size, f"--save={file}", *options]
        done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=600)
        assert done.returncode == 0, done.stderr
        return json.loads(file.read_text()), done.stdout

    return run


def test_every_kind_is_measured_on_every_server(measure):
    """The record holds all figures of each kind on SQLite and the no-op, and what they were measured with."""
    record, printed = measure("--lines=5", "--rounds=2")

    kinds = {
        server: {
            (cell["group"]["kind"], cell["group"]["lines"])
            for cell in record["cells"]
            if cell["server"] == server
        }
        for server in ("no-op", "sqlite")
    }
    assert kinds == {"no-op": SINGLE | BATCHES, "sqlite": SINGLE | BATCHES}
    for cell in record["cells"]:
        assert all(cell["figures"][name] > 0 for name in FIGURES), cell
        assert cell["lowest"] <= cell["ratio"] <= cell["highest"]
        assert cell["tail"] > 0
    assert record["rounds"] == 2
    assert "CPUs, load average" in record["machine"]
    assert {"shopdb-core", "waitress", "SQLite"} <= record["versions"].keys()
    assert len([line for line in printed.splitlines() if " sqlite " in line]) == len(SINGLE | BATCHES)


def test_a_missing_peer_is_left_out(measure):
    """Without Datasette the others are measured, and a note says so."""
    record, printed = measure(
        "--servers=sqlite,datasette", "--kinds=noop", "--lines=1", "--datasette=/missing"
    )

    assert {cell["server"] for cell in record["cells"]} == {"no-op", "sqlite"}
    assert "datasette is left out" in printed


def test_two_versions_are_measured_in_one_run(measure):
    """A baseline is another ShopDB, here the same one, in an environment that its Python has."""
    record, _ = measure(
        "--servers=sqlite,baseline", "--kinds=updated", "--lines=1", f"--baseline={sys.executable}"
    )

    assert {cell["server"] for cell in record["cells"]} == {"no-op", "sqlite", "baseline"}
    assert record["versions"]["baseline"] == record["versions"]["shopdb-core"]
