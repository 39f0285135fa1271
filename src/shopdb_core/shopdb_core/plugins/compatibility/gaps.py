"""Whether every value that satisfies one schema satisfies another: sound, and rather too careful."""

from collections.abc import Iterator

from shopdb_core.plugins.compatibility.assertions import ASSERTIONS
from shopdb_core.plugins.compatibility.combinations import COMBINATIONS
from shopdb_core.plugins.compatibility.containers import CONTAINERS
from shopdb_core.plugins.compatibility.facts import Facts
from shopdb_core.plugins.compatibility.gap import Gap
from shopdb_core.plugins.compatibility.parts import Part
from shopdb_hookspecs import Json

MOST_COMPARISONS = 5_000
"""How many pairs are compared before it is given up, which counts as a gap: schemas may branch endlessly."""

DEEPEST = 60
"""How deep schemas are followed into each other: as deep as Python's stack bears."""


class Comparing:
    """One comparison of what is known of a value with a schema."""

    def __init__(self) -> None:
        self._left = MOST_COMPARISONS
        self._assumed: set[tuple[object, ...]] = set()

    def gaps(self, known: Facts, part: Part) -> list[Gap]:
        """Return what `part` asks for beyond the known; empty only if every such value satisfies it.

        A recursive schema comes back to the same question one level deeper in the value: there the answer may
        be assumed, since values end.
        """
        question = (*(id(each.rules) for each in known.parts), known.kinds, id(part.rules))
        if question in self._assumed or known.is_empty() or any(each.is_as(part) for each in known.parts):
            return []
        if self._left == 0 or len(self._assumed) == DEEPEST:
            return [Gap(part.place, "size")]
        self._left -= 1
        self._assumed.add(question)
        try:
            return self._answer(known, part)
        finally:
            self._assumed.discard(question)

    def _answer(self, known: Facts, part: Part) -> list[Gap]:
        if isinstance(part.rules, bool):
            return [] if part.rules else [Gap(part.place, "false")]
        values = known.values()
        if values is not None:
            return self._for_values(values, known, part)
        found = self._by_keyword(known, part)
        cases = known.alternatives() if found else []
        return found if not cases or any(self.gaps(case, part) for case in cases) else []

    def _for_values(self, values: list[Json], known: Facts, part: Part) -> list[Gap]:
        """Where all values can be listed the verdict is exact; the keywords then tell only the place."""
        accepts = part.verdict()
        refused = [value for value in values if not accepts(value)]
        listing = next((keyword for keyword in ("enum", "const") if part.has(keyword)), None)
        if refused and listing:
            return [Gap(f"{part.place}/{listing}", "value", refused)]
        return (self._by_keyword(known, part) or [Gap(part.place, "value", refused)]) if refused else []

    def _by_keyword(self, known: Facts, part: Part) -> list[Gap]:
        return [gap for keyword in part.rules for gap in self._asked(known, part, keyword)]

    def _asked(self, known: Facts, part: Part, keyword: str) -> Iterator[Gap]:
        rule = part.keyword(keyword)
        if keyword in ASSERTIONS:
            kinds, implied = ASSERTIONS[keyword]
            if known.kinds & kinds and not implied(known, rule):
                had = next(iter(known.stated(keyword)), None)
                yield Gap(f"{part.place}/{keyword}", keyword, rule, had)
        elif keyword in CONTAINERS:
            kind, look_into = CONTAINERS[keyword]
            if kind in known.kinds:
                yield from look_into(known, part, self.gaps)
        elif keyword in COMBINATIONS:
            yield from COMBINATIONS[keyword](known, part, self.gaps)
