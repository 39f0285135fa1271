"""Whether the guide to performance shows what was recorded."""

import subprocess
import sys


def test_the_tables_are_those_of_the_recorded_runs(repository):
    """The tables between the markers are what `benchmarks/tables.py` makes of `benchmarks/results/`."""
    command = [sys.executable, repository / "benchmarks/tables.py", "--check"]

    done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=60)

    assert done.returncode == 0, done.stderr
