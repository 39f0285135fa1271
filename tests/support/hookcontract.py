"""The public contract of shopdb-hookspecs as data, and the version and changelog that a change of it needs.

Run as a program, it prints the record of the present contract for `tests/hookspecs/signatures.json`.
"""

import ast
import json
import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from packaging.version import Version

from shopdb_core.declarations.compatibility import Step
from shopdb_core.devkit.comparing import step_made

REPOSITORY = Path(__file__).parents[2]
SOURCES = REPOSITORY / "hookspecs" / "shopdb_hookspecs"
RECEIVED = ("AssetChange", "AssetWrite")
"""Records that plugins only receive; they make the others themselves."""

Contract = Mapping[str, Any]
"""Of each hook its arguments, answer and marker; of each record its fields. All as they are written."""


def contract_of(specs: str, records: str) -> Contract:
    """Read the contract from the sources of `specs.py` and `records.py`."""
    hooks = [node for node in ast.parse(specs).body if isinstance(node, ast.FunctionDef)]
    classes = [node for node in ast.parse(records).body if isinstance(node, ast.ClassDef)]
    return {hook.name: _hook(hook) for hook in hooks} | {each.name: _record(each) for each in classes}


def present_contract() -> Contract:
    """Read the contract from the sources of this repository."""
    return contract_of(*((SOURCES / name).read_text(encoding="utf-8") for name in ("specs.py", "records.py")))


def changes(old: Contract, new: Contract) -> Iterator[tuple[str, Step]]:
    """Yield each hook and record that differs, with the version step that this needs."""
    for name in sorted(old.keys() | new.keys()):
        if name not in old:
            yield name, Step.MINOR
        elif name not in new:
            yield name, Step.MAJOR
        elif old[name] != new[name]:
            yield name, _step(name, old[name], new[name])


def faults(records: Mapping[str, Contract], present: Contract, version: str, changelog: str) -> Iterator[str]:
    """Say what is missing, and what to do, where the contract, its records and the changelog disagree."""
    if records.get(version) != present:
        known = {**records}.get(version, {})
        names = ", ".join(name for name, _ in changes(known, present)) or "what it has"
        yield (
            f"{names}: differs from what tests/hookspecs/signatures.json records for version {version}. A "
            "released version stays as it is: give hookspecs/pyproject.toml the next, add the record that "
            "`python tests/support/hookcontract.py` prints, and name what changed in CHANGELOG.md under "
            "shopdb-hookspecs"
        )
    ordered = sorted(records, key=Version)
    for before, after in zip([None, *ordered], ordered, strict=False):
        found = list(changes(records[before] if before else {}, records[after]))
        if before:
            yield from _steps_too_small(before, after, found)
        yield from _unrecorded(after, found, changelog)


def _steps_too_small(before: str, after: str, found: list[tuple[str, Step]]) -> Iterator[str]:
    made = step_made(Version(before), Version(after))
    for name, step in found:
        if step > made:
            yield f"{name}: its change needs a {step} version, and from {before} to {after} is a {made} step"


def _unrecorded(version: str, found: list[tuple[str, Step]], changelog: str) -> Iterator[str]:
    section = _section(version, changelog)
    for name, _ in found:
        if f"`{name}" not in section:
            yield f"{name}: changed in {version}; say so in CHANGELOG.md under shopdb-hookspecs, as `{name}`"


def _section(version: str, changelog: str) -> str:
    """Return what the changelog says of a version, under Unreleased until it has a heading of its own."""
    (part,) = re.findall(r"(?ms)^## shopdb-hookspecs\n(.*?)(?=^## |\Z)", changelog)
    sections = dict(re.findall(r"(?ms)^### \[([^\]]+)\][^\n]*\n(.*?)(?=^### |\Z)", part))
    return str(sections.get(version, sections.get("Unreleased", "")))


def _hook(node: ast.FunctionDef) -> dict[str, Any]:
    return {
        "marker": [ast.unparse(each) for each in node.decorator_list],
        "arguments": [ast.unparse(each) for each in node.args.args],
        "answer": ast.unparse(node.returns) if node.returns else "None",
    }


def _record(node: ast.ClassDef) -> dict[str, Any]:
    return {"fields": [ast.unparse(each) for each in node.body if isinstance(each, ast.AnnAssign)]}


def _step(name: str, old: Contract, new: Contract) -> Step:
    """Say which step a change of one hook or record is: minor if it comes last and may be left out."""
    key = "arguments" if "arguments" in old else "fields"
    added = new[key][len(old[key]) :]
    grows = new[key][: len(old[key])] == old[key]
    fits = key == "arguments" or name in RECEIVED or all("=" in field for field in added)
    same = old.get("answer") == new.get("answer") and _plain(old) == _plain(new)
    return Step.MINOR if grows and fits and same else Step.MAJOR


def _plain(hook: Contract) -> list[str]:
    """Return the marker without its deprecations, which change nothing for those who heed them."""
    return [
        re.sub(r",? ?warn_on_impl\w*=.*(?=\)$)", "", each).removesuffix("()")
        for each in hook.get("marker", ())
    ]


if __name__ == "__main__":
    sys.stdout.write(json.dumps(present_contract(), indent=2) + "\n")
