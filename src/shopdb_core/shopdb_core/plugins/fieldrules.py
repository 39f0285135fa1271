"""What holds between the parts of a declaration and its fields, which no schema of it could say."""

from collections.abc import Iterator

from shopdb_core.plugins.declarationfault import DeclarationFault
from shopdb_core.plugins.messages import did_you_mean, shown
from shopdb_core.plugins.pointers import step
from shopdb_hookspecs import JsonObject


def field_faults(declaration: JsonObject) -> Iterator[DeclarationFault]:
    """Find faults of `identityfield`, `secondaryidentity`, `required` and `x-volatile`."""
    yield from _identity_faults(declaration, "identityfield")
    if "secondaryidentity" in declaration:
        yield from _identity_faults(declaration, "secondaryidentity")
        if declaration["secondaryidentity"] == declaration["identityfield"]:
            yield DeclarationFault("/secondaryidentity", "is the identity field itself: name another field")
    for index, field in enumerate(declaration.get("required", ())):
        yield from _unknown(f"/required/{index}", field, declaration)


def _identity_faults(declaration: JsonObject, key: str) -> Iterator[DeclarationFault]:
    field = declaration[key]
    unknown = list(_unknown(f"/{key}", field, declaration))
    yield from unknown
    if unknown:
        return
    rules, place = declaration["fields"][field], "/fields" + step(field)
    if rules.get("type") != "string":
        yield DeclarationFault(place, f'is the {key}: give it "type": "string"')
    if rules.get("x-volatile"):
        yield DeclarationFault(place + "/x-volatile", f"marks the {key}, which must not change: remove it")


def _unknown(place: str, field: str, declaration: JsonObject) -> Iterator[DeclarationFault]:
    fields = declaration["fields"]
    if field not in fields:
        reason = f"names {shown(field)}, which is not in fields{did_you_mean(field, fields)}"
        yield DeclarationFault(place, reason)
