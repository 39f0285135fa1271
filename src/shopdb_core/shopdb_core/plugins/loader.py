"""Load one plugin: check its requirements, import it, check its hooks and register it with pluggy.

`UnusablePlugin` says what failed, where in the plugin's files, and the next step.
"""

import inspect
import warnings
from collections.abc import Callable, Iterator, Sequence
from types import ModuleType

import pluggy

import shopdb_hookspecs
from shopdb_core.declarations.validation.messages import did_you_mean
from shopdb_core.errors import defined_at, first_line, frames_in_package, raised_at
from shopdb_core.plugins.discovery import Candidate
from shopdb_core.plugins.requirements import requirement_fault
from shopdb_hookspecs import specs

_MARKER = "@shopdb_hookspecs.hookimpl"
_VARIABLE = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)


class UnusablePlugin(Exception):
    """A plugin cannot be used; the message is the reason that people read."""


def new_manager(hookspecs: ModuleType | type = specs) -> pluggy.PluginManager:
    """Return a plugin manager with our hook specifications, or those of another release, without plugins."""
    manager = pluggy.PluginManager(shopdb_hookspecs.PROJECT)
    manager.add_hookspecs(hookspecs)
    return manager


def load(manager: pluggy.PluginManager, candidate: Candidate) -> tuple[str, ...]:
    """Import and register `candidate`, and return one sentence for each deprecated hook that it uses.

    Raises `UnusablePlugin`; the plugin is not registered then.
    """
    if fault := requirement_fault(candidate):
        raise UnusablePlugin(fault)
    plugin = _import(candidate)
    if other := manager.get_name(plugin):
        raise UnusablePlugin(
            f"its entry point names the same object as the plugin {other}: name an object of its own"
        )
    return _register(manager, plugin, candidate.name)


def _register(manager: pluggy.PluginManager, plugin: object, name: str) -> tuple[str, ...]:
    """Register a plugin and return what pluggy warns of, each sentence with its hook.

    Inspecting an object can run its own code, so any exception becomes `UnusablePlugin`.
    """
    try:
        _check_hooks(manager, plugin)
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            manager.register(plugin, name)
    except Exception as error:
        if manager.has_plugin(name):
            manager.unregister(name=name)
        if isinstance(error, UnusablePlugin):
            raise
        raise UnusablePlugin("its hooks do not fit: " + "; ".join(str(error).splitlines())) from error
    issued = {each.message for each in caught}
    return tuple(f"{hook}: {each}" for hook, each in _deprecations(manager) if each in issued)


def _check_hooks(manager: pluggy.PluginManager, plugin: object) -> None:
    if fault := next(_hook_faults(manager, plugin), ""):
        raise UnusablePlugin(fault)


def _deprecations(manager: pluggy.PluginManager) -> Iterator[tuple[str, Warning]]:
    """Yield the warnings that are declared for implementing a hook or one of its arguments."""
    for name, caller in vars(manager.hook).items():
        if caller.spec:
            every = (caller.spec.warn_on_impl, *(caller.spec.warn_on_impl_args or {}).values())
            yield from ((name, each) for each in every if each)


def _hook_faults(manager: pluggy.PluginManager, plugin: object) -> Iterator[str]:
    """Yield what is wrong with the plugin's hooks, each with file, line and next step.

    pluggy's own errors lack these, and pluggy accepts functions that are unmarked, async or generators.
    """
    arguments = {name: caller.spec.argnames for name, caller in vars(manager.hook).items() if caller.spec}
    implementations = _implementations(plugin)
    for hook, implementation in implementations:
        function = implementation.function
        if hook not in arguments:
            hint = did_you_mean(hook, arguments) or f"; the hooks are {', '.join(arguments)}"
            yield f"it implements an unknown hook {hook}{hint}{_location(function)}"
        elif fault := _function_fault(implementation, arguments[hook]):
            yield f"its hook {hook} {fault}{_location(function)}"
    for hook in arguments:
        if hook not in dict(implementations) and callable(getattr(plugin, hook, None)):
            location = _location(getattr(plugin, hook))
            yield f"its function {hook} is not marked: put {_MARKER} above it{location}"
    if not implementations:
        kind = f"its entry point's {type(plugin).__name__}"
        named = f"the module {plugin.__name__}" if inspect.ismodule(plugin) else kind
        yield f"it does not implement any hook: mark the functions of {named} with {_MARKER}"


def _implementations(plugin: object) -> list[tuple[str, pluggy.HookImpl]]:
    """Return each function that is marked as a hook, with its hook's name.

    A manager without specifications accepts hooks of any name.
    """
    manager = pluggy.PluginManager(shopdb_hookspecs.PROJECT)
    manager.register(plugin)
    callers = manager.get_hookcallers(plugin) or []
    return [(caller.name, implementation) for caller in callers for implementation in caller.get_hookimpls()]


def _function_fault(implementation: pluggy.HookImpl, passed: Sequence[str]) -> str:
    """Return what is wrong with one function, empty if it can be called with the arguments `passed`."""
    function, wraps = implementation.function, implementation.wrapper or implementation.hookwrapper
    if inspect.iscoroutinefunction(function) or inspect.isasyncgenfunction(function):
        return "is async: write a plain function, ShopDB calls hooks in threads"
    if inspect.isgeneratorfunction(function) and not wraps:
        return "is a generator: return the result, or mark a wrapper with wrapper=True"
    if wraps and not inspect.isgeneratorfunction(function):
        step = "`result = yield` calls the wrapped hook, `return result` returns its result"
        return f"is a wrapper that does not yield: {step}"
    try:
        parameters = inspect.signature(function).parameters.values()
    except ValueError:
        return "is a method without self: add self as its first parameter"
    needed = [each for each in parameters if each.default is each.empty and each.kind not in _VARIABLE]
    if unknown := next((each.name for each in needed if each.name not in passed), ""):
        known = f"it passes {', '.join(passed)}" if passed else "this hook takes no arguments"
        return (
            f"takes {unknown}, an argument that ShopDB does not pass; {known}{did_you_mean(unknown, passed)}"
        )
    return ""


def _location(function: Callable[..., object]) -> str:
    code = getattr(inspect.unwrap(function), "__code__", None)
    return defined_at(code) if code else ""


def _import(candidate: Candidate) -> object:
    try:
        plugin = candidate.load()
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # even SystemExit: a plugin must not end the server
        raise UnusablePlugin(_import_fault(candidate, error)) from error
    if inspect.isclass(plugin):
        raise UnusablePlugin(
            f"its entry point names the class {plugin.__name__}: name a module or an instance"
        )
    return plugin


def _import_fault(candidate: Candidate, error: BaseException) -> str:
    location = raised_at(error, frames_in_package(candidate.package))
    if isinstance(error, (ModuleNotFoundError, AttributeError)) and not location:
        kind = "module" if isinstance(error, ModuleNotFoundError) else "attribute"
        return (
            f"its entry point names {candidate.target}, but the {kind} {error.name} does not exist: correct "
            "the entry point, or include the module in the wheel"
        )
    reason = f"its import raised {type(error).__name__}: {first_line(error)}{location}"
    if isinstance(error, ModuleNotFoundError):
        return f"{reason}: install it, and add it to the dependencies of {candidate.distribution}"
    return reason
