"""A subschema of a declaration, with its place, and with the declaration that its references lead into."""

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from shopdb_core.canonical import canonical
from shopdb_core.plugins.compiled import accepts, compile_schema
from shopdb_core.plugins.pointers import step
from shopdb_core.plugins.references import referenced
from shopdb_hookspecs import Json, JsonObject


@dataclass(frozen=True, slots=True, eq=False)
class Document:
    """A declaration, with the text of its `$defs`, by which equal references are known."""

    declaration: JsonObject
    definitions: bytes


def document_of(declaration: JsonObject) -> Document:
    """Return a declaration whose parts can be compared."""
    return Document(declaration, canonical(declaration.get("$defs", {})))


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """One subschema: an object of keywords, or a boolean."""

    rules: Json
    place: str
    document: Document

    def keyword(self, name: str) -> Json:
        """Return the value of a keyword, `None` where it is absent."""
        return self.rules.get(name) if isinstance(self.rules, dict) else None

    def has(self, name: str) -> bool:
        """Whether the keyword is there."""
        return isinstance(self.rules, dict) and name in self.rules

    def inner(self, *path: str | int) -> "Part":
        """Return the subschema that lies under keywords, names and positions."""
        rules = self.rules
        for key in path:
            rules = rules[key]
        return Part(rules, self.place + "".join(map(step, path)), self.document)

    def branches(self, keyword: str) -> list["Part"]:
        """Return the subschemas that a keyword lists."""
        return [self.inner(keyword, index) for index in range(len(self.keyword(keyword) or ()))]

    def together(self) -> Iterator["Part"]:
        """Yield this part and all that holds with it of the same value: `$ref` and `allOf`, followed."""
        pending = deque([self])
        while pending:
            part = pending.popleft()
            yield part
            pending.extend([part.target()] if part.has("$ref") else [])
            pending.extend(part.branches("allOf"))

    def verdict(self) -> Callable[[Json], bool]:
        """Return a function that says whether a value is valid here."""
        if isinstance(self.rules, bool):
            return lambda _value: bool(self.rules)
        compiled = compile_schema({**self.rules, "$defs": self.document.declaration.get("$defs", {})})
        return lambda value: accepts(compiled, value)

    def is_as(self, other: "Part", *path: str) -> bool:
        """Whether both, or what lies under `path` in both, are the same text and refer to the same."""
        mine, others = self.inner(*path), other.inner(*path)
        text = canonical(mine.rules)
        same_references = self.document.definitions == other.document.definitions
        return text == canonical(others.rules) and (same_references or b'"$ref"' not in text)

    def target(self) -> "Part":
        """Return what `$ref` leads to."""
        reference: str = self.rules["$ref"]
        rules = referenced(reference, self.document.declaration)
        return Part(rules, reference.removeprefix("#"), self.document)
