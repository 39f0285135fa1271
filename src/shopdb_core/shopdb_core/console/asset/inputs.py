"""The fields of an asset as inputs of a form: the text of each value, and the value of what was typed.

A form also posts digests of the texts that it showed (`SHOWN`), so that only what a person touched is
changed, and what another person changed meanwhile is known. `v.<object>.<field>` names an input.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Literal

import orjson

from shopdb_core.console.asset.values import resolved, title_of
from shopdb_core.errors import Fault, InvalidParameter
from shopdb_core.json_text import canonical_text, pointer_keys
from shopdb_hookspecs import Json, JsonObject

Whole = Literal["sitefields", "attributes"]

VERSION, SHOWN = "version", "shown"
LONGEST_VERSION = 9
PREFIX = "v."

MOST_INPUTS, MOST_TEXT = 80, 15_000
"""How many inputs a form has, and characters in all of them: with their encoding they fit a form."""
LONGEST_EDITED = 3_000
"""A value with more characters is not edited in a form."""
LONGEST_LINE, LONGEST_NAME = 120, 500
"""A longer text has several lines; so has one that may be longer than any name."""

NOT_OURS = "The form is not one of this page: open the page again, then send it."

_TRUTHS = {"true": True, "false": False}


@dataclass(frozen=True, slots=True)
class Input:
    """One input: how it is drawn, its text, and after a refusal what is wrong with it or stored now.

    `options` are the texts to choose from. `now` is the text that is stored now, if another person changed it
    while this one was typed.
    """

    name: str
    title: str
    hint: str
    unit: str
    control: Literal["line", "area", "number", "day", "choice", "truth"]
    text: str
    options: Sequence[str] = ()
    problem: str = ""
    now: str | None = None


@dataclass(frozen=True, slots=True)
class Typed:
    """A posted form: the version that it was made of, digests of what it showed, and its texts."""

    version: int
    shown: Mapping[str, str]
    texts: Mapping[str, str]

    @classmethod
    def read(cls, form: Mapping[str, str]) -> "Typed":
        """Read a form that the page of an asset sent; raises `InvalidParameter` for another."""
        try:
            before = orjson.loads(form.get(SHOWN, ""))
        except orjson.JSONDecodeError:
            before = None
        if not isinstance(before, dict):
            raise InvalidParameter(NOT_OURS)
        digests = {name: str(digest) for name, digest in before.items()}
        return cls(read_version(form), digests, _texts(form))

    @property
    def touched(self) -> Mapping[str, str]:
        """What was typed, by the names of the inputs."""
        return {name: text for name, text in self.texts.items() if self.differs(name, text)}

    def differs(self, name: str, text: str) -> bool:
        """Return whether a text is not the one that the form showed."""
        return _digest(text) != self.shown.get(name)

    def changes(self, schemas: Mapping[str, JsonObject], stored: JsonObject) -> dict[str, JsonObject]:
        """Return the document of the change: for attributes and site fields, the values that were typed.

        `schemas` are those of the inputs, and `stored` is the asset.
        """
        found: dict[str, dict[str, Json]] = {}
        for name, text in self.touched.items():
            whole, _, member = name.removeprefix(PREFIX).partition(".")
            if whole in ("sitefields", "attributes"):
                before = stored[whole].get(member)
                found.setdefault(whole, {})[member] = value_of(text, schemas.get(name, {}), before)
        return dict(found)


def read_version(form: Mapping[str, str]) -> int:
    """Return the version of the asset that a form was made of; raises `InvalidParameter`."""
    text = form.get(VERSION, "")
    if not (text.isascii() and text.isdigit() and len(text) <= LONGEST_VERSION):
        raise InvalidParameter(NOT_OURS)
    return int(text)


def _texts(form: Mapping[str, str]) -> dict[str, str]:
    return {name: _lines(text) for name, text in form.items() if name.startswith(PREFIX)}


def shown_by(inputs: Iterable[Input]) -> str:
    """Return what a form posts as `SHOWN`."""
    return orjson.dumps({each.name: _digest(each.text) for each in inputs}).decode()


def _digest(text: str) -> str:
    return blake2b(_lines(text).encode(errors="replace"), digest_size=6).hexdigest()


def _lines(text: str) -> str:
    """Return a text as it was before a browser posted it: browsers end lines with CR LF."""
    return text.replace("\r\n", "\n").replace("\r", "\n")


def text_of(value: Json) -> str:
    """Return the text of a value in an input: a text as it is, a list or an object as JSON."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, list | dict) and value:
        return orjson.dumps(value, option=orjson.OPT_INDENT_2).decode()
    return canonical_text(value)


