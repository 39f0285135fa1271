"""`benchmarks/start.py` runs, and its figures keep to their limits."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

START = Path(__file__).parents[2] / "benchmarks" / "start.py"
FIGURE = re.compile(r"(?m)^(.+?)  +([0-9.]+) (?:of it|MB)")


@pytest.mark.alone
@pytest.mark.skipif(sys.platform != "linux", reason="it reads /proc")
def test_the_start_keeps_to_its_limits() -> None:
    """A small run prints each figure; the limits have room for what a busy machine adds."""
    command = [sys.executable, START, "--rounds=3", "--submissions=100"]

    done = subprocess.run(command, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stderr
    figures = {name: float(figure) for name, figure in FIGURE.findall(done.stdout)}
    assert figures["shopdb --help"] < 3
    assert figures["shopdb serve, to listening"] < 15
    assert figures["resident memory"] < 85
    assert figures["after     100 submissions"] < 1.3
