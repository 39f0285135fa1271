"""The newest revision of migration scripts, as their text has it; Alembic decides where that is not plain."""

from pathlib import Path

import pytest

import shopdb_computers
import shopdb_printers
from shopdb_core.store.migrate import MigrationScripts, core_scripts
from shopdb_core.store.revisions import plain_head

FIRST = 'revision = "1"\ndown_revision = None\n'
SECOND = 'revision: str = "2"\ndown_revision: str | None = "1"\n'


@pytest.mark.parametrize(
    "scripts",
    [
        core_scripts(),
        MigrationScripts("computers", Path(shopdb_computers.__file__).parent / "migrations"),
        MigrationScripts("printers", Path(shopdb_printers.__file__).parent / "migrations"),
    ],
    ids=lambda scripts: scripts.name,
)
def test_it_is_the_head_that_alembic_finds(scripts: MigrationScripts) -> None:
    """The scripts of our distributions are plain."""
    assert plain_head(scripts.directory) == scripts.head()


@pytest.mark.parametrize(
    ("scripts", "head"),
    [
        ([FIRST, SECOND], "2"),
        ([], None),
        ([FIRST, FIRST], None),
        ([FIRST, SECOND, 'revision = "3"\ndown_revision = "1"\n'], None),
        ([FIRST, 'revision = "3"\ndown_revision = "2"\n'], None),
        ([FIRST, 'revision = "2"\ndown_revision = ("1", "0")\n'], None),
        ([FIRST, 'revision = str(2)\ndown_revision = "1"\n'], None),
        ([FIRST, "def upgrade(:\n"], None),
        ([SECOND, 'revision = "1"\ndown_revision = "2"\n'], None),
        ([FIRST, "revision: str = '2'  # the second\ndown_revision: Union[str, None] = '1'\n"], "2"),
        ([FIRST, SECOND + 'revision = "3"\n'], None),
        ([FIRST, 'revision = "2" + "b"\ndown_revision = "1"\n'], None),
        ([FIRST, 'revision = "\\x32"\ndown_revision = "1"\n'], None),
        ([FIRST, f'"""Usual:\n\n{SECOND}"""\nrevision = "3"\ndown_revision = "1"\n'], None),
    ],
    ids=[
        *("line", "none", "twice", "branches", "gap", "merge", "computed", "syntax", "circle"),
        *("annotated", "assigned again", "joined", "escaped", "in a docstring"),
    ],
)
def test_only_a_plain_line_has_a_head(tmp_path: Path, scripts: list[str], head: str | None) -> None:
    """One line of constants from the first script to the newest; `__init__.py` is not a script."""
    (tmp_path / "__init__.py").touch()
    for number, script in enumerate(scripts):
        (tmp_path / f"{number}.py").write_text(script)

    assert plain_head(tmp_path) == head
