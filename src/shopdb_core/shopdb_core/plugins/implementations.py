"""Whether a plugin's functions fit the hooks: told better, and more of it, than pluggy does."""

import inspect
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pluggy

from shopdb_core.places import place_defined
from shopdb_core.plugins.messages import did_you_mean

_MARKER = "@shopdb_hookspecs.hookimpl"


def implementation_fault(manager: pluggy.PluginManager, plugin: object) -> str:
    """Say what is wrong with the first hook of `plugin` that does not fit, and how to mend it."""
    return next(_faults(manager, plugin), "")


def _faults(manager: pluggy.PluginManager, plugin: object) -> Iterator[str]:
    hooks = {name: list(caller.spec.argnames) for name, caller in vars(manager.hook).items() if caller.spec}
    marked = {name: options for name in dir(plugin) if (options := manager.parse_hookimpl_opts(plugin, name))}
    for name, options in marked.items():
        hook = options["specname"] or name
        if hook not in hooks:
            yield f"it implements an unknown hook {hook}{_meant(hook, hooks)}{_place(plugin, name)}"
        elif fault := _function_fault(getattr(plugin, name), hooks[hook], wraps=_wraps(options)):
            yield f"its hook {name} {fault}{_place(plugin, name)}"
    for name in hooks:
        if name not in marked and callable(getattr(plugin, name, None)):
            yield f"its function {name} is not marked: put {_MARKER} above it{_place(plugin, name)}"
    if not marked:
        yield f"it implements no hook: mark the functions of {_kind(plugin)} with {_MARKER}"


def _function_fault(function: Callable[..., object], given: Sequence[str], *, wraps: bool) -> str:
    if inspect.iscoroutinefunction(function) or inspect.isasyncgenfunction(function):
        return "is async: write it as a plain function, each is asked in a thread"
    if inspect.isgeneratorfunction(function) != wraps:
        return (
            "is a wrapper that does not yield: `answer = yield` asks the others, `return answer` passes it on"
            if wraps
            else "yields: return the answer, or mark a wrapper with wrapper=True"
        )
    return _argument_fault(function, given)


def _argument_fault(function: Callable[..., object], given: Sequence[str]) -> str:
    try:
        parameters = inspect.signature(function).parameters.values()
    except ValueError:
        return "takes no self: add it, as to any method"
    odd = [parameter.name for parameter in parameters if _is_asked(parameter) and parameter.name not in given]
    if not odd:
        return ""
    offer = f"it gives {', '.join(given)}" if given else "it gives none to this one"
    return f"takes {odd[0]}, an argument that ShopDB does not give; {offer}{did_you_mean(odd[0], given)}"


def _is_asked(parameter: inspect.Parameter) -> bool:
    """Whether pluggy must give a value for it."""
    variable = (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD)
    return parameter.default is parameter.empty and parameter.kind not in variable


def _meant(name: str, hooks: dict[str, list[str]]) -> str:
    return did_you_mean(name, hooks) or f"; the hooks are {', '.join(hooks)}"


def _wraps(options: Any) -> bool:
    return bool(options["wrapper"] or options["hookwrapper"])


def _place(plugin: object, name: str) -> str:
    code = getattr(inspect.unwrap(getattr(plugin, name)), "__code__", None)
    return place_defined(code) if code else ""


def _kind(plugin: object) -> str:
    if inspect.ismodule(plugin):
        return f"the module {plugin.__name__}"
    return f"its entry point's {type(plugin).__name__}"
