"""The plugin that is checked: `candidate_of` finds it, `Subject` adds what the checks need of it."""

import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points

from shopdb_core.devkit.strategies.generating import FieldValues
from shopdb_core.errors import ConfigurationError
from shopdb_core.json_text import JsonPath
from shopdb_core.plugins.collector import Collector
from shopdb_core.plugins.discovery import (
    ENTRY_POINT_GROUP,
    Candidate,
    given_candidates,
    installed_candidate,
)
from shopdb_core.plugins.registry import Plugin, Plugins
from shopdb_hookspecs import Json, JsonObject


def candidate_of(plugin: object, name: str | None = None) -> Candidate:
    """Return the plugin by its name, or by the module or instance that its entry point names.

    An object that no installed entry point names needs a `name`. Raises as `installed_candidate` does, and
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
    """Return what an entry point names, or `None` if its module was not imported yet."""
    found: object = sys.modules.get(entry_point.module)
    for name in filter(None, (entry_point.attr or "").split(".")):
        found = getattr(found, name, None)
    return found


@dataclass(frozen=True, slots=True)
class Subject:
    """A loaded plugin with its valid examples by name (`example 1`), and values for its fields.

    `generator` is `None` for a plugin without a collector.
    """

    plugin: Plugin
    examples: Mapping[str, JsonObject]
    generator: FieldValues | None

    @classmethod
    def of(cls, plugin: Plugin) -> "Subject":
        """Return the subject for a plugin that `load_alone` returned."""
        if plugin.collector is None:
            return cls(plugin, {}, None)
        examples = valid_examples(plugin.collector)
        return cls(plugin, examples, FieldValues(plugin.collector, examples.values()))

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
        """The plugin's collector; only for checks of plugins that have one."""
        assert self.plugin.collector is not None
        return self.plugin.collector

    @property
    def values(self) -> FieldValues:
        """The generated values of the collector's fields; only for checks of plugins that have one."""
        assert self.generator is not None
        return self.generator

    def plugins(self) -> Plugins:
        """Return the plugins of a site that has only this one."""
        return Plugins([self.plugin])

    def implements(self, hook: str) -> bool:
        """Whether the plugin implements `hook`."""
        return self.plugin.hooks is not None and self.plugin.hooks.implements(hook)

    @property
    def stores(self) -> bool:
        """Whether the plugin implements a hook that writes tables of its own."""
        return self.plugin.hooks is not None and self.plugin.hooks.stores


def example_name(number: int) -> str:
    """Return the name of an example in findings; `number` counts from 1."""
    return f"example {number}"


def valid_examples(collector: Collector) -> Mapping[str, JsonObject]:
    """Return the examples that are valid, by their names in findings."""
    numbered = enumerate(collector.examples, start=1)
    return {example_name(number): each for number, each in numbered if collector.validator.accepts(each)}


def inner_paths(value: Json, path: JsonPath = ()) -> Iterator[JsonPath]:
    """Yield the path of each value inside a JSON value, parents before their members."""
    members: Iterator[tuple[str | int, Json]] = iter(())
    if isinstance(value, Mapping):
        members = iter(value.items())
    elif isinstance(value, list):
        members = iter(enumerate(value))
    for step, member in members:
        yield (*path, step)
        yield from inner_paths(member, (*path, step))


def with_texts(value: Json, change: Callable[[str], str]) -> Json:
    """Return a copy of a JSON value with every string inside it changed, except the names of members."""
    if isinstance(value, str):
        return change(value)
    if isinstance(value, Mapping):
        return {name: with_texts(member, change) for name, member in value.items()}
    return [with_texts(item, change) for item in value] if isinstance(value, list) else value


def with_value(submission: JsonObject, path: JsonPath, value: Json) -> dict[str, Json]:
    """Return a copy of the submission with another value at one path."""
    replacement: dict[str, Json] = _with_value(submission, path, value)
    return replacement


def _with_value(container: Json, path: JsonPath, value: Json) -> Json:
    if not path:
        return value
    step, *rest = path
    inner = _with_value(container[step], tuple(rest), value)
    if isinstance(container, Mapping):
        return {**container, step: inner}
    return [*container[:step], inner, *container[int(step) + 1 :]]
