"""What a plugin uses that a later release of the hooks will not have, in the words of the hooks."""

import warnings
from collections.abc import Callable
from typing import Any

import pluggy


def deprecations(manager: pluggy.PluginManager, register: Callable[[], object]) -> tuple[str, ...]:
    """Register a plugin, and return what pluggy warns of meanwhile, each sentence with its hook.

    Python itself would show these warnings to nobody. Every other warning goes on its way.
    """
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        register()
    hooks = [(_hook_that_warns(manager, each.message), each) for each in caught]
    for hook, each in hooks:
        if hook is None:
            warnings.warn_explicit(each.message, each.category, each.filename, each.lineno)
    return tuple(f"{hook}: {each.message}" for hook, each in hooks if hook is not None)


def _hook_that_warns(manager: pluggy.PluginManager, warning: Warning | str) -> str | None:
    specs: dict[str, Any] = {name: caller.spec for name, caller in vars(manager.hook).items() if caller.spec}
    for name, spec in specs.items():
        if any(warning is own for own in (spec.warn_on_impl, *(spec.warn_on_impl_args or {}).values())):
            return name
    return None
