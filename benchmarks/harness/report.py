"""The table of a run, and the record of it that the documentation shows."""

import json
import os
import platform
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from harness.figures import Figures, Summary
from harness.payloads import Group

_HEADINGS = (
    "programs", "clients", "kind", "server", "a second", "ratio", "of rounds", "goal", "p50 ms", "p99 ms",
    "p99 ratio", "longest", "CPU us", "MB before", "after", "loader",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Record:
    """A run: on which day, on what, what was measured and how, and the cells."""

    date: str
    machine: str
    versions: dict[str, str]
    rounds: int
    seconds: float
    floor: int
    own_versions: bool
    cells: Sequence[Summary]

    def save(self, file: Path) -> None:
        """Write the record as JSON, a cell a line."""
        *before, _ = asdict(self).items()
        head = [f"{json.dumps(name)}: {json.dumps(value)}" for name, value in before]
        cells = ",\n".join(json.dumps(asdict(cell)) for cell in self.cells)
        file.parent.mkdir(exist_ok=True)
        file.write_text("{" + ",\n".join([*head, f'"cells": [\n{cells}\n]']) + "}\n")


def load(file: Path) -> Record:
    """Read a record."""
    record = json.loads(file.read_text())
    return Record(**{**record, "cells": [_summary(**cell) for cell in record["cells"]]})


def _summary(*, group: dict[str, object], figures: dict[str, float], **others: object) -> Summary:
    return Summary(group=Group(**group), figures=Figures(**figures), **others)  # type: ignore[arg-type]


def today() -> str:
    """Return the day, as records hold it."""
    return datetime.now(UTC).date().isoformat()


def machine() -> str:
    """Describe this machine in a few words, and how busy it is."""
    return f"Python {platform.python_version()}, {os.cpu_count()} CPUs, load average {os.getloadavg()[0]:.1f}"


def table(found: Sequence[Summary]) -> str:
    """Return the figures as a table; ratios are to the no-op of the same round."""
    rows = [_HEADINGS, *map(_row, found)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ["  ".join(cell.rjust(width) for cell, width in zip(row, widths, strict=True)) for row in rows]
    return "\n".join([lines[0], "-" * len(lines[0]), *lines[1:]])


def _row(each: Summary) -> tuple[str, ...]:
    group, figures = each.group, each.figures
    return (
        str(group.programs),
        str(group.clients),
        f"{group.kind} of {group.lines}" if group.lines > 1 else group.kind,
        each.server,
        f"{figures.rate:,.0f}",
        f"{each.ratio:.2f}",
        f"{each.lowest:.2f}-{each.highest:.2f}",
        "" if each.goal is None else f"{each.goal:.2f} {'met' if each.ratio >= each.goal else 'missed'}",
        f"{figures.p50:.1f}",
        f"{figures.p99:.1f}",
        f"{each.tail:.1f}",
        f"{figures.longest:.0f}",
        f"{figures.cpu:.0f}",
        f"{figures.started:.0f}",
        f"{figures.ended:.0f}",
        f"{figures.loader:.0%}",
    )
