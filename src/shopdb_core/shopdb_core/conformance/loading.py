"""Whether a plugin can be loaded: its import, its hooks, its declaration, what it offers at start."""

from collections.abc import Iterator
from dataclasses import replace
from types import ModuleType

from shopdb_core.conformance.finding import Finding
from shopdb_core.errors import PluginFailure
from shopdb_core.plugins.candidates import Candidate, name_fault
from shopdb_core.plugins.declaration import check_declaration
from shopdb_core.plugins.hooks import PluginHooks
from shopdb_core.plugins.load import Unusable, load, new_manager
from shopdb_core.plugins.registry import Plugin, equipped
from shopdb_hookspecs import specs


class Unloadable(Exception):
    """A plugin that cannot serve; carries every reason."""

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
        return replace(equipped(candidate, hooks), notices=notices)
    except Unusable as verdict:
        raise Unloadable([Finding("the plugin", str(verdict))]) from verdict
    except PluginFailure as failure:
        raise Unloadable([failed(failure, candidate)]) from failure


def deprecations(plugin: Plugin) -> Iterator[Finding]:
    """Yield what the plugin uses that a later release of the hooks will not have."""
    for notice in plugin.notices:
        mend = "It still works; the next major version ends it."
        yield Finding("the plugin", notice, mend, isnote=True)


def failed(failure: PluginFailure, candidate: Candidate) -> Finding:
    """Return the finding for a hook that raised, or returned what it must not."""
    return Finding(failure.hook, candidate.explained(failure))


def _declaration_faults(hooks: PluginHooks) -> Iterator[Finding]:
    declaration = hooks.ask("get_collector_schema")
    if declaration is None:
        return
    for fault in check_declaration(declaration):
        yield Finding(f"get_collector_schema at {fault.place or '/'}", fault.reason)
