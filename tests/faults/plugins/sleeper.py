"""A plugin that takes three seconds to store an asset, and leaves a file when it begins."""

import time
from pathlib import Path

from shopdb_hookspecs import JsonObject, hookimpl


@hookimpl
def get_collector_schema() -> JsonObject:
    """Declare a name."""
    return {"identityfield": "name", "fields": {"name": {"type": "string"}}}


@hookimpl
def store_asset() -> None:
    """Sleep."""
    Path("asleep").touch()
    time.sleep(3)
