"""A plugin whose declaration refers to another document."""

from shopdb_hookspecs import hookimpl


@hookimpl
def get_collector_schema():
    fields = {"serial": {"type": "string"}, "height": {"$ref": "https://example.org/height.json"}}
    return {"identityfield": "serial", "fields": fields}
