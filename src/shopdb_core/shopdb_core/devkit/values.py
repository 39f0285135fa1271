"""Strings that a schema asks for: by format, by pattern, by length.

A schema taken apart: each way to satisfy it, as one schema without references and alternatives.

Values that a schema of our closed vocabulary asks for.

hypothesis-jsonschema and the generator of schemathesis read other drafts, or rest on what others keep
private (docs/adr/0020). What this one makes need not fit: whoever asks filters by the one verdict.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, date, datetime
from functools import reduce
from itertools import product
from types import MappingProxyType
from typing import TypeAlias

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from shopdb_core.declarations.patterns import compile_pattern
from shopdb_core.declarations.references import referenced
from shopdb_hookspecs import Json, JsonObject

USUAL_LENGTH = 12
"""How long a string is that needs not be longer: what is longer makes no other path."""

LONGEST_FILLED = 2_000
"""Up to which length a string is also made as long as it may be."""

# Chosen by hand: Hypothesis counts through all of Unicode for two seconds to know what is a letter. Among
# them what folds into two letters, what composes, and what takes four bytes.
_CHARACTERS = "abcxyzABCXYZ0189-_.:/()%'\"\\#äÄßéİıﬁ漢é\u0301🖨"
_IN_PATTERNS = frozenset([*map(chr, range(0x20, 0x7F)), *"äÄß漢"])
_EARLIEST, _LATEST = datetime(1990, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC)
_HOST = r"[a-z][a-z0-9]{0,8}(-[a-z0-9]{1,4})?(\.[a-z]{2,6})?"

_TOKEN = re.compile(
    r"\\(?:[pPux]\{[^}]*\}|[pP]\w|u[0-9A-Fa-f]{4}|x[0-9A-Fa-f]{2}|c[A-Za-z]|.)"  # an escape
    r"|\[\^?(?:\\.|[^\]\\])*\]"  # a character class
    r"|\((?:\?(?:P?<\w+>|:))?"  # the beginning of a group
    r"|.",
    re.DOTALL,
)
_QUANTIFIER = re.compile(r"(?:([*+?])|\{(\d+)(,?)(\d*)\})\??")
_SIGNS: Mapping[str, tuple[int, int | None]] = {"*": (0, None), "+": (1, None), "?": (0, 1)}
_ASSERTIONS = frozenset({"^", "$", r"\b", r"\B", r"\A", r"\z"})


class _PatternReader:
    """Reads a pattern, from left to right, into a strategy of strings that it may match.

    `from_regex` of Hypothesis filters by Python's `re`, which hangs on some patterns. Here the engine of the
    endpoint says which characters a part of the pattern takes; what it cannot compile raises its error.
    """

    def __init__(self, pattern: str) -> None:
        self._pattern = pattern
        self._position = 0
        self._letters = sorted(_IN_PATTERNS.union(pattern))

    def strings(self) -> SearchStrategy[str]:
        """Return strings for the pattern, within others where it has no anchors."""
        around = st.just("") | st.text(self._letters, max_size=USUAL_LENGTH)
        before = st.just("") if self._pattern.startswith("^") else around
        after = st.just("") if self._pattern.endswith("$") else around
        return st.tuples(before, self._choice(), after).map("".join)

    def _choice(self) -> SearchStrategy[str]:
        branches = self._sequence()
        while self._pattern.startswith("|", self._position):
            self._position += 1
            branches |= self._sequence()
        return branches

    def _sequence(self) -> SearchStrategy[str]:
        parts = []
        while (token := _TOKEN.match(self._pattern, self._position)) and token[0] not in ("|", ")"):
            self._position = token.end()
            parts.append(self._repeated(self._part(token[0])))
        return st.tuples(*parts).map("".join)

    def _part(self, token: str) -> SearchStrategy[str]:
        if token.startswith("("):
            group = self._choice()
            self._position += 1
            return group
        if token in _ASSERTIONS:
            return st.just("")
        takes = compile_pattern(f"^{token}$")
        taken = [letter for letter in self._letters if takes(letter)]
        return st.sampled_from(taken) if taken else st.nothing()

    def _repeated(self, part: SearchStrategy[str]) -> SearchStrategy[str]:
        while quantifier := _QUANTIFIER.match(self._pattern, self._position):
            self._position = quantifier.end()
            least, most = _times(quantifier)
            part = st.lists(part, min_size=least, max_size=most).map("".join)
        return part


def _times(quantifier: re.Match[str]) -> tuple[int, int | None]:
    sign, least, comma, most = quantifier.groups()
    if sign:
        return _SIGNS[sign]
    if not comma:
        return int(least), int(least)
    return int(least), int(most) if most else None


def _matching(pattern: str) -> SearchStrategy[str]:
    """Return strings of the usual letters, and of those that the pattern itself names."""
    return st.deferred(lambda: _PatternReader(pattern).strings().filter(compile_pattern(pattern)))


def _date_times() -> SearchStrategy[str]:
    seconds = st.integers(int(_EARLIEST.timestamp()), int(_LATEST.timestamp()))
    return seconds.map(lambda second: f"{datetime.fromtimestamp(second, UTC):%Y-%m-%dT%H:%M:%SZ}")


FORMATS: Mapping[str, SearchStrategy[str]] = MappingProxyType(
    {
        "date": st.dates(_EARLIEST.date(), _LATEST.date()).map(date.isoformat),
        "date-time": _date_times(),
        "email": _matching(rf"^[a-z][a-z0-9]{{0,6}}(\.[a-z]{{1,4}})?@{_HOST}$"),
        "hostname": _matching(f"^{_HOST}$"),
        "ipv4": st.ip_addresses(v=4).map(str),
        "ipv6": st.ip_addresses(v=6).map(str),
        "time": st.times().map(lambda time: time.isoformat(timespec="seconds") + "Z"),
        "uri": _matching(rf"^https?://{_HOST}(:[1-9][0-9]{{1,3}})?(/[a-z0-9]{{1,6}}){{0,2}}$"),
        "uuid": st.uuids().map(str),
    }
)
"""For each format of a declaration a strategy."""


def texts(schema: JsonObject) -> SearchStrategy[str]:
    """Return strings for a schema of strings; not all that come out need fit it."""
    if "format" in schema:
        return FORMATS[schema["format"]]
    if "pattern" in schema:
        return _matching(schema["pattern"])
    least = schema.get("minLength", 0)
    most = max(least, schema.get("maxLength", least + USUAL_LENGTH))
    usual = st.text(_CHARACTERS, min_size=least, max_size=min(most, least + USUAL_LENGTH))
    if most > LONGEST_FILLED or most <= least + USUAL_LENGTH:
        return usual
    return usual | st.sampled_from("aé漢").map(lambda character: character * most)


Merged: TypeAlias = JsonObject

_LARGER = frozenset({"minLength", "minItems", "minProperties", "minimum", "exclusiveMinimum"})
_SMALLER = frozenset({"maxLength", "maxItems", "maxProperties", "maximum", "exclusiveMaximum"})
_COMPOSING = frozenset({"$ref", "allOf", "anyOf", "oneOf", "if", "then", "else", "not"})


def merged(schema: Json, definitions: JsonObject) -> Iterator[Merged]:
    """Yield a schema for each choice among its alternatives; what is no schema of a value yields nothing.

    `not` and `if` are left to whoever filters; both outcomes of an `if` are tried.
    """
    if schema is False:
        return
    rules: JsonObject = schema if isinstance(schema, Mapping) else {}
    plain = {keyword: value for keyword, value in rules.items() if keyword not in _COMPOSING}
    for choice in product(*(_flat(group, definitions) for group in _groups(rules, definitions))):
        both: Json = plain
        for part in choice:
            both = _both(both, part)
        yield both


def _groups(rules: JsonObject, definitions: JsonObject) -> Iterator[list[Json]]:
    """Yield lists of schemas; the value satisfies one of each."""
    if "$ref" in rules:
        yield [referenced(rules["$ref"], {"$defs": definitions})]
    yield from ([part] for part in rules.get("allOf", ()))
    for keyword in ("anyOf", "oneOf"):
        if keyword in rules:
            yield rules[keyword]
    if "if" in rules:
        yield [{"allOf": [rules["if"], rules.get("then", True)]}, rules.get("else", True)]


def _flat(group: list[Json], definitions: JsonObject) -> list[Merged]:
    return [each for schema in group for each in merged(schema, definitions)]


def _both(one: JsonObject, other: JsonObject) -> JsonObject:
    """Return what asks for both, as far as that can be said in one schema."""
    result = {**one, **other}
    for keyword in one.keys() & other.keys():
        mine, theirs = one[keyword], other[keyword]
        if keyword in _LARGER:
            result[keyword] = max(mine, theirs)
        elif keyword in _SMALLER:
            result[keyword] = min(mine, theirs)
        elif keyword == "properties":
            result[keyword] = {
                **mine,
                **{name: _all(mine.get(name), rules) for name, rules in theirs.items()},
            }
        elif keyword == "required":
            result[keyword] = [*dict.fromkeys([*mine, *theirs])]
        elif keyword == "type":
            result[keyword] = [kind for kind in _listed(theirs) if _admits(mine, kind)]
        elif keyword == "enum":
            result[keyword] = [value for value in theirs if value in mine] or theirs
    return result


def _all(mine: Json, theirs: Json) -> Json:
    return theirs if mine is None else {"allOf": [mine, theirs]}


def _admits(kinds: Json, kind: str) -> bool:
    return kind in _listed(kinds) or (kind == "integer" and "number" in _listed(kinds))


def _listed(kinds: Json) -> list[str]:
    return [kinds] if isinstance(kinds, str) else kinds


MOST_ITEMS = 4
LARGEST = 2**53
_NAMES = st.text("abcdefgh", min_size=1, max_size=4)
_SCALARS: SearchStrategy[Json] = (
    st.none() | st.booleans() | st.integers(-100, 100) | st.floats(-1e3, 1e3) | st.text("abc xyz", max_size=6)
)
ANYTHING: SearchStrategy[Json] = st.recursive(
    _SCALARS,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(_NAMES, inner, max_size=2),
    max_leaves=4,
)


class Values:
    """The strategies of one declaration's schemas, which refer to each other by its `$defs`."""

    def __init__(self, definitions: JsonObject) -> None:
        self._definitions = definitions
        # By the identity of the schema, which is kept beside: it ends the recursion of recursive ones.
        self._known: dict[int, tuple[Json, SearchStrategy[Json]]] = {}
        self._makers: Mapping[str, Callable[[JsonObject], SearchStrategy[Json]]] = {
            "null": lambda _: st.none(),
            "boolean": lambda _: st.booleans(),
            "integer": _integers,
            "number": lambda schema: _integers(schema) | _floats(schema),
            "string": texts,
            "array": self._arrays,
            "object": self._objects,
        }

    def of(self, schema: Json) -> SearchStrategy[Json]:
        """Return values for a schema."""
        if id(schema) not in self._known:
            self._known[id(schema)] = schema, st.deferred(lambda: self._new(schema))
        return self._known[id(schema)][1]

    def _new(self, schema: Json) -> SearchStrategy[Json]:
        alternatives = [self._plain(each) for each in merged(schema, self._definitions)]
        return reduce(lambda one, other: one | other, alternatives, st.nothing())

    def _plain(self, schema: Merged) -> SearchStrategy[Json]:
        """Return values for a schema without references and alternatives."""
        if "const" in schema:
            return st.just(schema["const"])
        if "enum" in schema:
            return st.sampled_from(schema["enum"])
        kinds = schema.get("type")
        if kinds is None:
            kinds = list(_kinds_spoken_of(schema))
        if not kinds:
            return ANYTHING
        return reduce(
            lambda one, other: one | other,
            [self._makers[kind](schema) for kind in ([kinds] if isinstance(kinds, str) else kinds)],
        )

    def _arrays(self, schema: JsonObject) -> SearchStrategy[Json]:
        leading, least = schema.get("prefixItems", []), schema.get("minItems", 0)
        most = min(schema.get("maxItems", least + MOST_ITEMS), least + MOST_ITEMS)
        rest = schema.get("items", True)
        if rest is False:
            return st.tuples(*map(self.of, leading)).map(list)
        more = st.lists(
            self.of(rest), min_size=max(0, least - len(leading)), max_size=max(0, most - len(leading))
        )
        return st.tuples(st.tuples(*map(self.of, leading)), more).map(lambda parts: [*parts[0], *parts[1]])

    def _objects(self, schema: JsonObject) -> SearchStrategy[Json]:
        properties, required = schema.get("properties", {}), _required(schema)
        fixed = st.fixed_dictionaries(
            {name: self.of(properties.get(name, True)) for name in required},
            optional={name: self.of(rules) for name, rules in properties.items() if name not in required},
        )
        others = schema.get("additionalProperties", True)
        if others is False or (properties and others is True):
            return fixed
        names = self.of({"type": "string", "maxLength": 8, **_rules(schema.get("propertyNames"))})
        extra = st.dictionaries(names, self.of(others), min_size=schema.get("minProperties", 0), max_size=3)
        return st.tuples(extra, fixed).map(lambda parts: {**parts[0], **parts[1]})


