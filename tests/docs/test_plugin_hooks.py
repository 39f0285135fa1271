"""Whether docs/plugin-hooks.md has every hook in the same form, every argument and every record."""

import dataclasses
import re
from pathlib import Path

import pytest
from documents import code, table
from hookpage import HOOKS, arguments, headings, parts_of, signature

from shopdb_hookspecs import AssetChange, Panel, Parameter, Report

PARTS = ["When", "Arguments", "Result", "Errors", "Example"]


@pytest.fixture
def text(docs: Path) -> str:
    """The document."""
    return (docs / "plugin-hooks.md").read_text(encoding="utf-8")


@pytest.fixture
def parts(text: str) -> dict[str, dict[str, str]]:
    """The parts of each hook's section, by the hook."""
    return parts_of(text)


def test_every_hook_has_a_section_with_its_arguments(text):
    """The headings below "Each hook" are the signatures of the hooks, in their order."""
    assert headings(text) == [signature(hook) for hook in HOOKS]


def test_every_section_has_the_same_parts(parts):
    """When, arguments, result, errors, example: in this order, and none of them empty."""
    assert {hook: list(documented) for hook, documented in parts.items()} == dict.fromkeys(HOOKS, PARTS)
    assert all(part.strip() for documented in parts.values() for part in documented.values())


@pytest.mark.parametrize("hook", HOOKS)
def test_every_argument_is_explained(parts, hook):
    """The list below "Arguments" has each one by name, with its type."""
    documented = re.findall(r"(?m)^- `(\w+)` \(.+?\): ", parts[hook]["Arguments"])

    assert documented == arguments(hook)


def test_the_readme_of_the_hooks_lists_them(repository):
    """The page of `shopdb-hookspecs` has a row for each hook, with its arguments."""
    rows = re.findall(r"(?m)^\| `(\w+\(.*?\))` \|", (repository / "hookspecs/README.md").read_text())

    assert rows == [signature(hook) for hook in HOOKS]


@pytest.mark.parametrize("record", [Report, Parameter, Panel, AssetChange])
def test_every_field_of_the_records_is_documented(text, record):
    """The tables of the records have exactly their fields."""
    documented = [name for row in table(text, f"| `{record.__name__}` | |") for name in code(row[0])]

    assert documented == [field.name for field in dataclasses.fields(record)]
