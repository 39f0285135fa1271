"""A quick look over a whole document: whether there is anything to trim, or that cannot be stored."""

from dataclasses import dataclass
from itertools import chain

from shopdb_core.intake.storable import is_storable_number, is_storable_text
from shopdb_core.intake.tidy import are_tidy
from shopdb_core.intake.walk import levels, members_of
from shopdb_hookspecs import Json


@dataclass(frozen=True, slots=True)
class Contents:
    """Everything that a document holds, without its order, and how many levels it has."""

    depth: int
    names: list[str]
    strings: list[str]
    numbers: list[int | float]

    def are_tidy(self) -> bool:
        """Tell whether no string is empty or has blanks around it."""
        return are_tidy(self.strings)

    def are_storable(self) -> bool:
        """Tell whether every name, string and number can be stored."""
        texts = is_storable_text("".join(self.names)) and is_storable_text("".join(self.strings))
        return texts and all(map(is_storable_number, self.numbers))


def contents_of(document: dict[str, Json]) -> Contents:
    """Gather the contents of a document in one walk."""
    names: list[str] = []
    strings: list[str] = []
    numbers: list[int | float] = []
    found = list(levels(document))
    for level in found:
        names += chain.from_iterable(level.objects)
        strings += members_of(level, str)
        numbers += members_of(level, int)
        numbers += members_of(level, float)
    return Contents(len(found), names, strings, numbers)
