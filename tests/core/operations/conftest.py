"""Fixtures for backups: a site with submissions, and an archive of it."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from archives import quiet

from shopdb_core.operations.backups.backup import make_backup


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return an empty folder for archives."""
    made = tmp_path / "archives"
    made.mkdir()
    return made


@pytest.fixture
def stocked(make_shop: Callable[..., Any]) -> Any:
    """Return a site with three computers, one of them changed since."""
    shop = make_shop()
    for number in (1, 2, 3):
        shop.submit("computers", {"hostname": f"PC-{number}", "osname": "Windows 11"})
    shop.submit("computers", {"hostname": "PC-1", "osname": "Großrechner 🖨"})
    return shop


@pytest.fixture
def archive(stocked: Any, folder: Path) -> Path:
    """Return an archive of the stocked site."""
    return make_backup(stocked, folder / "site.shopdb.tar", quiet).path
