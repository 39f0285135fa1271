"""docs/plugin-hooks.md taken apart: the parts of each hook's section, and the plugin of its examples."""

import inspect
import re
from pathlib import Path
from types import ModuleType

from documents import fenced, sections

from shopdb_hookspecs import PROJECT, specs

HOOKS = [name for name, function in vars(specs).items() if hasattr(function, f"{PROJECT}_spec")]
"""The names of the hooks, in the order of their specifications."""


def headings(text: str) -> list[str]:
    """Return the headings of the hooks, in the order of the page."""
    return list(_hook_sections(text))


def parts_of(text: str) -> dict[str, dict[str, str]]:
    """Return the parts of each section, by the hook and by the word that each begins with."""
    return {heading.partition("(")[0]: _parts(section) for heading, section in _hook_sections(text).items()}


def plugin_source(text: str, last: str, without: str = "") -> str:
    """Return the plugin that the examples up to the one of the hook `last` make, without one hook."""
    parts = parts_of(text)
    hooks = [hook for hook in HOOKS[: HOOKS.index(last) + 1] if hook != without]
    return "\n\n".join(fenced(parts[hook]["Example"], "python plugin")[0] for hook in hooks)


def make_module(text: str, source: str, folder: Path) -> ModuleType:
    """Make a module of a source, beside the files that the page shows."""
    for title, content in re.findall(r'(?ms)^```\w+ title="(.+?)"\n(.*?)^```$', text):
        (folder / title).parent.mkdir(parents=True, exist_ok=True)
        (folder / title).write_text(content)
    module = ModuleType("switches")
    module.__file__ = str(folder / "switches.py")
    exec(compile(source, "switches.py", "exec"), module.__dict__)
    return module


def arguments(hook: str) -> list[str]:
    """Return the names of a hook's arguments."""
    return list(inspect.signature(getattr(specs, hook)).parameters)


def signature(hook: str) -> str:
    """Return a hook with its arguments, as people write it."""
    return f"{hook}({', '.join(arguments(hook))})"


def _hook_sections(text: str) -> dict[str, str]:
    return sections(sections(text, 2)["Each hook"], 3)


def _parts(section: str) -> dict[str, str]:
    parts = re.split(r"(?m)^\*\*(\w+)\.\*\*", section)[1:]
    return dict(zip(parts[::2], parts[1::2], strict=True))
