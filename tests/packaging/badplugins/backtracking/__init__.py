"""A plugin whose declaration has a pattern that takes for ever on some strings."""

from shopdb_hookspecs import hookimpl


@hookimpl
def get_collector_schema():
    fields = {"serial": {"type": "string"}, "tags": {"type": "string", "pattern": "^([a-z]+)+$"}}
    return {"identityfield": "serial", "fields": fields}
