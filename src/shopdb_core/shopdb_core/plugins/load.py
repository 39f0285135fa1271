"""From a candidate to a registered plugin: compatibility, import, hooks. Whatever fails is named."""

import inspect
from importlib.metadata import version
from types import ModuleType

import pluggy
from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

import shopdb_hookspecs
from shopdb_core.places import in_package, place_raised, told
from shopdb_core.plugins.candidates import Candidate
from shopdb_core.plugins.deprecations import deprecations
from shopdb_core.plugins.implementations import implementation_fault
from shopdb_hookspecs import specs

HOOKSPECS = "shopdb-hookspecs"


class Unusable(Exception):
    """Why a plugin cannot serve; the message is the reason that people read."""


def new_manager(hookspecs: ModuleType | type = specs) -> pluggy.PluginManager:
    """Return a plugin manager that knows our hooks, or those of another release, and no plugin."""
    manager = pluggy.PluginManager(shopdb_hookspecs.PROJECT)
    manager.add_hookspecs(hookspecs)
    return manager


def load(manager: pluggy.PluginManager, candidate: Candidate) -> tuple[str, ...]:
    """Import and register `candidate`, and return what it uses that is deprecated, sentence by sentence.

    Raises `Unusable`, and leaves nothing registered then.
    """
    _check_compatible(candidate)
    plugin = _imported(candidate)
    if other := manager.get_name(plugin):
        raise Unusable(f"its entry point names the same object as the plugin {other}: name one of its own")
    return _register(manager, plugin, candidate.name)


def _register(manager: pluggy.PluginManager, plugin: object, name: str) -> tuple[str, ...]:
    """Register, or say why that is not possible: foreign code may raise anything when it is looked at."""
    try:
        _check_fit(manager, plugin)
        return deprecations(manager, lambda: manager.register(plugin, name))
    except Exception as error:
        if manager.has_plugin(name):
            manager.unregister(name=name)
        if isinstance(error, Unusable):
            raise
        raise Unusable("its hooks do not fit: " + "; ".join(str(error).splitlines())) from error


def _check_fit(manager: pluggy.PluginManager, plugin: object) -> None:
    if fault := implementation_fault(manager, plugin):
        raise Unusable(fault)


def _check_compatible(candidate: Candidate) -> None:
    installed = version(HOOKSPECS)
    for requirement in _requirements(candidate):
        about_hookspecs = canonicalize_name(requirement.name) == HOOKSPECS
        if about_hookspecs and not requirement.specifier.contains(installed, prereleases=True):
            raise Unusable(
                f"it requires {requirement}, and {HOOKSPECS} {installed} is installed: install a release of "
                f"{candidate.distribution} made for it"
            )


def _requirements(candidate: Candidate) -> list[Requirement]:
    """Return what `Requires-Dist` asks for on this machine."""
    try:
        everything = [Requirement(text) for text in candidate.requires]
    except InvalidRequirement as error:
        raise Unusable(f"its Requires-Dist cannot be read: {str(error).splitlines()[0]}") from error
    return [found for found in everything if found.marker is None or found.marker.evaluate()]


def _imported(candidate: Candidate) -> object:
    try:
        plugin = candidate.load()
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # SystemExit too: a plugin must not end the server
        raise Unusable(_import_fault(candidate, error)) from error
    if inspect.isclass(plugin):
        raise Unusable(f"its entry point names the class {plugin.__name__}; name a module or an instance")
    return plugin


def _import_fault(candidate: Candidate, error: BaseException) -> str:
    place = place_raised(error, in_package(candidate.package))
    if isinstance(error, (ModuleNotFoundError, AttributeError)) and not place:
        kind = "module" if isinstance(error, ModuleNotFoundError) else "attribute"
        named = f"its entry point names {candidate.target}"
        return f"{named}, and there is no {kind} {error.name}: correct it, or pack the module"
    reason = f"its import raised {type(error).__name__}: {told(error)}{place}"
    if isinstance(error, ModuleNotFoundError):
        return f"{reason}: install it, and name it among the dependencies of {candidate.distribution}"
    return reason
