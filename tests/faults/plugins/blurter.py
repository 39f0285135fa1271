"""A plugin whose every failure says out loud what it was given."""

from sqlalchemy import Connection, text

from shopdb_hookspecs import AssetChange, JsonObject, hookimpl


@hookimpl
def get_collector_schema() -> JsonObject:
    """Declare a name, a secret, and in which hook to fail."""
    text = {"type": "string"}
    return {"identityfield": "name", "fields": {"name": text, "password": text, "failin": text}}


@hookimpl
def normalize_submission(submission: JsonObject) -> JsonObject:
    """Fail if the submission says so."""
    if submission.get("failin") == "normalize":
        raise ValueError(f"cannot normalize {submission}")
    return submission


@hookimpl
def store_asset(connection: Connection, after: JsonObject) -> None:
    """Fail if the submission says so, in Python or in the database."""
    if after.get("failin") == "store":
        raise RuntimeError(f"cannot store {after}")
    if after.get("failin") == "statement":
        connection.execute(text("INSERT INTO nowhere VALUES (:secret)"), {"secret": after["password"]})


@hookimpl
def asset_changed(change: AssetChange) -> None:
    """Fail if the submission says so."""
    if "failin" in change.diff:
        raise RuntimeError(f"cannot report {change}")
