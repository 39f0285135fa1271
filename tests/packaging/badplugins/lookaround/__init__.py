"""A plugin whose declaration has a pattern that cannot be matched in linear time."""

from shopdb_hookspecs import hookimpl


@hookimpl
def get_collector_schema():
    fields = {"serial": {"type": "string"}, "tags": {"type": "string", "pattern": "^(?!none)[a-z]+$"}}
    return {"identityfield": "serial", "fields": fields}
