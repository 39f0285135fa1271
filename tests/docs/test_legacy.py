"""docs/legacy.md lists the spellings and the dates of the legacy endpoint."""

import pytest
from documents import code, table

from shopdb_core.api.legacy_pc import PROGRAM_SPELLINGS, SPELLINGS, SUNSET


@pytest.mark.parametrize(
    ("header", "spellings"),
    [
        ("| field | is also |", SPELLINGS),
        ("| member | is also |", {name: each for name, each in PROGRAM_SPELLINGS.items() if each}),
    ],
)
def test_every_spelling_is_listed(docs, header, spellings):
    """The tables are those of the module, in its order."""
    rows = table((docs / "legacy.md").read_text(), header)

    assert [(code(field)[0], tuple(code(names))) for field, names in rows] == [*spellings.items()]


def test_the_end_is_the_one_that_is_announced(docs):
    """The page names the date of the header `Sunset`."""
    assert f"ends on {SUNSET:%Y-%m-%d}." in (docs / "legacy.md").read_text()
