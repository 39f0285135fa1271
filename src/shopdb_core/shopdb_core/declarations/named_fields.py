"""What a declaration says about its fields by their names: identities, required fields, columns, units.

`field_faults` checks what the meta-schema cannot express; `evidence_paths` reads `secondaryidentity`.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from shopdb_core.declarations.references import referenced
from shopdb_core.declarations.submission_schema import subschemas
from shopdb_core.declarations.validation.messages import describe, did_you_mean
from shopdb_core.errors import DeclarationFault
from shopdb_core.json_text import pointer_token
from shopdb_hookspecs import Json, JsonObject

_NUMBERS = frozenset({"integer", "number", "null"})


@dataclass(frozen=True, slots=True)
class EvidencePath:
    """Where a submission has secondary identities: in a field, or in a member of each object in its list.

    The last name is the kind of its values: a `macaddress` and a `networkinterfaces/macaddress` may be equal.
    """

    field: str
    member: str | None = None

    @property
    def kind(self) -> str:
        """The kind of evidence, under which values are stored and compared."""
        return self.member or self.field

    def __str__(self) -> str:
        return f"{self.field}/{self.member}" if self.member else self.field


def evidence_paths(declaration: JsonObject) -> tuple[EvidencePath, ...]:
    """Return where the secondary identities of a checked declaration are, strongest kind first."""
    declared = declaration.get("secondaryidentity", [])
    paths = [declared] if isinstance(declared, str) else declared
    return tuple(EvidencePath(*path.split("/")) for path in paths)


def field_faults(declaration: JsonObject) -> Iterator[DeclarationFault]:
    """Yield what does not fit the fields that it names."""
    yield from _identity_faults("identityfield", "/identityfield", declaration["identityfield"], declaration)
    yield from _secondary_faults(declaration)
    for key in ("required", "x-columns"):
        for index, field in enumerate(declaration.get(key, ())):
            yield from _unknown(f"/{key}/{index}", field, declaration)
    for place, schema in subschemas(declaration).items():
        if isinstance(schema, dict) and "x-unit" in schema and not _is_number(schema):
            reason = 'is set on what may not be a number: remove x-unit, or set "type": "number"'
            yield DeclarationFault(f"{place}/x-unit", reason)


def _secondary_faults(declaration: JsonObject) -> Iterator[DeclarationFault]:
    listed = isinstance(declaration.get("secondaryidentity"), list)
    for index, path in enumerate(evidence_paths(declaration)):
        place = f"/secondaryidentity/{index}" if listed else "/secondaryidentity"
        if path.member is None:
            yield from _identity_faults("secondaryidentity", place, path.field, declaration)
            if path.field == declaration["identityfield"]:
                yield DeclarationFault(place, "is the same field as identityfield: name another field")
        else:
            yield from _member_faults(place, path.field, path.member, declaration)


def _identity_faults(key: str, place: str, field: str, declaration: JsonObject) -> Iterator[DeclarationFault]:
    unknown = list(_unknown(place, field, declaration))
    yield from unknown
    if unknown:
        return
    rules, place = declaration["fields"][field], "/fields" + pointer_token(field)
    if rules.get("type") != "string":
        yield DeclarationFault(place, f'is the {key}: set "type": "string"')
    yield from _volatile(key, place, rules)


def _member_faults(
    place: str, field: str, member: str, declaration: JsonObject
) -> Iterator[DeclarationFault]:
    """Check that a field is a list of objects with a member of type string."""
    unknown = list(_unknown(place, field, declaration))
    yield from unknown
    if unknown:
        return
    rules = declaration["fields"][field]
    yield from _volatile("secondaryidentity", "/fields" + pointer_token(field), rules)
    whole = _resolved(rules, declaration)
    item = _resolved(whole.get("items", {}), declaration)
    members = item.get("properties", {})
    if whole.get("type") != "array" or not members:
        reason = f'names a member of {describe(field)}, which is not a list of objects: set "type": "array" '
        yield DeclarationFault(place, reason + 'and "items" with "properties", or name the field alone')
    elif member not in members:
        reason = f"names {describe(member)}, which is not a member of the items of {describe(field)}"
        yield DeclarationFault(place, reason + did_you_mean(member, members))
    elif _resolved(members[member], declaration).get("type") not in ("string", ["string", "null"]):
        reason = (
            f'names {describe(member)} of {describe(field)}, which may not be a string: set "type": "string"'
        )
        yield DeclarationFault(place, reason)


def _volatile(key: str, place: str, rules: JsonObject) -> Iterator[DeclarationFault]:
    if rules.get("x-volatile"):
        yield DeclarationFault(
            place + "/x-volatile", f"is set on the {key}, which must not change: remove x-volatile"
        )


def _resolved(rules: Json, declaration: JsonObject) -> JsonObject:
    """Return a subschema that is not a reference; an empty one if a reference leads nowhere.

    Dangling and endless references have faults of their own.
    """
    for _ in declaration.get("$defs", {}):
        if not isinstance(rules, dict) or "$ref" not in rules:
            break
        try:
            rules = referenced(rules["$ref"], declaration)
        except (KeyError, IndexError, ValueError, TypeError):
            return {}
    return rules if isinstance(rules, dict) else {}


def _is_number(rules: JsonObject) -> bool:
    """Return whether `type` allows numbers and at most null beside them."""
    named = rules.get("type", "any")
    types = {named} if isinstance(named, str) else set(named)
    return types <= _NUMBERS and types != {"null"}


def _unknown(place: str, field: str, declaration: JsonObject) -> Iterator[DeclarationFault]:
    fields = declaration["fields"]
    if field not in fields:
        reason = f"names {describe(field)}, which is not in fields{did_you_mean(field, fields)}"
        yield DeclarationFault(place, reason)
