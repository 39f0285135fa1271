"""The plugins of one site: `load_plugins` loads them, `Plugins` holds each with its state."""

import logging
import textwrap
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import ModuleType
from typing import Literal

import pluggy

from shopdb_core.declarations.named_fields import EvidencePath
from shopdb_core.errors import NotFound, PluginFailure, Unavailable, log_text
from shopdb_core.plugins.collector import Collector, PluginHooks, make_collector
from shopdb_core.plugins.discovery import (
    Candidate,
    check_names,
    given_candidates,
    installed_candidates,
    select_candidates,
)
from shopdb_core.plugins.loader import UnusablePlugin, load, new_manager
from shopdb_core.plugins.pace import Pace
from shopdb_core.plugins.panel_definitions import make_panels
from shopdb_core.plugins.reports.definitions import make_reports, software_fault
from shopdb_core.settings import PluginSelection
from shopdb_hookspecs import AssetChange, Panel, Report, specs

State = Literal["active", "blocked", "quarantined"]

LONGEST_REASON = 400
"""The most characters of a reason why a plugin is quarantined."""

_BLOCKED_REASON = "this site blocks it (SHOPDB_PLUGINS, SHOPDB_BLOCKED_PLUGINS)"

_logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Plugin:
    """One plugin and its state.

    `reason` says why it is not active; `notices` are sentences about deprecated hooks that it uses.
    """

    candidate: Candidate
    state: State
    reason: str = ""
    collector: Collector | None = None
    reports: Mapping[str, Report] = field(default_factory=dict)
    panels: Sequence[Panel] = ()
    migrations: Path | None = None
    hooks: PluginHooks | None = None
    notices: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The entry point's name."""
        return self.candidate.name


class Plugins:
    """The plugins of one site, by name."""

    def __init__(self, plugins: Iterable[Plugin]) -> None:
        self._plugins = {plugin.name: plugin for plugin in plugins}
        self._observing = {name: Pace(name) for name in self._plugins}

    def all(self) -> list[Plugin]:
        """Return every installed plugin, sorted by name."""
        return [plugin for _, plugin in sorted(self._plugins.items())]

    def active(self) -> list[Plugin]:
        """Return the active plugins, sorted by name."""
        return [plugin for plugin in self.all() if plugin.state == "active"]

    def get(self, name: str) -> Plugin | None:
        """Return one plugin in any state, or `None` if it is not installed."""
        return self._plugins.get(name)

    def collectors(self) -> dict[str, Collector]:
        """Return the collectors of the active plugins, by name."""
        return {plugin.name: plugin.collector for plugin in self.active() if plugin.collector}

    def secondary_identities(self) -> dict[str, tuple[EvidencePath, ...]]:
        """Return for each collector where its secondary identities are."""
        return {name: each.evidence for name, each in self.collectors().items()}

    def collector(self, name: str) -> Collector:
        """Return one collector; raises `NotFound`, or `Unavailable` if its plugin is quarantined."""
        plugin = self.get(name)
        if plugin is not None and plugin.state == "quarantined":
            raise Unavailable(f"The plugin {name} is quarantined: {plugin.reason}")
        if plugin is None or plugin.collector is None:
            raise NotFound(f"There is no collector named {name[:40]!r}; `shopdb plugin list` shows them.")
        return plugin.collector

    def has_endpoint(self, name: str) -> bool:
        """Whether `/api/collector/<name>` exists; for a quarantined plugin it answers 503 with the reason."""
        plugin = self.get(name)
        return plugin is not None and (plugin.collector is not None or plugin.state == "quarantined")

    def is_collected(self, assettype: str) -> bool:
        """Whether submissions create the assets of a type, perhaps once its plugin is served again.

        A blocked plugin is not imported, so it counts as one that collects.
        """
        plugin = self.get(assettype)
        return plugin is not None and (plugin.collector is not None or plugin.state != "active")

    def is_quick(self, name: str) -> bool:
        """Whether the loop of the server may answer submissions to a plugin, because no hook is slow."""
        plugin = self.get(name)
        return (
            plugin is not None
            and plugin.collector is not None
            and not plugin.collector.pace.is_slow
            and not any(pace.is_slow for pace in self._observing.values())
        )

    def quarantine(self, name: str, reason: str) -> None:
        """Quarantine a plugin and log `reason`, a sentence for people."""
        self._plugins[name] = _quarantined(self._plugins[name].candidate, reason)
        _log_faults(self._plugins[name])

    def notify(self, change: AssetChange) -> None:
        """Call `asset_changed` of every active plugin; a failure is logged and not raised."""
        for plugin in self._plugins.values():
            try:
                if plugin.hooks and plugin.hooks.implements("asset_changed"):
                    with self._observing[plugin.name].measured("asset_changed"):
                        plugin.hooks.call("asset_changed", change=change)
            except PluginFailure as failure:
                _logger.error("%s", failure)  # noqa: TRY400  # a traceback may quote a payload
                _logger.debug("asset_changed\n%s", log_text(failure.__cause__))


