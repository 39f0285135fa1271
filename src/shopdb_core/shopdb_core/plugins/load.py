"""From a candidate to a registered plugin: compatibility, import, hooks. Whatever fails is named."""

import difflib
import inspect
from importlib.metadata import version

import pluggy
from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

import shopdb_hookspecs
from shopdb_core.plugins.candidates import Candidate
from shopdb_core.plugins.hooks import HOOKS
from shopdb_hookspecs import specs

HOOKSPECS = "shopdb-hookspecs"


class Unusable(Exception):
    """Why a plugin cannot serve; the message is the reason that people read."""


def new_manager() -> pluggy.PluginManager:
    """Return a plugin manager that knows our hooks and no plugin."""
    manager = pluggy.PluginManager(shopdb_hookspecs.PROJECT)
    manager.add_hookspecs(specs)
    return manager


def load(manager: pluggy.PluginManager, candidate: Candidate) -> None:
    """Import and register `candidate`; raises `Unusable`, and leaves nothing registered then."""
    _check_compatible(candidate)
    plugin = _imported(candidate)
    if other := manager.get_name(plugin):
        raise Unusable(f"its entry point names the same object as the plugin {other}: name one of its own")
    try:
        manager.register(plugin, candidate.name)
        _check_hooks(manager, plugin)
    except Exception as error:
        if manager.has_plugin(candidate.name):
            manager.unregister(name=candidate.name)
        if isinstance(error, Unusable):
            raise
        raise Unusable("its hooks do not fit: " + "; ".join(str(error).splitlines())) from error


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
        raise Unusable(f"its import raised {type(error).__name__}: {error}") from error
    if inspect.isclass(plugin):
        raise Unusable(f"its entry point names the class {plugin.__name__}; name a module or an instance")
    return plugin


def _check_hooks(manager: pluggy.PluginManager, plugin: object) -> None:
    """Find what pluggy lets pass: a misspelt hook, and a hook without its marker."""
    implemented = [caller.name for caller in manager.get_hookcallers(plugin) or ()]
    for name in implemented:
        if name not in HOOKS:
            raise Unusable(f"it implements an unknown hook {name}{_did_you_mean(name)}")
    for name in HOOKS:
        if name not in implemented and callable(getattr(plugin, name, None)):
            raise Unusable(f"its function {name} is not marked: put @shopdb_hookspecs.hookimpl above it")
    if not implemented:
        raise Unusable("it implements no hook: mark its functions with @shopdb_hookspecs.hookimpl")


def _did_you_mean(name: str) -> str:
    close = difflib.get_close_matches(name, HOOKS, n=1)
    return f"; did you mean {close[0]}?" if close else f"; the hooks are {', '.join(HOOKS)}"
