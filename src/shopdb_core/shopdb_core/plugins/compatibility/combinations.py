"""The keywords that combine subschemas of one value: when what is known of it implies them."""

from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType

from shopdb_core.plugins.compatibility.containers import Gaps
from shopdb_core.plugins.compatibility.facts import Facts, facts
from shopdb_core.plugins.compatibility.gap import Gap
from shopdb_core.plugins.compatibility.parts import Part


def _reference(known: Facts, part: Part, gaps: Gaps) -> Iterator[Gap]:
    yield from gaps(known, part.target())


def _all_of(known: Facts, part: Part, gaps: Gaps) -> Iterator[Gap]:
    for branch in part.branches("allOf"):
        yield from gaps(known, branch)


def _any_of(known: Facts, part: Part, gaps: Gaps) -> Iterator[Gap]:
    if all(gaps(known, branch) for branch in part.branches("anyOf")):
        yield Gap(f"{part.place}/anyOf", "anyOf")


def _one_of(known: Facts, part: Part, gaps: Gaps) -> Iterator[Gap]:
    """Only the same list will do, but where no two take the same kind of value: there at least one is one."""
    branches = part.branches("oneOf")
    kinds = [kind for branch in branches for kind in facts(branch).kinds]
    apart = len(kinds) == len(set(kinds))
    same = any(other.is_as(part, "oneOf") for other in known.having("oneOf"))
    if not (same or (apart and not all(gaps(known, branch) for branch in branches))):
        yield Gap(f"{part.place}/oneOf", "oneOf")


def _not(known: Facts, part: Part, gaps: Gaps) -> Iterator[Gap]:
    excluded = facts(part.inner("not"))
    implied = any(not gaps(excluded, other.inner("not")) for other in known.having("not"))
    if known.kinds & excluded.kinds and not implied:
        yield Gap(f"{part.place}/not", "not")


def _if(known: Facts, part: Part, gaps: Gaps) -> Iterator[Gap]:
    if _outcomes_hold(known, known, part, gaps):
        return
    same = (other for other in known.having("if") if other.is_as(part, "if"))
    outcomes = ((_after(known, other, "then"), _after(known, other, "else")) for other in same)
    if not any(_outcomes_hold(passed, failed, part, gaps) for passed, failed in outcomes):
        yield Gap(f"{part.place}/if", "if")


def _outcomes_hold(passed: Facts, failed: Facts, part: Part, gaps: Gaps) -> bool:
    """Whether values that pass the condition satisfy `then`, and those that fail it `else`."""
    cases = (("then", passed), ("else", failed))
    return not any(gaps(known, part.inner(outcome)) for outcome, known in cases if part.has(outcome))


def _after(known: Facts, part: Part, outcome: str) -> Facts:
    return known.also(part.inner(outcome)) if part.has(outcome) else known


COMBINATIONS: Mapping[str, Callable[[Facts, Part, Gaps], Iterator[Gap]]] = MappingProxyType(
    {
        "$ref": _reference,
        "allOf": _all_of,
        "anyOf": _any_of,
        "oneOf": _one_of,
        "not": _not,
        "if": _if,
    }
)
"""Each keyword with what it asks for beyond the known; `then` and `else` belong to `if`."""
