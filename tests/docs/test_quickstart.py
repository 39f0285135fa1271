"""Whether docs/plugin-quickstart.md builds examples/shopdb-network."""

import re
import shlex
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

POLLING = {
    *(f"shopdb_network/{module}.py" for module in ("answers", "objects", "poll", "snmp", "submission")),
    *(f"tests/{module}.py" for module in ("conftest", "test_poll", "test_refusals", "test_submission")),
}
"""What the example has beyond the page, which says so."""

MENTION_POLLING = {"CHANGELOG.md", "README.md", "pyproject.toml"}


@pytest.fixture
def page(docs: Path) -> Path:
    """Return the page."""
    return docs / "plugin-quickstart.md"


@pytest.fixture
def example(repository: Path) -> Path:
    """Return the folder of the example."""
    return repository / "examples" / "shopdb-network"


def test_what_the_page_shows_is_the_example(page: Path, example: Path, blocks_of: Callable) -> None:
    """Each file on the page is that of the example, unchanged."""
    shown = {block.title: block.text for block in blocks_of(page) if block.title}

    assert shown == {name: (example.parent / name).read_text(encoding="utf-8") for name in shown}


def test_what_the_page_builds_is_the_example(
    page: Path, example: Path, blocks_of: Callable, tmp_path: Path
) -> None:
    """What the command writes and the page does not show is in the example as it was written."""
    command = re.search(r"(?m)^\$ shopdb (plugin new .*)$", page.read_text(encoding="utf-8"))[1]
    subprocess.run(
        [sys.executable, "-m", "shopdb_core", *shlex.split(command)],
        check=True,
        cwd=tmp_path,
        stdout=subprocess.DEVNULL,
    )
    for block in blocks_of(page):
        if block.title:
            (tmp_path / block.title).write_text(block.text, encoding="utf-8")

    built, expected = files(tmp_path / example.name), files(example)

    assert expected.keys() - built.keys() == POLLING
    assert {name for name in built if built[name] != expected[name]} == MENTION_POLLING


def files(folder: Path) -> dict[str, str]:
    """Return the text of each file below a folder, except the caches of tools."""
    paths = (
        path for path in folder.rglob("*") if path.is_file() and "cache" not in str(path.relative_to(folder))
    )
    return {path.relative_to(folder).as_posix(): path.read_text(encoding="utf-8") for path in paths}
