"""Messages about faulty migrations: the plugin, the error, the file and the line."""

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from shopdb_core.store.migrate import MigrationScripts, upgrade


def revision(name: str, before: str | None = None, body: str = "pass") -> str:
    """Return a migration whose `upgrade` does `body` in line 8."""
    return f"""\
import sqlalchemy as sa
from alembic import op

revision = {name!r}
down_revision = {before!r}

def upgrade():
    {body}

def downgrade():
    pass
"""


UNREADABLE: Mapping[str, tuple[Mapping[str, str], str]] = {
    "two that follow none": (
        {"a": revision("rack_1"), "b": revision("rack_2")},
        "rack_1 and rack_2 have no successor: let one name the other as its down_revision",
    ),
    "one name twice": (
        {"a": revision("rack_1"), "b": revision("rack_1")},
        "Revision rack_1 is present more than once",
    ),
    "a gap": (
        {"a": revision("rack_2", "rack_1")},
        "Revision rack_1 referenced from rack_1 -> rack_2 (head),  is not present",
    ),
    "a circle": (
        {"a": revision("rack_2", "rack_1"), "b": revision("rack_1", "rack_2")},
        "Cycle is detected in revisions (rack_2, rack_1)",
    ),
    "no revision": ({"a": "x = 1\n"}, "module 'a_py' has no attribute 'down_revision'"),
    "a syntax error": ({"a": "def upgrade(:\n"}, "invalid syntax (migrations/a.py, line 1)"),
    "a missing library": ({"a": "import nosuch\n"}, "No module named 'nosuch' (migrations/a.py, line 1)"),
}

FAILING: Mapping[str, tuple[str, str]] = {
    "a statement": (
        "op.execute('INSERT INTO nowhere VALUES (1)')",
        "(sqlite3.OperationalError) no such table: nowhere (migrations/a.py, line 8)",
    ),
    "a wrong call": (
        "op.create_table()",
        "create_table() missing 1 required positional argument: 'table_name' (migrations/a.py, line 8)",
    ),
    "a table of the core's": (
        "op.create_table('asset', sa.Column('a', sa.Integer))",
        "(sqlite3.OperationalError) table asset already exists (migrations/a.py, line 8)",
    ),
    "a commit": (
        "op.get_bind().commit()",
        (
            "Work on the database must neither commit nor roll back: the store ends its transaction. "
            "(migrations/a.py, line 8)"
        ),
    ),
    "a long message": (
        "raise ValueError('x' * 400)",
        f"{'x' * 177} (migrations/a.py, line 8)",
    ),
}


@pytest.fixture
def failure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[Mapping[str, str]], str | None]:
    """Return a function that writes and runs the migrations of a plugin `rack`, and returns the failure."""
    monkeypatch.syspath_prepend(tmp_path)

    def run(files: Mapping[str, str]) -> str | None:
        directory = tmp_path / "migrations"
        directory.mkdir()
        for name, text in files.items():
            (directory / f"{name}.py").write_text(text)
        _, status = upgrade(f"sqlite:///{tmp_path}/shopdb.sqlite3", [MigrationScripts("rack", directory)])
        return status.failure

    return run


@pytest.mark.parametrize(("files", "message"), UNREADABLE.values(), ids=UNREADABLE)
def test_unreadable_migrations(failure, files, message):
    """The scripts do not form one chain, or one of them cannot be loaded."""
    assert failure(files) == f"The migrations of rack cannot be read: {message}"


@pytest.mark.parametrize(("body", "message"), FAILING.values(), ids=FAILING)
def test_a_failing_migration(failure, body, message):
    """A script raises; what it did before is rolled back."""
    expected = f"The migrations of rack failed and were rolled back: {message}"

    assert failure({"a": revision("rack_1", body=body)}) == expected


def test_a_migration_without_upgrade(failure):
    """A file that has only the revision is reported."""
    text = revision("rack_1").partition("def upgrade")[0]

    assert failure({"a": text}) == (
        "The migrations of rack failed and were rolled back: module 'a_py' has no attribute 'upgrade'"
    )
