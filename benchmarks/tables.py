"""Write the tables of recorded runs into docs/performance.md, each between its markers.

python benchmarks/tables.py
python benchmarks/tables.py --check
"""

import re
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import get_args

from harness.figures import YARDSTICK, Figures, Summary
from harness.payloads import Group, Kind
from harness.report import Record, load

DOCUMENT = Path(__file__).parents[1] / "docs/performance.md"
RESULTS = Path(__file__).parent / "results"

_MARKED = re.compile(r"(<!-- results: (\w+) -->\n).*?(<!-- end of results -->)", re.DOTALL)
_TITLES = {
    "sqlite": "SQLite",
    "workers": "SQLite, two worker processes",
    "postgresql": "PostgreSQL",
    "mysql": "MariaDB",
    "gunicorn": "SQLite, served by gunicorn with eight threads",
    "granian": "SQLite, served by granian with eight threads",
    "baseline": "SQLite, the version before",
    "datasette": "Datasette",
}

Cell = Callable[[Summary], str]


class Cells:
    """The cells of a record, by server and group."""

    def __init__(self, record: Record) -> None:
        self._cells: Mapping[tuple[str, Group], Summary] = {
            (each.server, each.group): each for each in record.cells
        }
        groups = list(dict.fromkeys(each.group for each in record.cells))
        self.rows = list(dict.fromkeys((each.programs, each.clients) for each in groups if each.lines == 1))
        self.batches = [each for each in groups if each.lines > 1]
        self.servers = [name for name in _TITLES if any(each.server == name for each in record.cells)]

    def get(self, server: str, group: Group) -> Summary | None:
        """Return a cell, or `None` if the server is not measured with the group."""
        return self._cells.get((server, group))

    def kinds_of(self, server: str) -> Sequence[Kind]:
        """Return the kinds of single submissions that a server is measured with."""
        measured = {each.group.kind for each in self.of(server) if each.group.lines == 1}
        return [kind for kind in get_args(Kind) if kind in measured]

    def unit(self, groups: Sequence[Group]) -> Figures:
        """Return the no-op's figures in the middle of those of the groups, by rate."""
        found = [unit.figures for group in groups if (unit := self.get(YARDSTICK, group))]
        return sorted(found, key=lambda each: each.rate)[len(found) // 2]

    def of(self, server: str) -> Sequence[Summary]:
        """Return all cells of a server."""
        return [each for each in self._cells.values() if each.server == server]


def main() -> None:
    """Write the document anew; with `--check` only exit with 1 if that would change it."""
    text = DOCUMENT.read_text(encoding="utf-8")
    written = _MARKED.sub(_rendered, text)
    if "--check" not in sys.argv[1:]:
        DOCUMENT.write_text(written, encoding="utf-8")
    elif written != text:
        sys.exit(f"{DOCUMENT.name} does not show the recorded results: run python benchmarks/tables.py")


def _rendered(marked: re.Match[str]) -> str:
    record = load(RESULTS / f"{marked[2]}.json")
    return marked[1] + "\n" + "\n".join(_document(record)) + "\n" + marked[3]


def _document(record: Record) -> Iterator[str]:
    cells = Cells(record)
    versions = ", ".join(f"{name} {version}" for name, version in record.versions.items())
    busiest = max(each.figures.loader for each in record.cells)
    rounds = f"{record.rounds} round{'' if record.rounds == 1 else 's'}"
    yield (
        f"Recorded on {record.date}: {record.machine}; {versions}. {rounds} of "
        f"{record.seconds:g} s; the loader took at most {busiest:.0%} of a core. The floor has "
        f"{record.floor:,} computers."
    )
    for server in cells.servers:
        yield from ("", f"### {_TITLES[server]}", "")
        yield from _server(cells, server)


def _server(cells: Cells, server: str) -> Iterator[str]:
    yield from ("Submissions a second, and the ratio to the no-op:", "")
    yield from _table(cells, server, _rate, unit=lambda each: f"{each.rate:,.0f}")
    yield from ("", "p50 and p99 in milliseconds, and how many times the no-op's p99:", "")
    yield from _table(cells, server, _times, unit=_milliseconds)
    if server == "datasette" and "sqlite" in cells.servers:
        yield from ("", "How many times its rate ShopDB on SQLite reaches, and how many times its p99:", "")
        yield from _table(cells, "sqlite", partial(_compared, cells))
    if any(cells.get(server, group) for group in cells.batches):
        yield from ("", "Batches, one after another, compared with single submissions to the no-op:", "")
        yield from _batches(cells, server)
    first, *_, last = cells.of(server)
    memory = f"{first.figures.started:.0f} MB at the start and {last.figures.ended:.0f} MB at the end"
    yield from ("", f"Its resident memory was {memory}.")


def _table(
    cells: Cells, server: str, cell: Cell, unit: Callable[[Figures], str] | None = None
) -> Iterator[str]:
    """Yield a row for each number of programs and clients; `unit` shows the no-op's figures."""
    kinds = cells.kinds_of(server)
    yield from _headings("programs", "clients", *(["no-op"] if unit else []), *kinds)
    for programs, clients in cells.rows:
        groups = [Group(programs, clients, kind) for kind in kinds]
        units = [unit(cells.unit(groups))] if unit else []
        shown = [_shown(cells.get(server, group), cell) for group in groups]
        yield _line(str(programs), str(clients), *units, *shown)


def _batches(cells: Cells, server: str) -> Iterator[str]:
    kinds: Sequence[Kind] = list(dict.fromkeys(group.kind for group in cells.batches))
    yield from _headings("programs", "lines", *kinds)
    for programs, lines in dict.fromkeys((group.programs, group.lines) for group in cells.batches):
        groups = [group for group in cells.batches if (group.programs, group.lines) == (programs, lines)]
        yield _line(str(programs), str(lines), *(_shown(cells.get(server, group), _rate) for group in groups))


def _headings(*names: str) -> Iterator[str]:
    yield _line(*names)
    yield _line(*("---" for _ in names))


def _line(*values: str) -> str:
    return f"| {' | '.join(values)} |"


def _shown(summary: Summary | None, cell: Cell) -> str:
    return cell(summary) if summary else ""


def _rate(each: Summary) -> str:
    goal = "" if each.goal is None else f", goal {each.goal:.2f}"
    return f"{each.figures.rate:,.0f} ({each.ratio:.2f}{goal})"


def _times(each: Summary) -> str:
    return f"{_milliseconds(each.figures)} ({each.tail:.1f})"


def _milliseconds(figures: Figures) -> str:
    return f"{figures.p50:.1f} / {figures.p99:.1f}"


def _compared(cells: Cells, own: Summary) -> str:
    peer = cells.get("datasette", own.group)
    return f"{own.ratio / peer.ratio:.1f} ({own.tail / peer.tail:.2f})" if peer else ""


if __name__ == "__main__":
    main()
