"""Every plugin of this site, each in one state, and what the active ones brought."""

import logging
import textwrap
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import ModuleType
from typing import Literal

import pluggy

from shopdb_core.errors import NotFound, PluginFailure, Unavailable
from shopdb_core.plugins.collector import Collector, PluginHooks, make_collector
from shopdb_core.plugins.discovery import (
    Candidate,
    admitted,
    check_names,
    given_candidates,
    installed_candidates,
)
from shopdb_core.plugins.loader import Unusable, load, new_manager
from shopdb_core.plugins.report_definitions import make_reports
from shopdb_core.settings import PluginSelection
from shopdb_hookspecs import AssetChange, Report, specs

State = Literal["active", "blocked", "quarantined"]

LONGEST_REASON = 400
"""How many characters of what a plugin raised are kept for people to read."""

_BLOCKED = "this site blocks it (SHOPDB_PLUGINS, SHOPDB_BLOCKED_PLUGINS)"

_logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Plugin:
    """One plugin and its state.

    `reason` says why it does not serve, `notices` what of it a later release of the hooks will not take.
    """

    candidate: Candidate
    state: State
    reason: str = ""
    collector: Collector | None = None
    reports: Mapping[str, Report] = field(default_factory=dict)
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

    def all(self) -> list[Plugin]:
        """Return every plugin that is installed, in the order of their names."""
        return [plugin for _, plugin in sorted(self._plugins.items())]

    def active(self) -> list[Plugin]:
        """Return the plugins that serve."""
        return [plugin for plugin in self.all() if plugin.state == "active"]

    def get(self, name: str) -> Plugin | None:
        """Return one plugin, whatever its state."""
        return self._plugins.get(name)

    def collectors(self) -> dict[str, Collector]:
        """Return the collectors that serve, by name."""
        return {plugin.name: plugin.collector for plugin in self.active() if plugin.collector}

    def collector(self, name: str) -> Collector:
        """Return one that serves; raises `NotFound`, or `Unavailable` where its plugin is quarantined."""
        plugin = self.get(name)
        if plugin is not None and plugin.state == "quarantined":
            raise Unavailable(f"The plugin {name} is quarantined: {plugin.reason}")
        if plugin is None or plugin.collector is None:
            raise NotFound(f"There is no collector named {name[:40]!r}; `shopdb plugin list` shows them.")
        return plugin.collector

    def has_endpoint(self, name: str) -> bool:
        """Whether `/api/collector/<name>` exists; a quarantined plugin keeps it, and says why it is away."""
        plugin = self.get(name)
        return plugin is not None and (plugin.collector is not None or plugin.state == "quarantined")

    def quarantine(self, name: str, reason: str) -> None:
        """Take a plugin out of service, for a reason that people will read."""
        self._plugins[name] = _quarantined(self._plugins[name].candidate, reason)

    def notify(self, change: AssetChange) -> None:
        """Tell every plugin of a committed change; a failing observer is logged and harms nobody."""
        for plugin in self.active():
            try:
                if plugin.hooks:
                    plugin.hooks.ask("asset_changed", change=change)
            except PluginFailure as failure:
                _logger.error("%s", failure)  # noqa: TRY400  # a traceback may quote a payload


def load_plugins(
    plugin_selection: PluginSelection,
    plugins: Mapping[str, object] | None = None,
    hookspecs: ModuleType | type = specs,
) -> Plugins:
    """Load the plugins that the site lets in: those given by name, or all that are installed.

    `hookspecs` are the hooks that there are; a test may give those of another release.

    Raises `ConfigurationError` for names that clash; any other fault quarantines its plugin only.
    """
    candidates = installed_candidates() if plugins is None else given_candidates(plugins)
    wanted, blocked = admitted(candidates, plugin_selection)
    check_names(wanted)
    manager = new_manager(hookspecs)
    loaded = {candidate.name: _load(manager, candidate) for candidate in wanted}
    # Only now is every wrapper known that may adjust what a plugin answers.
    equipped = [
        _quarantined(candidate, str(verdict))
        if isinstance(verdict := loaded[candidate.name], Unusable)
        else replace(_equipped_or_quarantined(manager, candidate), notices=verdict)
        for candidate in wanted
    ]
    return Plugins([*equipped, *(Plugin(candidate, "blocked", _BLOCKED) for candidate in blocked)])


def _load(manager: pluggy.PluginManager, candidate: Candidate) -> tuple[str, ...] | Unusable:
    try:
        notices = load(manager, candidate)
    except Unusable as verdict:
        return verdict
    if notices:
        _logger.warning("plugin %s uses what will be removed: %s", candidate, "; ".join(notices))
    return notices


def equipped(candidate: Candidate, hooks: PluginHooks) -> Plugin:
    """Ask a loaded plugin for all that it brings; raises `Unusable` or `PluginFailure` at the first fault."""
    return Plugin(
        candidate,
        "active",
        collector=make_collector(candidate, hooks),
        reports=make_reports(hooks),
        migrations=_migrations(hooks),
        hooks=hooks,
    )


def _equipped_or_quarantined(manager: pluggy.PluginManager, candidate: Candidate) -> Plugin:
    """Equip a plugin; one fault quarantines it whole."""
    try:
        return equipped(candidate, PluginHooks(manager, candidate))
    except Unusable as verdict:
        reason = str(verdict)
    except PluginFailure as failure:
        # At start no client reads the reason, and no payload can be in it.
        reason = f"{failure.hook} {candidate.explained(failure)}"
    manager.unregister(name=candidate.name)
    return _quarantined(candidate, reason)


def _migrations(hooks: PluginHooks) -> Path | None:
    directory = hooks.ask("get_migrations")
    if directory is None:
        return None
    if not isinstance(directory, (str, Path)) or not Path(directory).is_dir():
        what = f"returned no directory that exists: {str(directory)[:80]!r}"
        mending = "give an absolute path, and pack the directory into the wheel"
        raise hooks.failure("get_migrations", f"{what}; {mending}")
    return Path(directory)


def _quarantined(candidate: Candidate, reason: str) -> Plugin:
    shown = textwrap.shorten(reason, LONGEST_REASON, placeholder=" …")
    _logger.error("plugin %s is quarantined: %s", candidate, shown)
    return Plugin(candidate, "quarantined", shown)
