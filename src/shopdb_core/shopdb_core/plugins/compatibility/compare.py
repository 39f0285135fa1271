"""Two declarations of one plugin, compared."""

from shopdb_core.canonical import canonical
from shopdb_core.plugins.compatibility.annotations import annotation_changes
from shopdb_core.plugins.compatibility.changes import Change, Step
from shopdb_core.plugins.compatibility.fields import field_changes
from shopdb_core.plugins.compatibility.outline import outline_changes
from shopdb_hookspecs import JsonObject


def compare_declarations(old: JsonObject, new: JsonObject) -> list[Change]:
    """Return what changed from one sound declaration to the next, what breaks clients first.

    Every submission of declared fields that the old one takes is taken by the new one, and no field of it is
    lost, where no change is a major one. The other way round it errs: what cannot be put in order, such as
    another pattern, counts as breaking.
    """
    if canonical(old) == canonical(new):
        return []
    found = {*outline_changes(old, new), *field_changes(old, new), *annotation_changes(old, new)}
    if not found:
        return [Change("", "is written in another way; submissions are taken as before", Step.PATCH)]
    return sorted(found, key=lambda change: (-change.step, change.place, change.sentence))
