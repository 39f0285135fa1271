"""Whether docs/plugins.md tells every hook, every record and every keyword."""

import dataclasses
import inspect
import json
import re
from importlib.resources import files

from shopdb_core.plugins.hooks import HOOKS
from shopdb_hookspecs import AssetChange, Parameter, Report, specs


def test_every_hook_has_a_section_with_its_arguments(docs):
    """The headings below "The hooks" are the signatures of the hooks, in their order."""
    headings = re.findall(r"(?m)^### (.+)$", (docs / "plugins.md").read_text())

    signatures = [_signature(hook) for hook in HOOKS]

    assert headings == signatures


def test_the_readme_of_the_hooks_lists_them(repository):
    """The page of `shopdb-hookspecs` has a row for each hook, with its arguments."""
    rows = re.findall(r"(?m)^\| `(\w+\(.*?\))` \|", (repository / "hookspecs/README.md").read_text())

    assert rows == [_signature(hook) for hook in HOOKS]


def test_every_field_of_the_records_is_told(docs):
    """The tables of the records have exactly their fields."""
    text = (docs / "plugins.md").read_text()

    for record in (Report, Parameter, AssetChange):
        table = re.search(rf"(?m)^\| `{record.__name__}` \| \|\n((?:\|.*\n)+)", text)[1]
        firsts = "".join(row.split("|")[1] for row in table.splitlines())
        assert re.findall(r"`(\w+)`", firsts) == [field.name for field in dataclasses.fields(record)]


def test_every_keyword_of_a_declaration_is_told(docs):
    """The table of keywords has exactly those of the meta-schema of declarations."""
    source = files("shopdb_core.plugins").joinpath("declaration.schema.json").read_text()
    vocabulary = json.loads(source)["$defs"]["keywords"]["properties"]
    table = re.search(r"(?m)^\| any value \|.*\n(?:\|.*\n)+", (docs / "plugins.md").read_text())[0]

    told = set(re.findall(r"`([$\w-]+)`", table))

    assert told - {"$defs"} == vocabulary.keys() | set(vocabulary["format"]["enum"])


def _signature(hook: str) -> str:
    return f"{hook}({', '.join(inspect.signature(getattr(specs, hook)).parameters)})"
