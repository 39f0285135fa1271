"""A plugin with two migrations that claim one revision."""

from pathlib import Path

from shopdb_hookspecs import hookimpl


@hookimpl
def get_collector_schema():
    return {"identityfield": "serial", "fields": {"serial": {"type": "string"}}}


@hookimpl
def get_migrations():
    return Path(__file__).parent / "migrations"
