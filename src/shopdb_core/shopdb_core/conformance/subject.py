"""The plugin that is checked, loaded alone."""

from collections.abc import Mapping
from dataclasses import dataclass

from shopdb_core.conformance.generating import FieldValues
from shopdb_core.plugins.candidates import Candidate
from shopdb_core.plugins.collector import Collector
from shopdb_core.plugins.registry import Plugin, Plugins
from shopdb_hookspecs import JsonObject


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
