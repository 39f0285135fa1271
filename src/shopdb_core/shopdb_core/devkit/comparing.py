"""Compare the declarations of two releases of a plugin: what changed, and which version step that needs.

`declared` loads one release; one process cannot load both. `compare_releases` returns a `Comparison`. The
steps follow semver.org, the version numbers PEP 440.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from packaging.version import InvalidVersion, Version

from shopdb_core.declarations.compatibility import Change, Step, compare_declarations, step_of
from shopdb_core.errors import ConfigurationError
from shopdb_core.plugins.discovery import installed_candidate
from shopdb_core.plugins.registry import load_plugins
from shopdb_core.settings import PluginSelection
from shopdb_hookspecs import JsonObject


@dataclass(frozen=True, slots=True)
class Declared:
    """The checked declaration of one release, and its example submissions."""

    name: str
    distribution: str
    version: str
    declaration: JsonObject
    examples: Sequence[JsonObject] = ()


def declared(name: str) -> Declared:
    """Load one installed plugin without the wrappers of others.

    Raises `NotFound` for a plugin that is not installed, and `ConfigurationError` for one that cannot serve
    or has no collector.
    """
    installed_candidate(name)
    plugin = load_plugins(PluginSelection(frozenset({name}))).get(name)
    if plugin is None or plugin.collector is None:
        reason = plugin.reason if plugin else ""
        raise ConfigurationError(f"The plugin {name} declares nothing: {reason or 'it has no collector'}.")
    collector = plugin.collector
    return Declared(
        name, collector.distribution, collector.version, collector.declaration, list(collector.examples)
    )


@dataclass(frozen=True, slots=True)
class Comparison:
    """The changes from one release to the next.

    `shortfall` says why the step between the versions is too small; it is empty if the step is large enough.
    """

    old: Declared
    new: Declared
    changes: tuple[Change, ...]
    shortfall: str

    def as_json(self) -> JsonObject:
        """Return the comparison as `shopdb plugin check --against --json` prints it."""
        return {
            "old": self.old.version or None,
            "new": self.new.version or None,
            "step": str(step_of(self.changes)),
            "shortfall": self.shortfall or None,
            "changes": [
                {
                    "place": each.place,
                    "step": str(each.step),
                    "sentence": each.sentence,
                    "remedy": each.remedy,
                }
                for each in self.changes
            ],
        }

    def lines(self) -> Iterator[str]:
        """Yield the lines that `shopdb plugin check --against` prints."""
        needed = step_of(self.changes)
        summary = f"these changes need a {needed} version" if self.changes else "nothing changed"
        yield f"{self.new.name} {self.new.version} against {self.old.version}: {summary}"
        for change in self.changes:
            yield f"    {change.step!s:5}  {change.place or '/'}: {change.sentence}"
            if change.remedy:
                yield f"           {change.remedy}"


def compare_releases(old: Declared, new: Declared) -> Comparison:
    """Compare two releases of one plugin; raises `ConfigurationError` if their names differ."""
    if old.name != new.name:
        raise ConfigurationError(f"{old.name} and {new.name} are two plugins: compare releases of one.")
    changes = tuple(compare_declarations(old.declaration, new.declaration, old.examples))
    return Comparison(old, new, changes, shortfall(step_of(changes), old.version, new.version))


def step_made(old: Version, new: Version) -> Step:
    """Return the step from one version to the next.

    Below 1.0 the second number is the major step and the third the minor one. A pre-release promises nothing,
    so any change may follow it.
    """
    if new <= old:
        return Step.NONE
    if (old.epoch, old.major) != (new.epoch, new.major) or old.is_prerelease:
        return Step.MAJOR
    if old.minor != new.minor:
        return Step.MINOR if old.major else Step.MAJOR
    return Step.PATCH if old.major else Step.MINOR


def shortfall(needed: Step, old: str, new: str) -> str:
    """Say how the step between two versions is smaller than needed; empty if it is large enough.

    Also empty for a plugin without a version, such as one that a program passes in.
    """
    if needed is Step.NONE or not (old and new):
        return ""
    try:
        before, after = Version(old), Version(new)
    except InvalidVersion as error:
        return f"{error}: give the plugin a version that PEP 440 allows"
    made = step_made(before, after)
    if made >= needed:
        return ""
    made_text = f"a {made} step" if made else "not a step forward"
    next_version = next_release(before, needed)
    return f"from {old} to {new} is {made_text}, and the changes need a {needed} one: release {next_version}"


def next_release(old: Version, step: Step) -> str:
    """Return the smallest version that is one step after an older one."""
    if not old.major and step < Step.MAJOR:
        return f"0.{old.minor}.{old.micro + 1}"
    if step is Step.PATCH:
        return f"{old.major}.{old.minor}.{old.micro + 1}"
    if step is Step.MINOR or not old.major:
        return f"{old.major}.{old.minor + 1}.0"
    return f"{old.major + 1}.0.0"
