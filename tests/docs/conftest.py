"""Fixtures: the documents, and the fenced blocks in them."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from installing import install
from released import newcomer, wheels
from shops import make_shop

__all__ = ["install", "make_shop", "newcomer", "wheels"]  # fixtures for every test of the documents

REPOSITORY = Path(__file__).parents[2]
DOCUMENTS = sorted(
    [
        *REPOSITORY.glob("*.md"),
        *REPOSITORY.glob("docs/**/*.md"),
        *REPOSITORY.glob("hookspecs/README.md"),
        *REPOSITORY.glob("src/*/README.md"),
    ]
)

RUNNABLE = ("console", "python", "sh")
NOT_RUN = ("plugin", "setup")

_FENCE = re.compile(r"^```(\w+)([^\n]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_TITLE = re.compile(r'title="([^"]+)"')


@dataclass(frozen=True)
class Block:
    """One fenced block: its place, language, the rest of the line after the language, and its text."""

    place: str
    language: str
    info: str
    text: str

    @property
    def runs(self) -> bool:
        """Whether the block runs unchanged: not a file, a part of a plugin, or a change of the machine."""
        return self.language in RUNNABLE and self.info.strip() not in NOT_RUN and not self.title

    @property
    def title(self) -> str | None:
        """The file that the block shows, if it shows one."""
        found = _TITLE.search(self.info)
        return found[1] if found else None


@pytest.fixture
def blocks_of() -> Callable[[Path], list[Block]]:
    """Return a function that gives the blocks of a document, in order."""
    return _blocks


@pytest.fixture(scope="session")
def repository() -> Path:
    """Return the root of the work tree."""
    return REPOSITORY


@pytest.fixture
def documents() -> list[Path]:
    """Return every document."""
    return DOCUMENTS


@pytest.fixture
def docs() -> Path:
    """Return the folder of the guides."""
    return REPOSITORY / "docs"


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run a test with the argument `document` once for each; `runnable` are those that show commands."""
    chosen = {"document": DOCUMENTS, "runnable": [*filter(_is_runnable, DOCUMENTS)]}
    for name in chosen.keys() & set(metafunc.fixturenames):
        names = [str(document.relative_to(REPOSITORY)) for document in chosen[name]]
        metafunc.parametrize(name, chosen[name], ids=names)


def _is_runnable(document: Path) -> bool:
    return any(block.runs for block in _blocks(document))


def _blocks(document: Path) -> list[Block]:
    text = document.read_text(encoding="utf-8")
    return [
        Block(
            place=f"{document.relative_to(REPOSITORY)}:{text.count(chr(10), 0, found.start()) + 1}",
            language=found[1],
            info=found[2],
            text=found[3],
        )
        for found in _FENCE.finditer(text)
    ]
