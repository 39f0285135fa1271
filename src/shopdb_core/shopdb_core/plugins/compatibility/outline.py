"""What changed for a submission as a whole: its identity, what it must carry and may carry besides."""

from collections.abc import Iterator

from shopdb_core.plugins.compatibility.changes import Change, Step
from shopdb_core.plugins.messages import shown
from shopdb_hookspecs import JsonObject

_KEEP_IDENTITY = "keep it, and collect by the new one under another plugin's name"


def outline_changes(old: JsonObject, new: JsonObject) -> Iterator[Change]:
    """Compare all of two sound declarations but their fields."""
    yield from _identity(old, new)
    yield from _secondary_identity(old, new)
    yield from _required(old, new)
    yield from _additional_fields(old, new)


def _identity(old: JsonObject, new: JsonObject) -> Iterator[Change]:
    was, is_now = old["identityfield"], new["identityfield"]
    if was != is_now:
        sentence = f"is {shown(is_now)} and was {shown(was)}: every device becomes another asset"
        yield Change("/identityfield", sentence, Step.MAJOR, _KEEP_IDENTITY)


def _secondary_identity(old: JsonObject, new: JsonObject) -> Iterator[Change]:
    """Compare the evidence of identity; without it a renamed device is not recognised."""
    was, is_now = old.get("secondaryidentity"), new.get("secondaryidentity")
    if was == is_now:
        return
    if was is None:
        sentence = f"is {shown(is_now)} and is new: submissions may be warned of, or matched by, it"
        yield Change("/secondaryidentity", sentence, Step.MINOR)
    else:
        after = "is gone" if is_now is None else f"is {shown(is_now)}"
        sentence = f"was {shown(was)} and {after}: it tells no renamed device any more"
        yield Change("/secondaryidentity", sentence, Step.MAJOR, "keep it as it was")


def _required(old: JsonObject, new: JsonObject) -> Iterator[Change]:
    for index, name in enumerate(new.get("required", ())):
        if name not in (*old.get("required", ()), old["identityfield"], new["identityfield"]):
            sentence = f"{shown(name)} is required: submissions without it are refused"
            yield Change(f"/required/{index}", sentence, Step.MAJOR, "leave it optional")
    for index, name in enumerate(old.get("required", ())):
        if name in new["fields"] and name not in (*new.get("required", ()), new["identityfield"]):
            sentence = f"{shown(name)} may be left out: readers must do without it"
            yield Change(f"/required/{index}", sentence, Step.MINOR)


def _additional_fields(old: JsonObject, new: JsonObject) -> Iterator[Change]:
    was, is_now = old.get("additionalfields", "warn"), new.get("additionalfields", "warn")
    if (was, is_now) == ("warn", "reject"):
        sentence = "submissions with unknown fields are refused, which were dropped with a warning"
        yield Change("/additionalfields", sentence, Step.MAJOR, "keep warn")
    if (was, is_now) == ("reject", "warn"):
        sentence = "unknown fields are dropped with a warning, which refused the submission"
        yield Change("/additionalfields", sentence, Step.MINOR)
