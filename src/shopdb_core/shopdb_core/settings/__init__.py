"""The settings of a site: the public names."""

from shopdb_core.settings.environment import (
    check_dotenv,
    read_client_settings,
    read_intake_settings,
    read_plugin_selection,
    read_settings,
    with_dotenv,
)
from shopdb_core.settings.parts import IntakeSettings, OidcSettings, PluginSelection
from shopdb_core.settings.records import (
    DEFAULT_ADOPT_AFTER_HOURS,
    DEFAULT_DATABASE_URL,
    DEFAULT_ONMATCH,
    Settings,
)
from shopdb_core.settings.secrets import AUDIT_KEY, SHARED_KEY, Finding, named_key
from shopdb_core.settings.values import Network

__all__ = [
    "AUDIT_KEY",
    "DEFAULT_ADOPT_AFTER_HOURS",
    "DEFAULT_DATABASE_URL",
    "DEFAULT_ONMATCH",
    "SHARED_KEY",
    "Finding",
    "IntakeSettings",
    "Network",
    "OidcSettings",
    "PluginSelection",
    "Settings",
    "check_dotenv",
    "named_key",
    "read_client_settings",
    "read_intake_settings",
    "read_plugin_selection",
    "read_settings",
    "with_dotenv",
]
