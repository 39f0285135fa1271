"""Which plugins are installed, and which of them this site lets in; nothing is imported yet."""

import inspect
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
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
    """A plugin that could be loaded: its name, where it comes from, and how to get it.

    `target` is what its entry point names, such as `shopdb_network:plugin`.
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
        """Return the error for a hook of this plugin, or for `the report NAME`, that failed."""
        return PluginFailure(self.name, self.origin, hook, what, kind)

    def explained(self, failure: PluginFailure) -> str:
        """Return what happened, and where it was raised in the plugin's own files.

        It quotes the exception, which may hold a payload: it is for the plugin's author and for no client.
        """
        return f"{failure.what}: {self.quoted(failure.__cause__)}" if failure.__cause__ else failure.what

    def quoted(self, error: BaseException) -> str:
        """Return what an exception says, with the file and line of the plugin that raised it."""
        return f"{first_line(error)}{raised_at(error, frames_in_package(self.package))}"

    def __str__(self) -> str:
        return f"{self.name} (distribution {self.origin})"


def installed_candidates() -> list[Candidate]:
    """Return the entry points of the group `shopdb`, in the order of their names."""
    found = entry_points(group=ENTRY_POINT_GROUP)
    return sorted(map(_candidate, found), key=lambda candidate: (candidate.name, candidate.distribution))


def installed_candidate(name: str) -> Candidate:
    """Return the installed plugin of this name, whether or not a site allows it.

    Raises `NotFound` where no distribution has it, `ConfigurationError` where two have.
    """
    everything = installed_candidates()
    found = [candidate for candidate in everything if candidate.name == name]
    if not found:
        raise not_installed(name, everything)
    if len(found) > 1:
        check_names(found)
    return found[0]


def not_installed(name: str, installed: Iterable[Candidate]) -> NotFound:
    """Return the error for the name of a plugin that is not among those that are installed."""
    known = ", ".join(candidate.name for candidate in installed) or "none"
    return NotFound(f"There is no plugin named {name[:NAME_LENGTH]!r}; installed are {known}.")


def given_candidates(plugins: Mapping[str, object]) -> list[Candidate]:
    """Return modules or objects that a program passes in, as if they had been installed."""
    return [
        Candidate(name, _NO_DISTRIBUTION, "", (), _module(plugin), lambda plugin=plugin: plugin)  # type: ignore[misc]
        for name, plugin in plugins.items()
    ]


def admitted(
    candidates: Iterable[Candidate], plugin_selection: PluginSelection
) -> tuple[list[Candidate], list[Candidate]]:
    """Divide the candidates into those that the site lets in and those that it blocks.

    Raises `ConfigurationError` where a name in the allow-list is not installed.
    """
    everything = list(candidates)
    names = {candidate.name for candidate in everything}
    allowed = names if plugin_selection.plugins is None else plugin_selection.plugins
    if missing := sorted(allowed - names):
        raise ConfigurationError(
            f"SHOPDB_PLUGINS names {missing[0][:NAME_LENGTH]!r}, which is not installed; "
            f"there are {', '.join(sorted(names)) or 'none'}."
        )
    wanted = allowed - plugin_selection.blocked
    return (
        [candidate for candidate in everything if candidate.name in wanted],
        [candidate for candidate in everything if candidate.name not in wanted],
    )


def check_names(candidates: Iterable[Candidate]) -> None:
    """Raise `ConfigurationError` for a reserved or impossible name, or one that two distributions claim."""
    claims: dict[str, list[Candidate]] = defaultdict(list)
    for candidate in candidates:
        _check_name(candidate)
        claims[candidate.name].append(candidate)
    for name, claimants in claims.items():
        if len(claimants) > 1:
            both = " and ".join(claimant.distribution for claimant in claimants)
            raise ConfigurationError(
                f"The plugin name {name} is claimed by {both}: uninstall one, or block both with "
                f"SHOPDB_BLOCKED_PLUGINS={name}"
            )


def _check_name(candidate: Candidate) -> None:
    if fault := name_fault(candidate.name):
        raise ConfigurationError(
            f"{candidate.distribution} names its plugin {candidate.name[:80]!r}; {fault}. "
            "Block that name with SHOPDB_BLOCKED_PLUGINS until it is changed."
        )


def name_fault(name: str) -> str:
    """Say what is wrong with a plugin's name; nothing if it can serve."""
    if not NAME.fullmatch(name) or len(name) > NAME_LENGTH:
        return f"a name is lower-case words joined by underscores, at most {NAME_LENGTH} characters"
    if name == "pc":
        return "that is reserved for the legacy endpoint"
    if name == "core":
        return "that is reserved for the version table of ShopDB itself"
    if name == "file" or name.endswith("_file"):
        clash = f"COLLECTOR_API_KEY_{name.removesuffix('file').upper()}FILE"
        return f"a name must not end in _file, because {clash} is where a key's file is named"
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
