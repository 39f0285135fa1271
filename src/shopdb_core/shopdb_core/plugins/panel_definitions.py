"""`make_panels` calls `get_asset_panels` of a plugin and checks what it returns.

Templates are not read here: commands that show no page need no Jinja.
"""

import inspect
from collections.abc import Sequence
from pathlib import Path

from shopdb_core.plugins.collector import PluginHooks
from shopdb_core.plugins.reports.definitions import NAME_RULE, is_name
from shopdb_hookspecs import Panel

HOOK = "get_asset_panels"


def make_panels(hooks: PluginHooks) -> Sequence[Panel]:
    """Return the panels of a plugin, in its order; raises `PluginFailure` for a faulty one."""
    returned = hooks.call(HOOK) or ()
    if isinstance(returned, str) or not isinstance(returned, Sequence):
        raise hooks.failure(HOOK, "did not return a list of panels: return a list, even for one panel")
    panels: dict[str, Panel] = {}
    for panel in returned:
        if fault := _fault(panel) or _clash(panel, panels):
            raise hooks.failure(HOOK, f"returned {fault}")
        panels[panel.name] = panel
    return tuple(panels.values())


def _fault(panel: object) -> str:
    """Return what is wrong with one panel, empty if it is valid."""
    if not isinstance(panel, Panel):
        return "a list with an item that is not a Panel: create each with shopdb_hookspecs.Panel"
    if not is_name(panel.name):
        return f"a panel with the invalid name {str(panel.name)[:80]!r}: {NAME_RULE}"
    if not isinstance(panel.title, str) or not panel.title.strip():
        return f"the panel {panel.name}, whose title is empty: the title is its heading on the page"
    if not isinstance(panel.template, Path) or not panel.template.is_file():
        step = "pass Path(__file__).parent / its name, and include the file in the wheel"
        return f"the panel {panel.name}, whose template {str(panel.template)[:80]!r} is not a file: {step}"
    return _call_fault(panel)


def _call_fault(panel: Panel) -> str:
    """Return why `data` cannot be called, empty if it can; a callable without a signature is accepted."""
    if not callable(panel.data):
        return f"the panel {panel.name}, whose data is not a function: pass a function that returns a dict"
    try:
        inspect.signature(panel.data).bind({})
    except TypeError as error:
        return f"the panel {panel.name}, whose data cannot be called as data(attributes): {error}"
    except ValueError:
        return ""
    return ""


def _clash(panel: Panel, others: dict[str, Panel]) -> str:
    if panel.name in others:
        return f"two panels named {panel.name}: give each a name of its own"
    return ""
