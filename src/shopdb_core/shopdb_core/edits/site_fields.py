"""The fields that people keep of assets, and the types of relationships, as a site declares them.

The declaration is one JSON Schema file, checked when the site opens. Its `properties` have the vocabulary of
a plugin's fields. `x-relationship-types` maps the name of each type to that of the opposite direction.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from shopdb_core.assets.merge import patched, same
from shopdb_core.declarations.check import (
    compilation_faults,
    declaration_schema,
    json_faults,
    subschema_faults,
)
from shopdb_core.declarations.submission_schema import DIALECT, walk
from shopdb_core.declarations.validation.validator import SubmissionValidator
from shopdb_core.errors import (
    ConfigurationError,
    DeclarationFault,
    Fault,
    InvalidSubmission,
    ShopDBError,
    did_you_mean,
)
from shopdb_core.intake.decoding import read_document
from shopdb_core.intake.http_body import json_body
from shopdb_core.json_text import pointer_token, printable
from shopdb_hookspecs import Json, JsonObject

VARIABLE = "SHOPDB_SITE_FIELDS"
RELATIONSHIP_TYPES = "x-relationship-types"
LARGEST_FILE = 1024 * 1024

_ANNOTATIONS = ("$schema", "title", "description", "$comment")
_NAME: JsonObject = {
    "title": "lower-case words joined by underscores, 40 characters at most",
    "type": "string",
    "pattern": "^[a-z][a-z0-9]*(_[a-z0-9]+)*$",
    "maxLength": 40,
}


@dataclass(frozen=True, slots=True)
class SiteFields:
    """What a site declares: its fields, and its types of relationships, `None` if every name is allowed.

    Threads may share it.
    """

    properties: JsonObject = field(default_factory=dict)
    definitions: JsonObject = field(default_factory=dict)
    opposites: Mapping[str, str] | None = None

    def changed(self, stored: JsonObject, patch: JsonObject) -> tuple[JsonObject, list[Fault]]:
        """Return the stored fields after a merge patch, and the faults of those that change.

        A field that the site no longer declares stays readable, and can be removed.
        """
        values = {name: patched(stored.get(name), value) for name, value in patch.items()}
        given = {name: value for name, value in values.items() if not same(value, stored.get(name))}
        merged = {name: value for name, value in {**stored, **given}.items() if value is not None}
        return merged, list(self._faults(given, patch, stored))

    def _faults(self, given: JsonObject, patch: JsonObject, stored: JsonObject) -> Iterator[Fault]:
        for name in sorted(patch.keys() - self.properties.keys()):
            if name not in stored or given.get(name) is not None:
                yield Fault(_place(name), "additionalProperties", self._unknown(name))
        declared = {
            name: value for name, value in given.items() if name in self.properties and value is not None
        }
        for fault in SubmissionValidator(self.schema).faults(declared):
            yield replace(fault, pointer=f"/sitefields{fault.pointer}")

    def _unknown(self, name: str) -> str:
        if not self.properties:
            return f"is not a declared field: this site has no fields of its own, which {VARIABLE} declares"
        return f"is not a field that this site declares{did_you_mean(name, self.properties)}"

    @property
    def schema(self) -> JsonObject:
        """The JSON Schema of the declared fields."""
        return {
            "$schema": DIALECT,
            "type": "object",
            "properties": self.properties,
            "$defs": self.definitions,
        }

    def check_relationship(self, relationshiptype: str) -> None:
        """Raise `InvalidSubmission` for a type of relationship that may not be created."""
        if self.opposites is None or relationshiptype in self.opposites:
            return
        ones = [one for one, opposite in self.opposites.items() if opposite == relationshiptype]
        hint = (
            did_you_mean(relationshiptype, self.opposites)
            or f" It declares {', '.join(self.opposites) or 'none'}."
        )
        if ones:
            hint = f" It is the opposite of {ones[0]}: create that one from the other asset."
        message = f"is not a type of relationships that this site declares.{hint}"
        fault = Fault("/relationshiptype", "enum", message)
        raise InvalidSubmission(f"relationshiptype: {relationshiptype} {message}", [fault])

    def named(self, relationship: JsonObject, assetid: int) -> JsonObject:
        """Return a relationship with its name as seen from one of its two assets.

        From the target it is the declared opposite, `None` if the site declares none.
        """
        name = relationship["relationshiptype"]
        if relationship["sourceassetid"] != assetid:
            name = (self.opposites or {}).get(name)
        return {**relationship, "name": name}


NO_SITE_FIELDS = SiteFields()


def read_site_fields(path: str | None) -> SiteFields:
    """Read and check the file that `SHOPDB_SITE_FIELDS` names; without one, a site has no such fields.

    Raises `ConfigurationError` that names the file, the place in it and the reason.
    """
    if path is None:
        return NO_SITE_FIELDS
    try:
        content = Path(path).read_bytes()
    except OSError as error:
        raise ConfigurationError(f"{VARIABLE} names a file that cannot be read: {path}") from error
    try:
        declared = read_document(json_body(content, LARGEST_FILE)).content
    except ShopDBError as error:
        raise ConfigurationError(f"{VARIABLE}: {path} is not a JSON object: {error}") from error
    for fault in _declaration_faults(declared):
        raise ConfigurationError(f"{VARIABLE}: {path} at {fault.place or '/'}: {fault.reason}")
    opposites = declared.get(RELATIONSHIP_TYPES)
    return SiteFields(declared["properties"], declared.get("$defs", {}), opposites)


def _declaration_faults(declared: JsonObject) -> Iterator[DeclarationFault]:
    """Yield the faults of the first stage that finds any."""
    stages: tuple[Callable[[JsonObject], Iterable[DeclarationFault]], ...] = (
        json_faults,
        _meta_faults,
        _relationship_faults,
        lambda content: subschema_faults(_subschemas(content)),
        lambda content: compilation_faults(
            SiteFields(content["properties"], content.get("$defs", {})).schema
        ),
    )
    yield from next(filter(None, (list(stage(declared)) for stage in stages)), ())


def _meta_faults(declared: JsonObject) -> Iterator[DeclarationFault]:
    if "required" in declared:
        reason = "is not allowed: collectors create assets, which cannot give a field of people"
        yield DeclarationFault("/required", reason)
    for fault in SubmissionValidator(_file_schema()).faults(declared, limit=None):
        yield DeclarationFault(fault.pointer, fault.message)


def _file_schema() -> JsonObject:
    """Return the meta-schema of the file, which has the vocabulary of a plugin's declaration."""
    of_plugins = declaration_schema()
    return {
        "$schema": DIALECT,
        "type": "object",
        "required": ["properties"],
        "properties": {
            **{name: {"type": "string"} for name in _ANNOTATIONS},
            "type": {"const": "object"},
            "additionalProperties": {"const": False},
            "properties": {
                "type": "object",
                "propertyNames": of_plugins["properties"]["fields"]["propertyNames"],
                "additionalProperties": {"type": "object", "$ref": "#/$defs/subschema"},
            },
            "$defs": of_plugins["properties"]["$defs"],
            RELATIONSHIP_TYPES: {"type": "object", "propertyNames": _NAME, "additionalProperties": _NAME},
        },
        "additionalProperties": False,
        "$defs": of_plugins["$defs"],
    }


def _relationship_faults(declared: JsonObject) -> Iterator[DeclarationFault]:
    """Yield the opposites from which nobody could tell in which direction they are meant."""
    opposites: JsonObject = declared.get(RELATIONSHIP_TYPES, {})
    for name, opposite in opposites.items():
        if opposite != name and opposite in opposites:
            place = f"/{RELATIONSHIP_TYPES}{pointer_token(name)}"
            yield DeclarationFault(
                place, f"has the opposite {opposite}, which is declared itself: declare one"
            )


def _subschemas(declared: JsonObject) -> dict[str, Json]:
    return {
        place: schema
        for key in ("$defs", "properties")
        for name, top in declared.get(key, {}).items()
        for place, schema in walk(top, f"/{key}{pointer_token(name)}")
    }


def _place(name: str) -> str:
    return f"/sitefields{pointer_token(printable(name))}"
