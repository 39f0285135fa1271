"""The check `declaration`: the plugin loads (`load_alone`), and its examples are valid (`check_declared`)."""

from collections.abc import Iterator
from dataclasses import replace
from types import ModuleType

from shopdb_core.declarations.check import check_declaration
from shopdb_core.declarations.validation.validator import SubmissionValidator
from shopdb_core.devkit.results import Finding
from shopdb_core.devkit.subject import Subject, example_name
from shopdb_core.errors import PluginFailure
from shopdb_core.plugins.collector import Collector, PluginHooks
from shopdb_core.plugins.discovery import Candidate, name_fault
from shopdb_core.plugins.loader import UnusablePlugin, load, new_manager
from shopdb_core.plugins.registry import Plugin, activate
from shopdb_hookspecs import specs

_HOOKS_OF_ASSETS = ("normalize_submission", "store_asset", "store_assets", "remove_asset")
"""The hooks that are called only for the assets of the plugin's own collector."""


class Unloadable(Exception):
    """The plugin cannot serve; `findings` has every reason."""

    def __init__(self, findings: list[Finding]) -> None:
        super().__init__("; ".join(map(str, findings)))
        self.findings = findings


def load_alone(candidate: Candidate, hookspecs: ModuleType | type = specs) -> Plugin:
    """Load one plugin without any other; raises `Unloadable`."""
    if fault := name_fault(candidate.name):
        raise Unloadable([Finding("the entry point", f"is named {candidate.name[:80]!r}; {fault}")])
    manager = new_manager(hookspecs)
    try:
        notices = load(manager, candidate)
        hooks = PluginHooks(manager, candidate)
        if findings := list(_declaration_faults(hooks)):
            raise Unloadable(findings)
        return replace(activate(candidate, hooks), notices=notices)
    except UnusablePlugin as error:
        raise Unloadable([Finding("the plugin", str(error))]) from error
    except PluginFailure as failure:
        raise Unloadable([Finding.of_failure(failure, candidate)]) from failure


def _declaration_faults(hooks: PluginHooks) -> Iterator[Finding]:
    declaration = hooks.call("get_collector_schema")
    if declaration is None:
        return
    for fault in check_declaration(declaration):
        yield Finding(f"get_collector_schema at {fault.place or '/'}", fault.reason)


def check_declared(subject: Subject) -> Iterator[Finding]:
    """Yield notes on deprecated hooks, the faults of the examples, and notes on fields without values."""
    for notice in subject.plugin.notices:
        hint = "It still works; the next major version removes it."
        yield Finding("the plugin", notice, hint, isnote=True)
    if subject.plugin.collector is None:
        yield _without_collector(subject)
        return
    yield from _example_findings(subject.collector)
    for field in subject.values.ungenerated:
        hint = "Show the field in an example: the values of examples are tried, too."
        yield Finding(f"/fields/{field}", "no value was generated that its schema accepts", hint, isnote=True)


def _without_collector(subject: Subject) -> Finding:
    """Return the fault of a hook that is never called; a note if the plugin has none of these."""
    unused = next(filter(subject.implements, _HOOKS_OF_ASSETS), "")
    if not unused:
        return Finding("get_collector_schema", "declares nothing: this plugin has no collector", isnote=True)
    hint = "Return the declaration from get_collector_schema (is a return missing?), or remove the hook."
    return Finding("get_collector_schema", f"declares nothing, so that {unused} is never called", hint)


def _example_findings(collector: Collector) -> Iterator[Finding]:
    """Yield the faults of the examples: pipeline authors copy them, and the other checks submit them."""
    if not collector.examples:
        hint = "Return at least one submission that shows every field."
        yield Finding("get_example_submissions", "returns no example", hint)
        return
    # An undeclared field is a fault here, though a submission with one may only be warned of.
    validator = SubmissionValidator({**collector.schema, "additionalProperties": False})
    for number, example in enumerate(collector.examples, start=1):
        for fault in validator.faults(example):
            yield Finding(f"{example_name(number)} at {fault.pointer or '/'}", fault.message)
    fields = {name for example in collector.examples for name in example}
    if missing := sorted(collector.declaration["fields"].keys() - fields):
        hint = "Readers of `_schemas` learn a field best from a value."
        yield Finding("get_example_submissions", f"does not show {', '.join(missing)}", hint, isnote=True)
