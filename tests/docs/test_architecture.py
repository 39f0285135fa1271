"""Whether docs/architecture.md has every package of the core and every table of the database."""

import re
from pathlib import Path

import pytest

import shopdb_core
from shopdb_core.store.tables import metadata


@pytest.fixture
def text(docs) -> str:
    """Return the page."""
    return (docs / "architecture.md").read_text(encoding="utf-8")


def test_the_map_has_every_package_and_module_at_the_root(text):
    """The map names what is directly in `shopdb_core/`, and nothing else."""
    (shown,) = re.findall(r"(?ms)^shopdb_core/\n(.*?)^```$", text)
    (root,) = map(Path, shopdb_core.__path__)
    modules = {path.name for path in root.glob("*.py") if not path.name.startswith("__")}
    packages = {f"{path.parent.name}/" for path in root.glob("*/__init__.py")}

    assert set(re.findall(r"(?:^  |(?<=py)  )([a-z_]+(?:/|\.py))", shown, re.MULTILINE)) == modules | packages


def test_every_table_is_listed(text):
    assert set(metadata.tables) <= set(re.findall(r"(?m)^\| `(\w+)` \| ", text))
