"""Comparing an output with what a document shows.

In what is shown, `…` matches anything, and times and request ids may differ.
"""

import json
import re

MOMENT = r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:\.\d+)?Z"
REQUEST_ID = r"\b[0-9a-f]{16}\b"


def text_agrees(shown: str, actual: str) -> bool:
    """Compare texts, or the JSON in them."""
    shown, actual = shown.strip(), actual.replace("\r\n", "\n").strip()
    if "\n{" in shown:
        return lines_agree(shown.splitlines(), actual.splitlines())
    if shown.startswith(("{", "[")):
        return json_agrees(json.loads(shown), json.loads(actual))
    return re.fullmatch(_pattern(shown), actual, re.DOTALL) is not None


def lines_agree(shown: list[str], actual: list[str]) -> bool:
    """Return whether each line of NDJSON is as shown."""
    return len(shown) == len(actual) and all(map(text_agrees, shown, actual))


def json_agrees(shown: object, actual: object) -> bool:
    """Compare JSON; `"…": "…"` matches further members, a last `"…"` further items."""
    if shown == "…":
        return True
    if isinstance(shown, dict) and isinstance(actual, dict):
        named = {name: value for name, value in shown.items() if name != "…"}
        names_agree = named.keys() <= actual.keys() if "…" in shown else named.keys() == actual.keys()
        return names_agree and all(json_agrees(value, actual[name]) for name, value in named.items())
    if isinstance(shown, list) and isinstance(actual, list):
        items = shown[:-1] if shown[-1:] == ["…"] else shown
        lengths_agree = len(items) <= len(actual) if items is not shown else len(items) == len(actual)
        return lengths_agree and all(map(json_agrees, items, actual))
    if isinstance(shown, str) and isinstance(actual, str):
        return re.fullmatch(_pattern(shown), actual, re.DOTALL) is not None
    return shown == actual


def _pattern(shown: str) -> str:
    """Turn a text into a regular expression that lets times, request ids and `…` differ."""
    parts = re.split(f"({MOMENT}|{REQUEST_ID}|…)", shown)
    return "".join(map(_part_pattern, parts))


def _part_pattern(part: str) -> str:
    if part == "…":
        return ".*"
    kinds = (kind for kind in (MOMENT, REQUEST_ID) if re.fullmatch(kind, part))
    return next(kinds, re.escape(part))