def _required(schema: JsonObject) -> list[str]:
    """Return the names that a simple object has, with those that they ask for in turn."""
    names = dict.fromkeys(schema.get("required", []))
    for name in [*names]:
        names.update(dict.fromkeys(schema.get("dependentRequired", {}).get(name, [])))
    return [*names]


def _integers(schema: JsonObject) -> SearchStrategy[Json]:
    step = schema.get("multipleOf", 1)
    least = max(schema.get("minimum", -LARGEST), schema.get("exclusiveMinimum", -LARGEST))
    most = min(schema.get("maximum", LARGEST), schema.get("exclusiveMaximum", LARGEST))
    low, high = -(-least // step), most // step
    return st.integers(int(low), int(high)).map(lambda number: number * step) if low <= high else st.nothing()


def _floats(schema: JsonObject) -> SearchStrategy[Json]:
    least = max(schema.get("minimum", -1e9), schema.get("exclusiveMinimum", -1e9))
    most = min(schema.get("maximum", 1e9), schema.get("exclusiveMaximum", 1e9))
    # Tenths, as gauges tell them: what only binary digits tell apart is for the tests of the core.
    return st.integers(int(least * 10), int(most * 10)).map(lambda tenths: tenths / 10)


def _kinds_spoken_of(schema: JsonObject) -> list[str]:
    """Guess the types from the keywords, where a schema names none."""
    spoken = {
        "string": {"minLength", "maxLength", "pattern", "format"},
        "number": {"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"},
        "array": {"items", "prefixItems", "minItems", "maxItems", "uniqueItems"},
        "object": {"properties", "additionalProperties", "propertyNames", "required", "minProperties"},
    }
    return [kind for kind, keywords in spoken.items() if not keywords.isdisjoint(schema)]


def _rules(schema: Json) -> JsonObject:
    return schema if isinstance(schema, Mapping) else {}
