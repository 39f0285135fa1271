"""A plugin with a hook that raises at each submission."""

from shopdb_hookspecs import hookimpl


@hookimpl
def get_collector_schema():
    return {"identityfield": "serial", "fields": {"serial": {"type": "string"}}}


@hookimpl
def normalize_submission(submission):
    return {**submission, "serial": submission["number"]}
