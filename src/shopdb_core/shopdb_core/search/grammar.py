"""The grammar of a query: words, phrases, `field:value` and comparisons (docs/search.md)."""

import dataclasses
import re
from dataclasses import dataclass

from shopdb_core.errors import InvalidParameter
from shopdb_core.json_text import printable
from shopdb_core.search.words import split_words

LONGEST_QUERY = 1000
MOST_TERMS = 20

_FIELD = re.compile(r"([^\W\d][\w.-]*)(<=|>=|<|>|:)")
_BARE = re.compile(r"\S+")
_QUOTED = re.compile(r'"((?:[^"]|"")*)"')
_BLANKS = re.compile(r"\s*")
_SAFE = re.compile(r"\w[\w.-]*")

# A MAC address, also the beginning of one, or an IPv6 address; a field would have one colon.
_ADDRESS = re.compile(
    r"[0-9A-Fa-f]{2}(:[0-9A-Fa-f]{2})+:?|[0-9A-Fa-f]{0,4}(:[0-9A-Fa-f]{0,4}){2,7}(:?[0-9.]+)?(%\S*)?"
)


@dataclass(frozen=True, slots=True)
class Term:
    """One condition of a query; `at` is the position of its first character, from 1.

    Without a field, a word or a phrase that any field has. `operator` is one of `:`, `<`, `<=`, `>`, `>=`.
    """

    text: str
    field: str | None = None
    operator: str = ":"
    negated: bool = False
    at: int = dataclasses.field(default=1, compare=False)

    def __str__(self) -> str:
        """Return the term in the grammar."""
        doubled = self.text.replace('"', '""')
        text = self.text if _SAFE.fullmatch(self.text) else f'"{doubled}"'
        return f"{'-' * self.negated}{self.field + self.operator if self.field else ''}{text}"

    def fault(self, reason: str) -> InvalidParameter:
        """Return the error that this term is not valid."""
        return fault(self.at, f"{printable(str(self))} {reason}")


def fault(at: int, reason: str) -> InvalidParameter:
    """Return the error of a query, with the position of the character at fault."""
    return InvalidParameter(f"q: at character {at}: {reason}.", at)


def parse(query: str) -> list[Term]:
    """Return the terms of a query, all of which have to match; an empty query has none.

    Raises `InvalidParameter`, with the position and what is expected there.
    """
    if len(query) > LONGEST_QUERY:
        raise fault(LONGEST_QUERY + 1, f"a query has at most {LONGEST_QUERY} characters")
    if unstorable := re.search("[\0\ud800-\udfff]", query):
        raise fault(unstorable.start() + 1, "no field has this character: NUL, or a half of a pair")
    terms: list[Term] = []
    start = _end(_BLANKS.match(query))
    while start < len(query):
        if len(terms) == MOST_TERMS:
            raise fault(start + 1, f"a query has at most {MOST_TERMS} terms")
        term, end = _read_term(query, start)
        terms.append(term)
        start = _end(_BLANKS.match(query, end))
    return terms


def _read_term(query: str, start: int) -> tuple[Term, int]:
    """Return the term that begins at `start`, and where it ends."""
    negated = query[start] == "-"
    name, operator, begin = _read_field(query, start + negated)
    text, end = _read_text(query, begin)
    if operator == ":" and not split_words(text):
        raise fault(begin + 1, "a word with a letter or a digit is expected")
    if not text.strip():
        raise fault(begin + 1, "a value is expected")
    return Term(text, name, operator, negated, start + 1), end


def _read_field(query: str, start: int) -> tuple[str | None, str, int]:
    """Return the field and the operator of a term, and where its value begins."""
    found = _FIELD.match(query, start)
    bare = _BARE.match(query, start)
    if found is None or (bare and _ADDRESS.fullmatch(bare[0])):
        return None, ":", start
    return found[1], found[2], found.end()


def _read_text(query: str, start: int) -> tuple[str, int]:
    """Return a quoted text, or one up to the next blank, and where it ends."""
    if query[start : start + 1] != '"':
        bare = _BARE.match(query, start)
        if bare is None:
            raise fault(start + 1, "a value is expected")
        return bare[0], bare.end()
    quoted = _QUOTED.match(query, start)
    if quoted is None:
        raise fault(start + 1, "the quotation mark is not closed")
    if _BARE.match(query, quoted.end()):
        raise fault(quoted.end() + 1, "a blank is expected after the quotation mark")
    return quoted[1].replace('""', '"'), quoted.end()


def _end(match: re.Match[str] | None) -> int:
    return match.end() if match else 0
