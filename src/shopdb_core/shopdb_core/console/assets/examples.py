"""Examples of queries for the help: of the fields that the plugins declare, with values of their examples."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from shopdb_core.console.framework.pages import N_
from shopdb_core.plugins.collector import Collector
from shopdb_core.search.grammar import Term
from shopdb_core.search.words import split_words
from shopdb_hookspecs import Json, JsonObject

ALWAYS = (
    ("seen<30d", N_("The last submission is less than 30 days old.")),
    ("seen>30d", N_("It is older.")),
    ("created<7d", N_("New in the last 7 days.")),
)
WORD = N_("A word of any field begins with this.")
FIELD = N_("A word of this field begins with this.")
PHRASE = N_("The field has these words one after the other.")
NEITHER = N_("The field has no such word.")
MEMBER = N_("An item of the list has this.")
GREATER = N_("The number is greater; also >=, <, <= and : for equal.")

WORDS_OF_A_PHRASE = 2


@dataclass(frozen=True, slots=True)
class Example:
    """A query, and what it finds, as a text of the catalogue."""

    query: str
    meaning: str


def examples(collectors: Mapping[str, Collector], assettype: str | None) -> list[Example]:
    """Return examples for the assets of a type, or of the first plugin that has any."""
    own = collectors.get(assettype or "")
    several = [own] if own else collectors.values()
    found = next(([*_of(each)] for each in several if each.examples), [])
    # Each kind once, of the first field that has it.
    each_kind = {each.meaning: each for each in reversed(found)}
    ordered = [
        each_kind[kind] for kind in (WORD, FIELD, PHRASE, NEITHER, MEMBER, GREATER) if kind in each_kind
    ]
    return [*ordered, *(Example(query, meaning) for query, meaning in ALWAYS)]


def _of(collector: Collector) -> Iterator[Example]:
    """Yield examples of the fields of a plugin, those of its columns first."""
    for submission in collector.examples:
        for name in dict.fromkeys((*collector.declaration.get("x-columns", ()), *submission)):
            if name != collector.identityfield:
                yield from _of_field(name, submission.get(name))


def _of_field(name: str, value: Json) -> Iterator[Example]:
    if isinstance(value, str) and (words := _plain_words(value)):
        yield Example(words[0], WORD)
        yield Example(str(Term(words[0], name)), FIELD)
        yield Example(str(Term(words[0], name, negated=True)), NEITHER)
        if len(words) >= WORDS_OF_A_PHRASE:
            yield Example(str(Term(" ".join(words[:WORDS_OF_A_PHRASE]), name)), PHRASE)
    elif isinstance(value, int | float) and not isinstance(value, bool):
        yield Example(f"{name}>{value}", GREATER)
    elif isinstance(value, list):
        yield from _of_items(name, value)


def _of_items(name: str, items: Sequence[Json]) -> Iterator[Example]:
    for item in items:
        members: JsonObject = item if isinstance(item, dict) else {}
        for member, value in members.items():
            if isinstance(value, str) and (words := _plain_words(value)):
                yield Example(str(Term(words[0], f"{name}.{member}")), MEMBER)


def _plain_words(text: str) -> Sequence[str]:
    """Return the words of a text of letters; numbers, addresses and versions explain little."""
    words = split_words(text[:100])
    return words if words and words[0].isalpha() else ()
