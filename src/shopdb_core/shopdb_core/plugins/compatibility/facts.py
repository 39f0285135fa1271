"""What is known of a value: every rule that it satisfies, and the kinds of JSON value that are left."""

from collections.abc import Iterator
from dataclasses import dataclass

from shopdb_core.plugins.compatibility.kinds import ALL_KINDS, LITERALS, kind_of, kinds_of
from shopdb_core.plugins.compatibility.parts import Part
from shopdb_hookspecs import Json


@dataclass(frozen=True, slots=True, eq=False)
class Facts:
    """The rules that hold of one value at the same time; `split` are the alternatives taken already."""

    parts: tuple[Part, ...]
    kinds: frozenset[str]
    split: frozenset[int] = frozenset()

    def is_empty(self) -> bool:
        """Whether no value at all satisfies them."""
        return not self.kinds

    def stated(self, keyword: str) -> list[Json]:
        """Return every value that a keyword has."""
        return [part.keyword(keyword) for part in self.having(keyword)]

    def having(self, keyword: str) -> list[Part]:
        """Return the parts that have a keyword."""
        return [part for part in self.parts if part.has(keyword)]

    def values(self) -> list[Json] | None:
        """Return all values that there can be, where they are listed; else `None`."""
        listed = [*self.stated("enum"), *([value] for value in self.stated("const"))]
        if not listed and not self.kinds <= LITERALS.keys():
            return None
        candidates = listed[0] if listed else [value for kind in self.kinds for value in LITERALS[kind]]
        verdicts = [part.verdict() for part in self.parts]
        fitting = (value for value in candidates if kind_of(value) in self.kinds)
        return [value for value in fitting if all(accepts(value) for accepts in verdicts)]

    def only(self, kinds: frozenset[str]) -> "Facts":
        """Return what is known of those values that are of some kinds."""
        return Facts(self.parts, self.kinds & kinds, self.split)

    def also(self, *parts: Part, split: int | None = None) -> "Facts":
        """Return what is known if further rules hold, too."""
        more = facts(*parts)
        taken = self.split if split is None else self.split | {split}
        return Facts(self.parts + more.parts, self.kinds & more.kinds, taken)

    def alternatives(self) -> list["Facts"]:
        """Return cases of which every value is in at least one; none where there is nothing to tell apart."""
        for keyword in ("anyOf", "oneOf"):
            for part in self.having(keyword):
                listed = part.keyword(keyword)
                if id(listed) not in self.split:
                    return [self.also(branch, split=id(listed)) for branch in part.branches(keyword)]
        if len(self.kinds) == 1:
            return []
        return [self.only(frozenset({kind})) for kind in sorted(self.kinds)]

    def names(self) -> set[str]:
        """Return the members that some rule speaks of by name."""
        return {name for properties in self.stated("properties") for name in properties}

    def member(self, name: str) -> "Facts":
        """Return what is known of one member of an object."""
        return facts(*self._member_rules(name))

    def place_of(self, name: str) -> str:
        """Return where a member has rules of its own."""
        having = self.having("properties")
        places = (part.inner("properties", name).place for part in having if name in part.rules["properties"])
        return next(places)

    def other_member(self) -> "Facts":
        """Return what is known of a member that no rule names."""
        return facts(*(part.inner("additionalProperties") for part in self.having("additionalProperties")))

    def item(self, index: int) -> "Facts":
        """Return what is known of one item of an array."""
        return facts(*self._item_rules(index))

    def positions(self) -> int:
        """Return up to which position items have rules of their own."""
        return max((len(rules) for rules in self.stated("prefixItems")), default=0)

    def longest(self) -> float:
        """Return how many items an array has at most."""
        return min(self.stated("maxItems"), default=float("inf"))

    def _member_rules(self, name: str) -> Iterator[Part]:
        for part in self.parts:
            if name in (part.keyword("properties") or ()):
                yield part.inner("properties", name)
            elif part.has("additionalProperties"):
                yield part.inner("additionalProperties")

    def _item_rules(self, index: int) -> Iterator[Part]:
        for part in self.parts:
            if index < len(part.keyword("prefixItems") or ()):
                yield part.inner("prefixItems", index)
            elif part.has("items"):
                yield part.inner("items")


def facts(*parts: Part) -> Facts:
    """Return what is known of a value that satisfies all of `parts`."""
    together = tuple(each for part in parts for each in part.together())
    kinds = ALL_KINDS
    for part in together:
        kinds &= kinds_of(part.rules)
    return Facts(together, kinds)