def value_of(text: str, rules: JsonObject, before: Json = None) -> Json:
    """Return the value of what was typed; `None` for nothing. What fits no type stays a text, to be refused.

    Without types and values in the schema, the type of the value `before` counts.
    """
    stripped = text.strip()
    if not stripped:
        return None
    choices = {text_of(each): each for each in rules.get("enum", ())}
    if stripped in choices:
        return choices[stripped]
    types = _types(rules) or ({"string"} if before is None or isinstance(before, str) else set())
    if types == {"boolean"}:
        return _TRUTHS.get(stripped, stripped)
    if "string" in types and not (types & {"object", "array"} and stripped[0] in "[{"):
        return stripped
    try:
        return orjson.loads(stripped)
    except orjson.JSONDecodeError:
        return stripped


def inputs_of(whole: Whole, stored: JsonObject, schemas: JsonObject, document: JsonObject) -> Iterator[Input]:
    """Yield an input for each declared field, and for each that is stored and no longer declared.

    Lists of objects and long values are left out, and what is more than a form takes.
    """
    size = 0
    for name in [*schemas, *(each for each in stored if each not in schemas)][:MOST_INPUTS]:
        rules = resolved(schemas.get(name), document)
        text = text_of(stored.get(name))
        if len(text) <= LONGEST_EDITED and not _is_table(rules, stored.get(name)):
            size += len(text)
            if size > MOST_TEXT:
                return
            yield _input(f"{PREFIX}{whole}.{name}", title_of(name, rules), text, rules)


def schemas_of(whole: Whole, schemas: JsonObject, document: JsonObject) -> dict[str, JsonObject]:
    """Return the schema of each input by its name."""
    return {f"{PREFIX}{whole}.{name}": resolved(rules, document) for name, rules in schemas.items()}


def problems_of(faults: Sequence[Fault]) -> dict[str, str]:
    """Return what is wrong, by the names of the inputs; what belongs to none is under the empty name."""
    found: dict[str, str] = {}
    for fault in faults:
        keys = pointer_keys(fault.pointer)
        found.setdefault(f"{PREFIX}{keys[0]}.{keys[1]}" if len(keys) > 1 else "", fault.message)
    return found


def _input(name: str, title: str, text: str, rules: JsonObject) -> Input:
    types = _types(rules)
    control: Literal["line", "area", "number", "day", "choice", "truth"] = "line"
    options = [text_of(each) for each in rules.get("enum", ()) if each is not None]
    if options and (not text or text in options):
        control = "choice"
    elif types == {"boolean"} and text in ("", *_TRUTHS):
        control, options = "truth", [*_TRUTHS]
    elif types & {"object", "array"} or "\n" in text or len(text) > LONGEST_LINE or _is_prose(rules):
        control = "area"
    elif types and types <= {"integer", "number"}:
        control = "number"
    elif rules.get("format") == "date" and (not text or len(text) == len("2026-01-01")):
        control = "day"
    return Input(name, title, rules.get("description", ""), rules.get("x-unit", ""), control, text, options)


def _is_prose(rules: JsonObject) -> bool:
    """Return whether a text is longer than one line may be, such as a note."""
    longest = rules.get("maxLength", 0)
    return isinstance(longest, int) and longest > LONGEST_NAME


def _types(rules: JsonObject) -> set[str]:
    """Return the types of a schema, also those of its alternatives, without `null`."""
    types = rules.get("type", ())
    found = {types} if isinstance(types, str) else {*types}
    if not found:
        found = {each.get("type") for each in rules.get("anyOf", ()) if isinstance(each.get("type"), str)}
    return found - {"null"}


def _is_table(rules: JsonObject, value: Json) -> bool:
    items = rules.get("items")
    has_objects = isinstance(items, Mapping) and "properties" in items
    return has_objects or (isinstance(value, list) and any(isinstance(each, Mapping) for each in value))
