"""Fixtures for the tests of several commands."""

from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import pytest


@pytest.fixture
def bare(make_site: Callable[..., Any]) -> Any:
    """Return a directory without settings or database, and the command line run in it."""
    site = make_site()
    site.variables.clear()
    return site


@pytest.fixture
def broken(tmp_path: Path) -> Path:
    """Return a folder for `PYTHONPATH`, with the distribution of a plugin whose import fails."""
    metadata = tmp_path / "broken-1.0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: broken\nVersion: 1.0\n")
    (metadata / "entry_points.txt").write_text("[shopdb]\nbroken = broken\n")
    (tmp_path / "broken.py").write_text("raise OSError('no')")
    return tmp_path


@pytest.fixture
def refused() -> Callable[[CompletedProcess[str]], str]:
    """Return a function that expects exit code 1 and one line on stderr, and gives that line."""

    def expect(done: CompletedProcess[str]) -> str:
        assert done.returncode == 1, done.stderr
        assert done.stdout == ""
        (line,) = done.stderr.splitlines()
        assert line.startswith("shopdb: ")
        return line.removeprefix("shopdb: ")

    return expect
