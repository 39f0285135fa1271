"""`shopdb plugin check --against`: a plugin's declaration beside that of another release."""

from shopdb_core.conformance.installing import InstalledPlugin, installed_plugin
from shopdb_core.plugins.comparing import Comparison, Declared, compare_releases


def compared(plugin: InstalledPlugin, older: str) -> Comparison:
    """Compare a plugin with an older release of it, a path, a wheel or an installed one.

    Each is asked in a process of its own. Raises `ConfigurationError` where one of them declares nothing, or
    the two are different plugins.
    """
    with installed_plugin(older) as before:
        return compare_releases(_declared(before), _declared(plugin))


def _declared(plugin: InstalledPlugin) -> Declared:
    return Declared(**plugin.ask("shopdb_core.plugins.comparing"))
