"""What changed in the fields: which came and went, and which values those that stayed take."""

from collections.abc import Iterator

from shopdb_core.plugins.compatibility.changes import Change, Step
from shopdb_core.plugins.compatibility.facts import facts
from shopdb_core.plugins.compatibility.gap import Gap
from shopdb_core.plugins.compatibility.gaps import Comparing
from shopdb_core.plugins.compatibility.kinds import ALL_KINDS
from shopdb_core.plugins.compatibility.parts import Document, Part, document_of
from shopdb_core.plugins.compatibility.reading import reading_loss
from shopdb_core.plugins.compatibility.wording import narrowed, widened
from shopdb_core.plugins.pointers import step
from shopdb_core.plugins.schema import identity_rules
from shopdb_hookspecs import JsonObject

_GIVEN = ALL_KINDS - {"null"}
"""`null` clears an optional field, whatever its schema says, and is no value of it."""


_KEEP_FIELD = 'keep the field, and mark it "deprecated": true until the next major version'
_KEEP_RULE = "keep the rule as it was, or add a field with the new one"


def field_changes(old: JsonObject, new: JsonObject) -> Iterator[Change]:
    """Compare the fields of two sound declarations."""
    documents = document_of(old), document_of(new)
    for name in sorted(old["fields"].keys() | new["fields"].keys()):
        place = "/fields" + step(name)
        if name not in new["fields"]:
            yield Change(place, _removed(new), Step.MAJOR, _KEEP_FIELD)
        elif name not in old["fields"]:
            yield Change(place, "is new: readers meet a field that they do not know", Step.MINOR)
        else:
            bounded = name == old["identityfield"] == new["identityfield"]
            yield from _value_changes(*(_part(each, name, bounded=bounded) for each in documents))
            yield from _volatility(place, old["fields"][name], new["fields"][name])


def _removed(new: JsonObject) -> str:
    if new.get("additionalfields") == "reject":
        return "is gone: submissions that carry it are refused"
    return "is gone: what is submitted in it is dropped with a warning, and lost"


def _part(document: Document, name: str, *, bounded: bool) -> Part:
    """Return a field's schema, with the bounds that an identity has beyond its own."""
    rules = document.declaration["fields"][name]
    return Part(identity_rules(rules) if bounded else rules, "/fields" + step(name), document)


def _value_changes(old: Part, new: Part) -> Iterator[Change]:
    asked = Comparing().gaps(facts(old).only(_GIVEN), new)
    let_go = Comparing().gaps(facts(new).only(_GIVEN), old)
    yield from (Change(gap.place, narrowed(gap), Step.MAJOR, _KEEP_RULE) for gap in asked)
    narrower = {gap.place for gap in asked}
    yield from (_let_go(gap) for gap in let_go if gap.place not in narrower)


def _let_go(gap: Gap) -> Change:
    if loss := reading_loss(gap):
        return Change(gap.place, loss, Step.MAJOR, _KEEP_RULE)
    return Change(gap.place, widened(gap), Step.MINOR)


def _volatility(place: str, old: JsonObject, new: JsonObject) -> Iterator[Change]:
    was, is_now = old.get("x-volatile", False), new.get("x-volatile", False)
    if is_now and not was:
        sentence = (
            "is volatile from now on: audit entries that change nothing else count as volatileonly, and are "
            "kept for the days of noops"
        )
        yield Change(f"{place}/x-volatile", sentence, Step.MINOR)
    if was and not is_now:
        sentence = "is volatile no longer: each new value is a change that the audit keeps"
        yield Change(f"{place}/x-volatile", sentence, Step.MINOR)
