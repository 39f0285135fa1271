"""One plugin's side of the hooks: pluggy asks it alone, and every wrapper still applies."""

from typing import Any

import pluggy

from shopdb_core.errors import PluginFailure
from shopdb_core.plugins.candidates import Candidate

HOOKS = (
    "get_collector_schema",
    "get_example_submissions",
    "normalize_submission",
    "get_migrations",
    "store_asset",
    "get_reports",
    "asset_changed",
)


class PluginHooks:
    """Asks one plugin; make it after every plugin has been registered."""

    def __init__(self, manager: pluggy.PluginManager, candidate: Candidate) -> None:
        self._candidate = candidate
        self._callers = {hook: _asking_only(manager, hook, candidate.name) for hook in HOOKS}

    def implements(self, hook: str) -> bool:
        """Whether the plugin itself answers `hook`; being wrapped by others does not count."""
        return self._callers[hook] is not None

    def ask(self, hook: str, **arguments: Any) -> Any:
        """Return the plugin's answer, `None` where it does not implement `hook`.

        Raises `PluginFailure` that names plugin, distribution and hook, whatever the hook raised.
        """
        caller = self._callers[hook]
        if caller is None:
            return None
        try:
            return caller(**arguments)
        except (Exception, SystemExit) as error:  # a plugin must not end the server
            raise self._candidate.failure(hook, f"raised {type(error).__name__}", "raised") from error

    def failure(self, hook: str, what: str) -> PluginFailure:
        """Return the error for an answer of `hook` that cannot be used."""
        return self._candidate.failure(hook, what)


def _asking_only(manager: pluggy.PluginManager, hook: str, name: str) -> pluggy.HookCaller | None:
    """Return a caller of one plugin's `hook`, with the wrappers of all; `None` if it has no such hook."""
    plugin = manager.get_plugin(name)
    plain = [
        implementation.plugin
        for implementation in getattr(manager.hook, hook).get_hookimpls()
        if not (implementation.wrapper or implementation.hookwrapper)
    ]
    if not any(other is plugin for other in plain):
        return None
    return manager.subset_hook_caller(hook, [other for other in plain if other is not plugin])
