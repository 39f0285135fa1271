"""What the commands print: lines, tables and JSON, in which stored data cannot control the terminal.

Every command prints by these functions alone. click removes escape sequences where the output is not a
terminal, so on a terminal it protects nobody.
"""

import re
from collections.abc import Sequence

import click
import orjson

from shopdb_hookspecs import Json, JsonObject

# C0 and C1 controls, DEL, marks and overrides of the direction of text, characters without a width, the
# line separators of Unicode, and lone surrogates, which file names that are not UTF-8 have.
_UNSAFE = re.compile(
    "[\x00-\x1f\x7f-\x9f\xad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
    "\U000e0000-\U000e007f\ud800-\udfff]"
)
_JSON_OPTIONS = orjson.OPT_UTC_Z | orjson.OPT_NON_STR_KEYS


def inert(text: str) -> str:
    r"""Return the text with each character that acts on a terminal as an escape of JSON, such as `\u001b`."""
    return _UNSAFE.sub(_escape, text)


def _escape(match: re.Match[str]) -> str:
    units = match[0].encode("utf-16-be", "surrogatepass").hex()
    return "".join(f"\\u{units[at : at + 4]}" for at in range(0, len(units), 4))


def echo(line: str, *, err: bool = False) -> None:
    """Print one line; a line feed in it is escaped, so that a value cannot forge a line of its own."""
    click.echo(inert(line), err=err)


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


def echo_table(rows: Sequence[JsonObject], columns: Sequence[str]) -> None:
    """Print rows as an aligned table, with the columns' names as its first line."""
    cells = [[_cell(row[column]) for column in columns] for row in rows]
    header = [*map(inert, columns)]
    widths = [max(map(len, column)) for column in zip(header, *cells, strict=True)]
    for line in [header, *cells]:
        echo("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())


def _cell(value: Json) -> str:
    return "-" if value is None else inert(str(value))
