"""The results of hooks are checked: a fault quarantines the plugin, or refuses one submission."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from shopdb_core.errors import PluginFailure
from shopdb_core.plugins.registry import Plugin
from shopdb_hookspecs import Parameter, Report

Load = Callable[[object], Plugin]
MakePlugin = Callable[..., object]


def report(**changes: Any) -> Report:
    """Return a valid report with changes."""
    valid = {"name": "tall", "title": "Tall racks", "columns": ["serial"], "rows": lambda _, **__: []}
    return Report(**{**valid, **changes})


def lazily_failing() -> Iterator[object]:
    """Yield one item, then raise."""
    yield {"serial": "r1"}
    raise ValueError("too late")


@pytest.mark.parametrize(
    "hook",
    [
        "get_collector_schema",
        "get_example_submissions",
        "get_migrations",
        "get_reports",
        "get_asset_panels",
    ],
)
@pytest.mark.parametrize(
    "raised", [ValueError("no such rack"), SystemExit("no such rack")], ids=["raise", "exit"]
)
def test_a_hook_that_raises_at_start_quarantines_its_plugin(
    load: Load, make_plugin: MakePlugin, hook: str, raised: BaseException
) -> None:
    """The reason names the hook and what was raised."""

    def raising() -> object:
        raise raised

    plugin = load(make_plugin(**{hook: raising}))

    assert plugin.state == "quarantined"
    assert plugin.reason.startswith(f"{hook} raised {type(raised).__name__}: no such rack (")


@pytest.mark.parametrize(
    "answer", [5, [], "schema", {}, {"fields": 3}, b"{}", object()], ids=lambda answer: type(answer).__name__
)
def test_a_declaration_that_is_not_one(load: Load, make_plugin: MakePlugin, answer: object) -> None:
    """The reason for a value that is not a declaration names the hook and the place."""
    plugin = load(make_plugin(get_collector_schema=lambda: answer))

    assert plugin.state == "quarantined"
    assert plugin.reason.startswith("get_collector_schema at /")


@pytest.mark.parametrize(
    "answer",
    [5, {"serial": "r1"}, ["r1"], "r1", lazily_failing(), [{"serial": {1}}], [{"serial": float("nan")}]],
    ids=["number", "object", "strings", "string", "generator", "not JSON", "not a number"],
)
def test_examples_that_are_not_a_list_of_objects(load: Load, make_plugin: MakePlugin, answer: object) -> None:
    """Examples that `_schemas` cannot return are found at start."""
    plugin = load(make_plugin(get_example_submissions=lambda: answer))

    assert plugin.state == "quarantined"
    assert plugin.reason.startswith(
        (
            "get_example_submissions returned an example",
            "get_example_submissions did not return a list of dicts",
        )
    )


@pytest.mark.parametrize("answer", [5, "no/such/folder", [Path()], __file__])
def test_migrations_that_are_not_a_directory(load: Load, make_plugin: MakePlugin, answer: object) -> None:
    """The directory must exist at start; the reason shows what was returned."""
    plugin = load(make_plugin(get_migrations=lambda: answer))

    assert plugin.state == "quarantined"
    assert plugin.reason.startswith(f"get_migrations returned {str(answer)!r}"[:60])
    assert "which is not an existing directory: return an absolute path" in plugin.reason


@pytest.mark.parametrize("answer", [5, lazily_failing(), [report(name=5)], [report(columns=5)], [5]])
def test_reports_that_are_not_a_list_of_reports(load: Load, make_plugin: MakePlugin, answer: object) -> None:
    """A report that cannot be listed or run is found at start."""
    plugin = load(make_plugin(get_reports=lambda: answer))

    assert plugin.state == "quarantined"
    assert plugin.reason.startswith(("get_reports returned ", "get_reports did not return a list"))


def test_valid_results_are_accepted(load: Load, make_plugin: MakePlugin, tmp_path: Path) -> None:
    """A plugin whose hooks return valid results is active."""
    plugin = load(
        make_plugin(
            get_example_submissions=lambda: ({"serial": "r1"},),
            get_migrations=lambda: str(tmp_path),
            get_reports=lambda: (report(parameters=[Parameter("above", "integer", "How tall.")]),),
        )
    )

    assert plugin.state == "active"
    assert plugin.collector is not None
    assert plugin.collector.examples == ({"serial": "r1"},)
    assert plugin.migrations == tmp_path
    assert list(plugin.reports) == ["tall"]


@pytest.mark.parametrize("answer", [[], "r1", 5])
def test_a_normalized_submission_that_is_not_a_dict(
    load: Load, make_plugin: MakePlugin, answer: object
) -> None:
    """The error names plugin, distribution and hook."""
    collector = load(make_plugin(normalize_submission=lambda: answer)).collector
    assert collector is not None

    with pytest.raises(
        PluginFailure, match=r"^Plugin rack \(.*\): normalize_submission did not return a dict\.$"
    ):
        collector.normalize({"serial": "r1"})


def test_a_normalized_submission_with_a_field_of_its_own(load: Load, make_plugin: MakePlugin) -> None:
    """An undeclared field that the hook adds is refused; one that was submitted is left to validation."""
    collector = load(make_plugin(normalize_submission=lambda submission: {**submission, "was": 1})).collector
    assert collector is not None

    assert collector.normalize({"was": 2}) == {"was": 1}
    with pytest.raises(PluginFailure, match="returned the field 'was': declare it, or leave it out"):
        collector.normalize({"serial": "r1"})


def test_a_failure_carries_its_parts(load: Load, make_plugin: MakePlugin) -> None:
    """Plugin, distribution, hook, what happened and its kind are attributes."""
    plugin = make_plugin(normalize_submission=lambda: None, asset_changed=lambda: 1 / 0)
    hooks = load(plugin).hooks
    collector = load(plugin).collector
    assert hooks is not None
    assert collector is not None

    with pytest.raises(PluginFailure) as answered:
        collector.normalize({"serial": "r1"})
    with pytest.raises(PluginFailure) as raised:
        hooks.call("asset_changed", change=None)

    assert vars(answered.value) == {
        "plugin": "rack",
        "distribution": "unknown",
        "hook": "normalize_submission",
        "what": "returned None: is a return missing?",
        "kind": "answer",
    }
    assert (raised.value.hook, raised.value.kind) == ("asset_changed", "raised")


@pytest.mark.parametrize("raised", [KeyError("serial"), SystemExit(3)], ids=["raise", "exit"])
def test_a_hook_that_raises_later_refuses_one_submission(
    load: Load, make_plugin: MakePlugin, raised: BaseException
) -> None:
    """A hook cannot end the server, and the message does not quote the submission."""

    def raising() -> object:
        raise raised

    collector = load(make_plugin(normalize_submission=raising)).collector
    assert collector is not None

    with pytest.raises(PluginFailure) as caught:
        collector.normalize({"serial": "r1"})

    assert str(caught.value).endswith(f": normalize_submission raised {type(raised).__name__}.")
