"""The findings of the check `declaration`, and the checks that are skipped after it."""

import inspect
from collections.abc import Callable
from types import ModuleType
from typing import Any

import pytest

from shopdb_core.devkit.checks.declaration import Unloadable, check_declared, load_alone
from shopdb_core.devkit.conformance import check
from shopdb_core.devkit.subject import Subject
from shopdb_core.plugins.discovery import Candidate
from shopdb_hookspecs import hookspec, specs

MakePlugin = Callable[..., Candidate]


def refused(candidate: Candidate) -> list[str]:
    with pytest.raises(Unloadable) as refusal:
        load_alone(candidate)
    return [str(finding) for finding in refusal.value.findings]


def test_every_fault_of_a_declaration_is_reported(make_plugin: MakePlugin) -> None:
    """A server that starts reports only the first."""
    fields = {"serial": {"typ": "string"}, "height": {"type": "int"}}

    findings = refused(
        make_plugin(get_collector_schema=lambda: {"identityfield": "serial", "fields": fields})
    )

    assert len(findings) == 2
    assert findings[0].startswith("get_collector_schema at /fields/serial")
    assert findings[1].startswith("get_collector_schema at /fields/height/type")


def test_a_hook_that_raises(make_plugin: MakePlugin) -> None:
    """The finding has the exception, and the line of the plugin that raised it."""

    def get_collector_schema() -> object:
        return {}["fields"]

    (finding,) = refused(make_plugin(get_collector_schema=get_collector_schema))

    assert finding.startswith("get_collector_schema: raised KeyError: 'fields' (")
    assert "test_loading.py, line " in finding


def test_a_misspelt_hook(make_plugin: MakePlugin) -> None:
    """The finding has the message of the server's log."""
    (finding,) = refused(make_plugin(store_aset=lambda: None))

    assert finding.startswith("the plugin: it implements an unknown hook store_aset; did you mean ")


def test_an_invalid_name(make_plugin: MakePlugin) -> None:
    """The name is checked before the plugin is imported."""
    rack = make_plugin()
    candidate = Candidate("Rack-1", "shopdb-rack", "1.0", (), rack.target, rack.load)

    (finding,) = refused(candidate)

    assert finding.startswith("the entry point: is named 'Rack-1'; a name is lower-case words")


def test_invalid_reports_and_migrations(make_plugin: MakePlugin) -> None:
    """A value that is not a report, or a directory that does not exist."""
    (no_report,) = refused(make_plugin(get_reports=lambda: ["ports"]))
    (no_directory,) = refused(make_plugin(get_migrations=lambda: "/nowhere"))

    assert no_report.startswith("get_reports: returned a list with an item that is not a Report")
    assert no_directory.startswith("get_migrations: returned '/nowhere', which is not an existing directory")


def test_a_deprecated_hook_is_a_note(make_plugin: MakePlugin) -> None:
    """A warning of pluggy becomes a note, and is not a fault."""
    later = ModuleType("later_specs")
    for name, hook in inspect.getmembers(specs, inspect.isfunction):
        setattr(later, name, hook)

    @hookspec(firstresult=True, warn_on_impl=DeprecationWarning("declare it in a file"))
    def get_collector_schema(): ...

    later.get_collector_schema = get_collector_schema

    plugin = load_alone(make_plugin(), later)
    note = next(check_declared(Subject.of(plugin)))

    assert (note.what, note.isnote) == ("get_collector_schema: declare it in a file", True)


def test_what_cannot_run_is_skipped(make_plugin: MakePlugin) -> None:
    """The other checks are listed as skipped."""
    result = check(make_plugin(get_collector_schema=lambda: {"identityfield": 1}))

    assert [each.state for each in result.results] == ["FAILED", *["skipped"] * 7]
    assert str(result).splitlines()[-1] == "rack does not conform: 2 faults."


@pytest.mark.parametrize(
    ("examples", "message"),
    [
        ([], "get_example_submissions: returns no example"),
        ([{"serial": "R1", "place": 7}], "example 1 at /place: must be a string or null, not 7"),
    ],
)
def test_examples_are_there_and_valid(
    make_plugin: MakePlugin, examples: list[dict[str, Any]], message: str
) -> None:
    """A missing or invalid example is a fault: pipeline authors copy the examples."""
    (declaration, *_) = check(make_plugin(get_example_submissions=lambda: examples)).results

    assert [str(fault) for fault in declaration.faults] == [message]


def test_a_plugin_that_collects_nothing_conforms(make_plugin: MakePlugin) -> None:
    """A plugin that only observes conforms without examples."""
    hooks = {"get_collector_schema": lambda: None, "get_example_submissions": lambda: ()}

    result = check(make_plugin(**hooks, asset_changed=lambda: None))

    assert result.conforms, str(result)


def test_a_hook_without_a_collector_is_never_called(make_plugin: MakePlugin) -> None:
    """A forgotten `return` is a fault if the plugin has hooks that need the declaration."""
    hooks = {"get_collector_schema": lambda: None, "normalize_submission": lambda submission: submission}

    (declaration, *_) = check(make_plugin(**hooks)).results

    (fault,) = declaration.faults
    assert str(fault) == (
        "get_collector_schema: declares nothing, so that normalize_submission is never called"
    )
    assert "is a return missing?" in fault.hint


def test_a_misspelt_field_of_an_example(make_plugin: MakePlugin, example: dict[str, Any]) -> None:
    """It is a fault, although a submission with it only gets a warning; the other checks still run."""
    misspelt = {"plase" if name == "place" else name: value for name, value in example.items()}

    hooks = {"get_example_submissions": lambda: [misspelt], "store_asset": lambda: None}
    result = check(make_plugin(**hooks))

    messages = [str(fault) for fault in result.results[0].faults]
    assert messages == ['example 1 at /plase: "plase" is not known here; did you mean "place"?']


def test_shapes_of_examples_that_fail_are_skipped(make_plugin: MakePlugin) -> None:
    """The check would repeat the faults of the examples."""

    def store_asset() -> None:
        raise RuntimeError

    states = {each.check: each.state for each in check(make_plugin(store_asset=store_asset)).results}

    assert (states["examples"], states["powershell shapes"]) == ("FAILED", "skipped")
