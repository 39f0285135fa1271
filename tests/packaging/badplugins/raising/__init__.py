"""A plugin with a hook that raises at start."""

from shopdb_hookspecs import hookimpl


@hookimpl
def get_collector_schema():
    raise LookupError("fields.toml is missing")
