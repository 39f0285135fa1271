"""From a candidate to a registered plugin: compatibility, import, hooks. Whatever fails is named."""

import inspect
import warnings
from collections.abc import Callable, Iterator, Sequence
from importlib.metadata import version
from types import ModuleType

import pluggy
from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

import shopdb_hookspecs
from shopdb_core.declarations.messages import did_you_mean
from shopdb_core.errors import defined_at, first_line, frames_in_package, raised_at
from shopdb_core.plugins.discovery import Candidate
from shopdb_hookspecs import specs

HOOKSPECS = "shopdb-hookspecs"

_MARKER = "@shopdb_hookspecs.hookimpl"
_VARIABLE = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)


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
    """Register, or say why that is not possible: foreign code may raise anything when it is looked at.

    Returns what pluggy warns of, which Python itself would show to nobody, each sentence with its hook.
    """
    try:
        _check_fit(manager, plugin)
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            manager.register(plugin, name)
    except Exception as error:
        if manager.has_plugin(name):
            manager.unregister(name=name)
        if isinstance(error, Unusable):
            raise
        raise Unusable("its hooks do not fit: " + "; ".join(str(error).splitlines())) from error
    given = {each.message for each in caught}
    return tuple(f"{hook}: {each}" for hook, each in _deprecations(manager) if each in given)


def _check_fit(manager: pluggy.PluginManager, plugin: object) -> None:
    if misfit := next(_misfits(manager, plugin), ""):
        raise Unusable(misfit)


def _deprecations(manager: pluggy.PluginManager) -> Iterator[tuple[str, Warning]]:
    """Yield what the hooks warn of when they, or one of their arguments, are implemented."""
    for name, caller in vars(manager.hook).items():
        if caller.spec:
            every = (caller.spec.warn_on_impl, *(caller.spec.warn_on_impl_args or {}).values())
            yield from ((name, each) for each in every if each)


def _misfits(manager: pluggy.PluginManager, plugin: object) -> Iterator[str]:
    """Yield what does not fit, with its place and the next step, before pluggy refuses it without these.

    pluggy itself takes a function without the marker, one that is async, and one that yields.
    """
    arguments = {name: caller.spec.argnames for name, caller in vars(manager.hook).items() if caller.spec}
    implementations = _implementations(plugin)
    for hook, implementation in implementations:
        function = implementation.function
        if hook not in arguments:
            meant = did_you_mean(hook, arguments) or f"; the hooks are {', '.join(arguments)}"
            yield f"it implements an unknown hook {hook}{meant}{_place(function)}"
        elif misfit := _misfit(implementation, arguments[hook]):
            yield f"its hook {hook} {misfit}{_place(function)}"
    for hook in arguments:
        if hook not in dict(implementations) and callable(getattr(plugin, hook, None)):
            place = _place(getattr(plugin, hook))
            yield f"its function {hook} is not marked: put {_MARKER} above it{place}"
    if not implementations:
        kind = f"its entry point's {type(plugin).__name__}"
        named = f"the module {plugin.__name__}" if inspect.ismodule(plugin) else kind
        yield f"it implements no hook: mark the functions of {named} with {_MARKER}"


def _implementations(plugin: object) -> list[tuple[str, pluggy.HookImpl]]:
    """Return what pluggy takes for hooks, by name; a manager without specifications refuses nothing."""
    manager = pluggy.PluginManager(shopdb_hookspecs.PROJECT)
    manager.register(plugin)
    callers = manager.get_hookcallers(plugin) or []
    return [(caller.name, implementation) for caller in callers for implementation in caller.get_hookimpls()]


def _misfit(implementation: pluggy.HookImpl, given: Sequence[str]) -> str:
    """Say what is wrong with one function; nothing if it can be called with arguments `given`."""
    function, wraps = implementation.function, implementation.wrapper or implementation.hookwrapper
    if inspect.iscoroutinefunction(function) or inspect.isasyncgenfunction(function):
        return "is async: write it as a plain function, each is asked in a thread"
    if inspect.isgeneratorfunction(function) and not wraps:
        return "yields: return the answer, or mark a wrapper with wrapper=True"
    if wraps and not inspect.isgeneratorfunction(function):
        step = "`answer = yield` asks the others, `return answer` passes it on"
        return f"is a wrapper that does not yield: {step}"
    try:
        parameters = inspect.signature(function).parameters.values()
    except ValueError:
        return "takes no self: add it, as to any method"
    needed = [each for each in parameters if each.default is each.empty and each.kind not in _VARIABLE]
    if odd := next((each.name for each in needed if each.name not in given), ""):
        offer = f"it gives {', '.join(given)}" if given else "it gives none to this one"
        return f"takes {odd}, an argument that ShopDB does not give; {offer}{did_you_mean(odd, given)}"
    return ""


def _place(function: Callable[..., object]) -> str:
    code = getattr(inspect.unwrap(function), "__code__", None)
    return defined_at(code) if code else ""


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
    place = raised_at(error, frames_in_package(candidate.package))
    if isinstance(error, (ModuleNotFoundError, AttributeError)) and not place:
        kind = "module" if isinstance(error, ModuleNotFoundError) else "attribute"
        named = f"its entry point names {candidate.target}"
        return f"{named}, and there is no {kind} {error.name}: correct it, or pack the module"
    reason = f"its import raised {type(error).__name__}: {first_line(error)}{place}"
    if isinstance(error, ModuleNotFoundError):
        return f"{reason}: install it, and name it among the dependencies of {candidate.distribution}"
    return reason
