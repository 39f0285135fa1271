"""The plugin that is checked, loaded alone.

Which plugin is meant: by its name, or the object itself.

Whether a plugin can be loaded: its import, its hooks, its declaration, what it offers at start.

The places of a submission, and what may stand there against all expectation.
"""

import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from importlib.metadata import EntryPoint, entry_points
from types import ModuleType
from typing import Final

from shopdb_core.declarations.check import check_declaration
from shopdb_core.devkit.generating import FieldValues
from shopdb_core.devkit.verdict import Finding
from shopdb_core.errors import ConfigurationError, PluginFailure
from shopdb_core.plugins.collector import Collector, PluginHooks
from shopdb_core.plugins.discovery import (
    ENTRY_POINT_GROUP,
    Candidate,
    given_candidates,
    installed_candidate,
    name_fault,
)
from shopdb_core.plugins.loader import UnusablePlugin, load, new_manager
from shopdb_core.plugins.registry import Plugin, Plugins, activate
from shopdb_hookspecs import Json, JsonObject, specs


@dataclass(frozen=True, slots=True)
class Subject:
    """A plugin that loads, with its valid examples by their names, and values for its fields.

    `generator` is `None` for a plugin without a collector.
    """

    plugin: Plugin
    examples: Mapping[str, JsonObject]
    generator: FieldValues | None

    @property
    def name(self) -> str:
        """The plugin's name."""
        return self.plugin.name

    @property
    def candidate(self) -> Candidate:
        """Where the plugin comes from."""
        return self.plugin.candidate

    @property
    def collector(self) -> Collector:
        """What it collects; there is one, or no check of collectors runs."""
        assert self.plugin.collector is not None
        return self.plugin.collector

    @property
    def values(self) -> FieldValues:
        """How values of its fields are made; likewise."""
        assert self.generator is not None
        return self.generator

    def plugins(self) -> Plugins:
        """Return the plugins of a site that has only this one."""
        return Plugins([self.plugin])

    def implements(self, hook: str) -> bool:
        """Whether the plugin itself answers `hook`."""
        return self.plugin.hooks is not None and self.plugin.hooks.implements(hook)


def candidate_of(plugin: object, name: str | None = None) -> Candidate:
    """Return the plugin by its name, or by the module or instance that its entry point names.

    An object that no installed entry point names goes by `name`. Raises as `installed_candidate` does, and
    `ConfigurationError` for an object without a name.
    """
    if isinstance(plugin, str):
        return installed_candidate(plugin)
    if name is not None:
        return given_candidates({name: plugin})[0]
    for entry_point in entry_points(group=ENTRY_POINT_GROUP):
        if _imported(entry_point) is plugin:
            return installed_candidate(entry_point.name)
    raise ConfigurationError(
        f"No installed entry point names {plugin!r:.80}: install its distribution, or give its name, as in "
        'assert_conforms(plugin, name="network").'
    )


def _imported(entry_point: EntryPoint) -> object:
    """Return what an entry point names, if it was imported already; nothing is imported for the question."""
    found: object = sys.modules.get(entry_point.module)
    for name in filter(None, (entry_point.attr or "").split(".")):
        found = getattr(found, name, None)
    return found


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
        return replace(activate(candidate, hooks), notices=notices)
    except UnusablePlugin as verdict:
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
    return Finding(failure.hook, candidate.explain(failure))


def _declaration_faults(hooks: PluginHooks) -> Iterator[Finding]:
    declaration = hooks.call("get_collector_schema")
    if declaration is None:
        return
    for fault in check_declaration(declaration):
        yield Finding(f"get_collector_schema at {fault.place or '/'}", fault.reason)


Place = tuple[str | int, ...]

WRONG_VALUES: Final[tuple[Json, ...]] = (
    None,
    *(True, 7, -1.5, "x"),
    *([], [None], ["x"], [7], [[]], [{}], [{"name": None}]),
    *({}, {"name": 7}, {"x": [{}]}),
)


def places(value: Json, path: Place = ()) -> Iterator[Place]:
    """Yield the path of each value inside, the outermost first."""
    members: Iterator[tuple[str | int, Json]] = iter(())
    if isinstance(value, Mapping):
        members = iter(value.items())
    elif isinstance(value, list):
        members = iter(enumerate(value))
    for step, member in members:
        yield (*path, step)
        yield from places(member, (*path, step))


def at(value: Json, place: Place) -> Json:
    """Return the value at a place."""
    for step in place:
        value = value[step]
    return value


def replaced(submission: JsonObject, place: Place, value: Json) -> dict[str, Json]:
    """Return the submission with another value at one place, the given one left alone."""
    replacement: dict[str, Json] = _replaced(submission, place, value)
    return replacement


def _replaced(container: Json, place: Place, value: Json) -> Json:
    if not place:
        return value
    step, *rest = place
    inner = _replaced(container[step], tuple(rest), value)
    if isinstance(container, Mapping):
        return {**container, step: inner}
    return [*container[:step], inner, *container[int(step) + 1 :]]
