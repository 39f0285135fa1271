"""What the commands print: lines, tables and JSON, in which stored data cannot control the terminal.

Every command prints by these functions alone. click removes escape sequences where the output is not a
terminal, so on a terminal it protects nobody.
"""

import os
import re
import unicodedata
from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal

import click
import orjson

from shopdb_hookspecs import Json, JsonObject

# C0 and C1 controls, DEL, marks and overrides of the direction of text, characters without a width, the
# line separators of Unicode, and lone surrogates, which file names that are not UTF-8 have.
_UNSAFE = re.compile(
    "[\x00-\x1f\x7f-\x9f\xad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
    "\U000e0000-\U000e007f\ud800-\udfff]"
)
_TIME = re.compile(r"(\d{4}-\d\d-\d\d)T(\d\d:\d\d:\d\d)(?:\.\d+)?(?:Z|\+00:00)", re.ASCII)
LONGEST_CHANGE = 300
_JSON_OPTIONS = orjson.OPT_UTC_Z | orjson.OPT_NON_STR_KEYS


def inert(text: str) -> str:
    r"""Return the text with each character that acts on a terminal as an escape of JSON, such as `\u001b`."""
    return _UNSAFE.sub(_escape, text)


def _escape(match: re.Match[str]) -> str:
    units = match[0].encode("utf-16-be", "surrogatepass").hex()
    return "".join(f"\\u{units[at : at + 4]}" for at in range(0, len(units), 4))


def echo(line: str, *, err: bool = False, bold: bool = False) -> None:
    """Print one line; a line feed in it is escaped, so that a value cannot forge a line of its own.

    `bold` takes effect on a terminal alone, and not where `NO_COLOR` is set.
    """
    text = inert(line)
    click.echo(click.style(text, bold=True) if bold and not os.environ.get("NO_COLOR") else text, err=err)


def echo_error(message: str) -> None:
    """Print an error on stderr; its further lines, such as the output of a process, are indented."""
    first, *others = message.split("\n")
    echo(f"shopdb: {first}", err=True)
    for line in others:
        echo(line if line.startswith("    ") else f"    {line}", err=True)


def echo_json(data: Json) -> None:
    """Print data as indented JSON."""
    # JSON's own line feeds are the only ones in its text.
    lines = orjson.dumps(data, option=_JSON_OPTIONS | orjson.OPT_INDENT_2).decode().split("\n")
    click.echo("\n".join(map(inert, lines)))


def echo_json_line(data: Json) -> None:
    """Print data as one line of NDJSON."""
    echo(orjson.dumps(data, option=_JSON_OPTIONS).decode())


def echo_table(rows: Sequence[JsonObject], columns: Sequence[str], things: str = "rows") -> None:
    """Print rows as an aligned table below the columns' names; without rows, a line such as `no assets`.

    A column of numbers is aligned to the right.
    """
    if not rows:
        echo(f"no {things}")
        return
    lines = [[*map(inert, columns)], *([_cell(row[column]) for column in columns] for row in rows)]
    widths = [max(map(_width, column)) for column in zip(*lines, strict=True)]
    numeric = [_are_numbers([row[column] for row in rows]) for column in columns]
    for number, line in enumerate(lines):
        padded = map(_padded, line, widths, numeric)
        echo("  ".join(padded).rstrip(), bold=number == 0)


def _are_numbers(values: Sequence[Json]) -> bool:
    """Whether a column has numbers, and nothing else but cells without a value."""
    found = [value for value in values if value is not None]
    return bool(found) and all(
        isinstance(value, int | float | Decimal) and not isinstance(value, bool) for value in found
    )


def _padded(cell: str, width: int, is_numeric: bool) -> str:  # noqa: FBT001  # called by `map`
    blanks = " " * (width - _width(cell))
    return blanks + cell if is_numeric else cell + blanks


def _cell(value: Json) -> str:
    if value is None:
        return "-"
    if isinstance(value, datetime):
        return short_time(value)
    if isinstance(value, str) and (time := _TIME.fullmatch(value)):
        return f"{time[1]} {time[2]}Z"
    return inert(str(value))


def short_time(at: datetime) -> str:
    """Return the one form in which people see a time: UTC, to the second."""
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S}Z"


def counted(number: int, thing: str, things: str = "") -> str:
    """Return a number with its noun: `1 asset`, `2 assets`; `things` is a plural without a simple `s`."""
    return f"{number} {thing if number == 1 else things or f'{thing}s'}"


def _width(text: str) -> int:
    """Return the columns that a text takes: two for a wide character, none for a combining one."""
    if text.isascii():
        return len(text)
    return sum(
        0 if unicodedata.combining(each) else 1 + (unicodedata.east_asian_width(each) in "WF")
        for each in text
    )


def echo_changes(diff: JsonObject) -> None:
    """Print a line for each field that an audit entry or an edit changed."""
    for field, change in diff.items():
        echo(f"    {_shortened(f'{field}: {_change(change)}')}")


def _change(change: Json) -> str:
    """Return one field's change for people: old and new value, or how many objects came and went."""
    if not isinstance(change, dict):
        return _value(change)
    if "added" in change:
        return _figures(change["added"], change["removed"])
    if "before" not in change or "after" not in change:
        return _value(change)
    before, after = change["before"], change["after"]
    if _is_list_of_objects(before or after) and (before is None or after is None):
        return _figures(after or [], before or [])
    return f"{_value(before)} → {_value(after)}"


def _is_list_of_objects(value: Json) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(item, dict) for item in value)


def _figures(added: Sequence[Json], removed: Sequence[Json]) -> str:
    figures = [f"+{len(added)}" if added else "", f"−{len(removed)}" if removed else ""]  # noqa: RUF001  # a minus sign
    return " ".join(filter(None, figures))


def _value(value: Json) -> str:
    if value is None:
        return "-"
    return value if isinstance(value, str) else orjson.dumps(value).decode()


def _shortened(text: str) -> str:
    return text if len(text) <= LONGEST_CHANGE else f"{text[:LONGEST_CHANGE]}… (--json shows all)"
