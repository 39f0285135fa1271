"""A plugin that claims the name of another distribution's."""

from shopdb_hookspecs import hookimpl


@hookimpl
def get_collector_schema():
    return {"identityfield": "serial", "fields": {"serial": {"type": "string"}}}
