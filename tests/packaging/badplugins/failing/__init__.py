"""A plugin with a migration that fails half-way."""

from pathlib import Path

from shopdb_hookspecs import hookimpl


@hookimpl
def get_collector_schema():
    return {"identityfield": "serial", "fields": {"serial": {"type": "string"}}}


@hookimpl
def get_migrations():
    return Path(__file__).parent / "migrations"