def load_plugins(
    plugin_selection: PluginSelection,
    plugins: Mapping[str, object] | None = None,
    hookspecs: ModuleType | type = specs,
    *,
    logged: bool = True,
) -> Plugins:
    """Load the plugins that the site allows, of all installed ones or of the given `plugins`, by name.

    `hookspecs` are the hook specifications; a test may pass those of another release. `logged` is whether
    what is wrong with a plugin is logged: a command that shows the states of all plugins says it already.

    Raises `ConfigurationError` for names that clash. Any other fault quarantines its plugin alone.
    """
    candidates = installed_candidates() if plugins is None else given_candidates(plugins)
    allowed, blocked = select_candidates(candidates, plugin_selection)
    check_names(allowed)
    manager = new_manager(hookspecs)
    loaded = [_load(manager, candidate) for candidate in allowed]
    # A hook is called only now, when all wrappers are registered.
    activated = [
        replace(_activate(manager, plugin.candidate), notices=plugin.notices)
        if plugin.state == "active"
        else plugin
        for plugin in loaded
    ]
    for plugin in activated if logged else ():
        _log_faults(plugin)
    return Plugins([*activated, *(Plugin(each, "blocked", _BLOCKED_REASON) for each in blocked)])


def _load(manager: pluggy.PluginManager, candidate: Candidate) -> Plugin:
    """Register a plugin; a fault quarantines it."""
    try:
        notices = load(manager, candidate)
    except UnusablePlugin as error:
        return _quarantined(candidate, str(error))
    return Plugin(candidate, "active", notices=notices)


def activate(candidate: Candidate, hooks: PluginHooks) -> Plugin:
    """Call the hooks that run at start; raises `UnusablePlugin` or `PluginFailure` at the first fault."""
    collector, reports = make_collector(candidate, hooks), make_reports(hooks)
    roles = collector.declaration.get("x-software", {}) if collector else {}
    if fault := software_fault(roles, reports):
        raise UnusablePlugin(f"get_collector_schema at {fault}")
    return Plugin(
        candidate,
        "active",
        collector=collector,
        reports=reports,
        panels=make_panels(hooks),
        migrations=_migrations(hooks),
        hooks=hooks,
    )


def _activate(manager: pluggy.PluginManager, candidate: Candidate) -> Plugin:
    """Activate a registered plugin; the first fault quarantines it."""
    try:
        return activate(candidate, PluginHooks(manager, candidate))
    except UnusablePlugin as error:
        reason = str(error)
    except PluginFailure as failure:
        # Hooks at start do not receive payloads, so the exception may be quoted.
        reason = f"{failure.hook} {candidate.explain(failure)}"
    manager.unregister(name=candidate.name)
    return _quarantined(candidate, reason)


def _migrations(hooks: PluginHooks) -> Path | None:
    directory = hooks.call("get_migrations")
    if directory is None:
        return None
    if not isinstance(directory, (str, Path)) or not Path(directory).is_dir():
        what = f"returned {str(directory)[:80]!r}, which is not an existing directory"
        step = "return an absolute path, and include the directory in the wheel"
        raise hooks.failure("get_migrations", f"{what}: {step}")
    return Path(directory)


def _quarantined(candidate: Candidate, reason: str) -> Plugin:
    return Plugin(candidate, "quarantined", textwrap.shorten(reason, LONGEST_REASON, placeholder=" …"))


def _log_faults(plugin: Plugin) -> None:
    if plugin.notices:
        _logger.warning("plugin %s uses deprecated hooks: %s", plugin.candidate, "; ".join(plugin.notices))
    if plugin.state == "quarantined":
        _logger.error("plugin %s is quarantined: %s", plugin.candidate, plugin.reason)
