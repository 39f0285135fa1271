"""Which plugin is meant: by its name, or the object itself."""

import sys
from importlib.metadata import EntryPoint, entry_points

from shopdb_core.errors import ConfigurationError
from shopdb_core.plugins.candidates import (
    ENTRY_POINT_GROUP,
    Candidate,
    given_candidates,
    installed_candidate,
)


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
