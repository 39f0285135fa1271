"""Fixtures for the tests of several commands."""

from collections.abc import Callable
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
def refused() -> Callable[[CompletedProcess[str]], str]:
    """Return a function that expects exit code 1 and one line on stderr, and gives that line."""

    def expect(done: CompletedProcess[str]) -> str:
        assert done.returncode == 1, done.stderr
        assert done.stdout == ""
        (line,) = done.stderr.splitlines()
        assert line.startswith("shopdb: ")
        return line.removeprefix("shopdb: ")

    return expect
