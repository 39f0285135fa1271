"""What the kit says of a plugin that cannot be loaded, or shows nothing of use."""

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


def test_every_fault_of_a_declaration_is_told(make_plugin: MakePlugin) -> None:
    """Not only the first, as where a server starts."""
    fields = {"serial": {"typ": "string"}, "height": {"type": "int"}}

    told = refused(make_plugin(get_collector_schema=lambda: {"identityfield": "serial", "fields": fields}))

    assert len(told) == 2
    assert told[0].startswith("get_collector_schema at /fields/serial")
    assert told[1].startswith("get_collector_schema at /fields/height/type")


def test_a_hook_that_raises_is_told_with_its_line(make_plugin: MakePlugin) -> None:
    """The author reads what was raised, and where in the plugin."""

    def get_collector_schema() -> object:
        return {}["fields"]

    (told,) = refused(make_plugin(get_collector_schema=get_collector_schema))

    assert told.startswith("get_collector_schema: raised KeyError: 'fields' (")
    assert "test_loading.py, line " in told


def test_a_misspelt_hook_is_told(make_plugin: MakePlugin) -> None:
    """In the words in which the server's log would tell it."""
    (told,) = refused(make_plugin(store_assets=lambda: None))

    assert told.startswith("the plugin: it implements an unknown hook store_assets; did you mean ")


def test_an_impossible_name_is_told(make_plugin: MakePlugin) -> None:
    """Before anything is imported."""
    rack = make_plugin()
    candidate = Candidate("Rack-1", "shopdb-rack", "1.0", (), rack.target, rack.load)

    (told,) = refused(candidate)

    assert told.startswith("the entry point: is named 'Rack-1'; a name is lower-case words")


def test_faulty_offers_are_told(make_plugin: MakePlugin) -> None:
    """A report that is none, or a directory that is not there."""
    (no_report,) = refused(make_plugin(get_reports=lambda: ["ports"]))
    (no_directory,) = refused(make_plugin(get_migrations=lambda: "/nowhere"))

    assert no_report.startswith("get_reports: returned a list with an item that is not a Report")
    assert no_directory.startswith("get_migrations: returned '/nowhere', which is not an existing directory")


def test_a_deprecated_hook_is_a_note(make_plugin: MakePlugin) -> None:
    """What pluggy warns of is told, and is no fault."""
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
    """The other checks are named, so that nobody takes them for passed."""
    verdict = check(make_plugin(get_collector_schema=lambda: {"identityfield": 1}))

    assert [result.state for result in verdict.results] == ["FAILED", *["skipped"] * 6]
    assert str(verdict).splitlines()[-1] == "rack does not conform: 2 faults."


@pytest.mark.parametrize(
    ("examples", "told"),
    [
        ([], "get_example_submissions: returns no example"),
        ([{"serial": "R1", "place": 7}], "example 1 at /place: must be a string or null, not 7"),
    ],
)
def test_examples_are_there_and_valid(
    make_plugin: MakePlugin, examples: list[dict[str, Any]], told: str
) -> None:
    """They are shown to pipeline authors, and every other check lives on them."""
    (declaration, *_) = check(make_plugin(get_example_submissions=lambda: examples)).results

    assert [str(fault) for fault in declaration.faults] == [told]


def test_a_plugin_that_collects_nothing_conforms(make_plugin: MakePlugin) -> None:
    """One that only reports or observes has no examples to show."""
    hooks = {"get_collector_schema": lambda: None, "get_example_submissions": lambda: ()}

    verdict = check(make_plugin(**hooks, asset_changed=lambda: None))

    assert verdict.conforms, str(verdict)


def test_a_misspelt_field_of_an_example_is_told(make_plugin: MakePlugin, example: dict[str, Any]) -> None:
    """As a fault, though submissions with it are only warned of; and every check comes to its end."""
    misspelt = {"plase" if name == "place" else name: value for name, value in example.items()}

    hooks = {"get_example_submissions": lambda: [misspelt], "store_asset": lambda: None}
    verdict = check(make_plugin(**hooks))

    told = [str(fault) for fault in verdict.results[0].faults]
    assert told == ['example 1 at /plase: "plase" is not known here; did you mean "place"?']


def test_shapes_of_examples_that_fail_are_skipped(make_plugin: MakePlugin) -> None:
    """They would tell the faults of the examples again."""

    def store_asset() -> None:
        raise RuntimeError

    states = {each.check: each.state for each in check(make_plugin(store_asset=store_asset)).results}

    assert (states["examples"], states["powershell shapes"]) == ("FAILED", "skipped")
