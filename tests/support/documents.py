"""The parts of a document: its sections, its fenced blocks, its tables, and the code in their cells."""

import re

_CODE = re.compile(r"(?<!`)(`+)(?!`)(.+?)(?<!`)\1(?!`)")
_BAR = re.compile(r"(?<!\\)\|")


def sections(text: str, level: int) -> dict[str, str]:
    """Return what stands below each heading of a level, by the heading."""
    parts = re.split(rf"(?m)^{'#' * level} (.+)$", text)[1:]
    return dict(zip(parts[::2], parts[1::2], strict=True))


def fenced(text: str, info: str) -> list[str]:
    """Return the fenced blocks that have exactly this behind their fence."""
    return re.findall(rf"(?ms)^```{re.escape(info)}\n(.*?)^```$", text)


def table(text: str, header: str) -> list[list[str]]:
    """Return the cells of the one table whose first line is `header`, row by row, without their blanks."""
    (rows,) = re.findall(rf"(?m)^{re.escape(header)}\n\|[ |-]+\|\n((?:\|.*\n)+)", text)
    return [_cells(row) for row in rows.splitlines()]


def code(cell: str) -> list[str]:
    """Return what stands in backticks, several of them where it holds backticks itself."""
    return [found[2].strip() for found in _CODE.finditer(cell)]


def _cells(row: str) -> list[str]:
    return [cell.strip().replace("\\|", "|") for cell in _BAR.split(row)[1:-1]]
