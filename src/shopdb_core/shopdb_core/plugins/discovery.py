"""Find the installed plugins and select those that the site allows; plugins are not imported here."""

import inspect
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from importlib.metadata import Distribution, EntryPoint, entry_points

from shopdb_core.errors import (
    ConfigurationError,
    FailureKind,
    NotFound,
    PluginFailure,
    first_line,
    frames_in_package,
    raised_at,
)
from shopdb_core.settings import PluginSelection

ENTRY_POINT_GROUP = "shopdb"
NAME = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")
NAME_LENGTH = 40

_NO_DISTRIBUTION = "unknown"


@dataclass(frozen=True, slots=True)
class Candidate:
    """A plugin that can be loaded: its name, its distribution, and a function that imports it.

    `requires` are the lines `Requires-Dist` of its distribution, `target` is the value of its entry point,
    such as `shopdb_network:plugin`.
    """

    name: str
    distribution: str
    version: str
    requires: tuple[str, ...]
    target: str
    load: Callable[[], object]

    @property
    def package(self) -> str:
        """The top-level package or module that holds the plugin's own code."""
        return self.target.partition(":")[0].partition(".")[0]

    @property
    def origin(self) -> str:
        """The distribution and its version."""
        return f"{self.distribution} {self.version}".rstrip()

    def failure(self, hook: str, what: str, kind: FailureKind = "answer") -> PluginFailure:
        """Return the error for a failed hook of this plugin, or for a failed `the report NAME`."""
        return PluginFailure(self.name, self.origin, hook, what, kind)

    def explain(self, failure: PluginFailure) -> str:
        """Return what happened, with the exception's first line and the plugin's file and line.

        An exception may quote a payload, so the text is for the plugin's author and never for a client.
        """
        cause = failure.__cause__
        if cause is None:
            return failure.what
        return f"{failure.what}: {first_line(cause)}{raised_at(cause, frames_in_package(self.package))}"

    def __str__(self) -> str:
        return f"{self.name} (distribution {self.origin})"


def installed_candidates() -> list[Candidate]:
    """Return the entry points of the group `shopdb`, sorted by name."""
    found = entry_points(group=ENTRY_POINT_GROUP)
    return sorted(map(_candidate, found), key=lambda candidate: (candidate.name, candidate.distribution))


def installed_candidate(name: str) -> Candidate:
    """Return the installed plugin of this name, even if the site blocks it.

    Raises `NotFound` if it is not installed, `ConfigurationError` if two distributions claim the name.
    """
    installed = installed_candidates()
    found = [candidate for candidate in installed if candidate.name == name]
    if not found:
        raise not_installed(name, installed)
    if len(found) > 1:
        check_names(found)
    return found[0]


def not_installed(name: str, installed: Iterable[Candidate]) -> NotFound:
    """Return the error for a name that is not among the installed plugins."""
    known = ", ".join(candidate.name for candidate in installed) or "none"
    return NotFound(f"There is no plugin named {name[:NAME_LENGTH]!r}; installed are {known}.")


def given_candidates(plugins: Mapping[str, object]) -> list[Candidate]:
    """Return candidates for modules or objects that a program passes in."""
    return [
        Candidate(name, _NO_DISTRIBUTION, "", (), _module(plugin), lambda plugin=plugin: plugin)  # type: ignore[misc]
        for name, plugin in plugins.items()
    ]


def select_candidates(
    candidates: Sequence[Candidate], plugin_selection: PluginSelection
) -> tuple[list[Candidate], list[Candidate]]:
    """Return the candidates that the site allows, and those that it blocks; raises as `selected_names`."""
    selected = selected_names({candidate.name for candidate in candidates}, plugin_selection)
    return (
        [candidate for candidate in candidates if candidate.name in selected],
        [candidate for candidate in candidates if candidate.name not in selected],
    )


def selected_names(installed: AbstractSet[str], plugin_selection: PluginSelection) -> AbstractSet[str]:
    """Return the names of the installed plugins that the site allows.

    Raises `ConfigurationError` if a name in `SHOPDB_PLUGINS` is not installed.
    """
    allowed = installed if plugin_selection.plugins is None else plugin_selection.plugins
    if missing := sorted(allowed - installed):
        raise ConfigurationError(
            f"SHOPDB_PLUGINS names {missing[0][:NAME_LENGTH]!r}, which is not installed; "
            f"installed are {', '.join(sorted(installed)) or 'none'}."
        )
    return allowed - plugin_selection.blocked


def check_names(candidates: Iterable[Candidate]) -> None:
    """Raise `ConfigurationError` for a reserved or invalid name, or one that two distributions claim."""
    claims: dict[str, list[Candidate]] = defaultdict(list)
    for candidate in candidates:
        if fault := name_fault(candidate.name):
            raise ConfigurationError(
                f"{candidate.distribution} names its plugin {candidate.name[:80]!r}; {fault}. "
                "Block that name with SHOPDB_BLOCKED_PLUGINS until it is changed."
            )
        claims[candidate.name].append(candidate)
    for name, claimants in claims.items():
        if len(claimants) > 1:
            both = " and ".join(claimant.distribution for claimant in claimants)
            raise ConfigurationError(
                f"The plugin name {name} is claimed by {both}: uninstall one, or block both with "
                f"SHOPDB_BLOCKED_PLUGINS={name}"
            )


def name_fault(name: str) -> str:
    """Return what is wrong with a plugin's name, empty if it is valid."""
    if not NAME.fullmatch(name) or len(name) > NAME_LENGTH:
        return f"a name is lower-case words joined by underscores, at most {NAME_LENGTH} characters"
    if name == "pc":
        return "that name is reserved for the legacy endpoint"
    if name == "core":
        return "that name is reserved for the version table of ShopDB itself"
    if name == "file" or name.endswith("_file"):
        clash = f"COLLECTOR_API_KEY_{name.removesuffix('file').upper()}FILE"
        return f"a name must not end in _file, because {clash} is the setting for the file of a key"
    return ""


def _module(plugin: object) -> str:
    return str(plugin.__name__ if inspect.ismodule(plugin) else type(plugin).__module__)


def _candidate(entry_point: EntryPoint) -> Candidate:
    distribution: Distribution | None = entry_point.dist
    return Candidate(
        name=entry_point.name,
        distribution=distribution.name if distribution else _NO_DISTRIBUTION,
        version=distribution.version if distribution else "",
        requires=tuple(distribution.requires or ()) if distribution else (),
        target=entry_point.value,
        load=entry_point.load,
    )
