"""The environment of this machine, without its own settings of ShopDB: they would change what a test sees."""

import os

import pytest

OF_SHOPDB = ("SHOPDB_", "COLLECTOR_API_KEY", "SECRET_KEY")
"""How the name of every setting begins, and of what only the tests read."""


def without_settings() -> dict[str, str]:
    """Return the environment for a process that gets its settings from the test alone."""
    return {name: value for name, value in os.environ.items() if not name.startswith(OF_SHOPDB)}


def remove_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take the settings out of the environment of this process, until the test ends."""
    for name in os.environ.keys() - without_settings().keys():
        monkeypatch.delenv(name)
