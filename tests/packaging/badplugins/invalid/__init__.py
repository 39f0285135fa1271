"""A plugin whose declaration has a type that JSON Schema does not have."""

from shopdb_hookspecs import hookimpl


@hookimpl
def get_collector_schema():
    fields = {"serial": {"type": "string"}, "height": {"type": "int"}}
    return {"identityfield": "serial", "fields": fields}
