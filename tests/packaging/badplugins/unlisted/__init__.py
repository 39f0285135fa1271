"""A plugin that leaves a file where it is imported."""

from pathlib import Path

from shopdb_hookspecs import hookimpl

Path("unlisted-was-imported").touch()


@hookimpl
def get_collector_schema():
    return {"identityfield": "serial", "fields": {"serial": {"type": "string"}}}
