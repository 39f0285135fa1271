"""A change of a hook or record needs a new version and a line in the changelog."""

import copy
import json
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hookcontract import REPOSITORY, changes, contract_of, faults, present_contract

from shopdb_core.declarations.compatibility import Step

RECORDS = json.loads((Path(__file__).parent / "signatures.json").read_text(encoding="utf-8"))
PROJECT = tomllib.loads((REPOSITORY / "hookspecs" / "pyproject.toml").read_text(encoding="utf-8"))["project"]
CHANGELOG = (REPOSITORY / "CHANGELOG.md").read_text(encoding="utf-8")

SPECS = '''
@hookspec(firstresult=True)
def normalize(submission: JsonObject, plugin: str) -> JsonObject:
    """Bring it into form."""

@hookspec
def changed(change: Change) -> None: ...
'''
CLASSES = '''
class Report:
    """A query."""

    name: str
    title: str = ""

class AssetChange:
    auditid: int
'''
FIRST = contract_of(SPECS, CLASSES)
LATER = contract_of(SPECS.replace("plugin: str)", "plugin: str, at: str)"), CLASSES)
NOTED = "## shopdb-hookspecs\n\n### [1.0.0]\n\n- `normalize`, `changed`, `Report`, `AssetChange`\n"


def test_the_hooks_are_what_their_version_says() -> None:
    """The sources equal the version's record, each step is large enough, the changelog has each change."""
    assert list(faults(RECORDS, present_contract(), PROJECT["version"], CHANGELOG)) == []


@pytest.mark.parametrize(
    ("find", "put", "name", "step"),
    [
        ("plugin: str)", "plugin: str, at: str)", "normalize", Step.MINOR),
        (
            "submission: JsonObject, plugin: str",
            "plugin: str, submission: JsonObject",
            "normalize",
            Step.MAJOR,
        ),
        ("submission: JsonObject, plugin: str", "submission: JsonObject", "normalize", Step.MAJOR),
        ("submission: JsonObject", "body: JsonObject", "normalize", Step.MAJOR),
        ("plugin: str", "plugin: int", "normalize", Step.MAJOR),
        (") -> JsonObject", ") -> JsonObject | None", "normalize", Step.MAJOR),
        ("(firstresult=True)", "", "normalize", Step.MAJOR),
        ("(firstresult=True)", "(firstresult=True, warn_on_impl=OLD)", "normalize", Step.MINOR),
        ("@hookspec\n", "@hookspec(warn_on_impl_args={'change': OLD})\n", "changed", Step.MINOR),
        ("def changed", "def altered", "changed", Step.MAJOR),
        (
            "def changed",
            "@hookspec\ndef created() -> None: ...\n\n@hookspec\ndef changed",
            "created",
            Step.MINOR,
        ),
        ('title: str = ""', 'title: str = ""\n    note: str = ""', "Report", Step.MINOR),
        ('title: str = ""', 'title: str = ""\n    note: str', "Report", Step.MAJOR),
        ('title: str = ""', "title: str", "Report", Step.MAJOR),
        ("auditid: int", "auditid: int\n    at: str", "AssetChange", Step.MINOR),
    ],
)
def test_the_step_that_a_change_needs(find: str, put: str, name: str, step: Step) -> None:
    """An addition that plugins may ignore is minor; a change that can break a plugin is major."""
    changed = contract_of(SPECS.replace(find, put), CLASSES.replace(find, put))

    assert changed != FIRST
    assert dict(changes(FIRST, changed))[name] is step


def test_docstrings_are_not_part_of_the_contract() -> None:
    """A docstring may be corrected in any version."""
    assert contract_of(SPECS.replace("Bring it", "Put it"), CLASSES.replace("A query", "One")) == FIRST


def test_a_consistent_version_has_no_faults() -> None:
    """A first version that is recorded and in the changelog is without faults."""
    assert list(faults({"1.0.0": FIRST}, FIRST, "1.0.0", NOTED)) == []


@pytest.mark.parametrize(
    ("alter", "version", "changelog", "expected"),
    [
        (
            lambda records: records,
            "1.0.0",
            NOTED,
            "normalize: differs from what tests/hookspecs/signatures.json",
        ),
        (
            lambda records: records,
            "1.1.0",
            NOTED,
            "records for version 1.1.0. A released version stays as it is",
        ),
        (
            lambda records: {**records, "1.1.0": LATER},
            "1.1.0",
            NOTED + "\n### [1.1.0]\n\n- `changed` differs\n",
            "normalize: changed in 1.1.0; say so in CHANGELOG.md",
        ),
        (
            lambda records: {**records, "1.0.1": LATER},
            "1.0.1",
            NOTED + "\n### [1.0.1]\n\n- `normalize(submission, plugin, at)`\n",
            "normalize: its change needs a minor version, and from 1.0.0 to 1.0.1 is a patch step",
        ),
    ],
)
def test_missing_parts_are_reported(
    alter: Callable[[dict[str, Any]], dict[str, Any]], version: str, changelog: str, expected: str
) -> None:
    """A change without a record, without a line in the changelog, or with too small a step."""
    (fault,) = faults(alter({"1.0.0": copy.deepcopy(FIRST)}), LATER, version, changelog)

    assert expected in fault
