"""The table of a run, and the file that keeps it for a later comparison."""

import json
import os
import platform
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

from harness.figures import Measurement, Summary, summaries

_HEADINGS = (
    "programs", "clients", "action", "a second", "ratio", "goal", "before", "p50 ms", "p99 ms", "p99 ratio",
    "CPU us", "RSS MB", "loader idle",
)  # fmt: skip

Before = Mapping[tuple[int, int, str], float]
"""The ratios of an earlier run, by programs, clients and action."""


def table(found: Sequence[Summary], before: Before) -> str:
    """Return the figures as a table; ratios are to the no-op of the same round."""
    rows = [_HEADINGS, *(_row(each, before) for each in found)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ["  ".join(cell.rjust(width) for cell, width in zip(row, widths, strict=True)) for row in rows]
    return "\n".join([lines[0], "-" * len(lines[0]), *lines[1:]])


def _row(each: Summary, before: Before) -> tuple[str, ...]:
    earlier = before.get((each.programs, each.clients, each.kind))
    return (
        str(each.programs),
        str(each.clients),
        "(no-op)" if each.kind == "yardstick" else each.kind,
        f"{each.rate:,.0f}",
        f"{each.ratio:.2f}",
        _goal(each),
        "" if earlier is None else f"{earlier:.2f}",
        f"{each.p50:.1f}",
        f"{each.p99:.1f}",
        f"{each.tail:.1f}",
        f"{each.cpu:.0f}",
        f"{each.rss:.0f}",
        f"{each.idle:.0%}",
    )


def _goal(each: Summary) -> str:
    if each.goal is None:
        return ""
    return f"{each.goal:.2f} {'kept' if each.ratio >= each.goal else 'missed'}"


def machine() -> str:
    """Describe this machine, and how busy it is."""
    load = os.getloadavg()[0]
    return f"Python {platform.python_version()}, {os.cpu_count()} CPUs, load average {load:.1f}"


def save(file: Path, measurements: Sequence[Measurement], where: str) -> None:
    """Write the measurements of a run to `file`."""
    file.parent.mkdir(exist_ok=True)
    record = {"machine": where, "measurements": [asdict(each) for each in measurements]}
    file.write_text(json.dumps(record, indent=1) + "\n")


def load_ratios(file: Path) -> Before:
    """Read the ratios of a run that `save` kept."""
    measurements = [Measurement(**each) for each in json.loads(file.read_text())["measurements"]]
    return {(each.programs, each.clients, each.kind): each.ratio for each in summaries(measurements)}
