"""The warnings about one submission, counted, so that 5,000 equal ones are one sentence."""

from collections import Counter
from collections.abc import Sequence
from itertools import islice

from shopdb_core.intake.quoting import Path, pointer, shown

MOST_WARNINGS = 20


class Notes:
    """Gathers remarks by top-level field and sentence."""

    def __init__(self) -> None:
        self._counts: Counter[tuple[str, str]] = Counter()
        self._first: dict[tuple[str, str], Path] = {}

    def add(self, path: Path, sentence: str) -> None:
        """Note something about the value at `path`; the sentence goes on where the field's name stops."""
        remark = (str(path[0]), sentence)
        self._counts[remark] += 1
        self._first.setdefault(remark, path)

    def warnings(self) -> list[str]:
        """Give the sentences in the order of their first occurrence, at most 20 and a count of the others."""
        first = islice(self._first.items(), MOST_WARNINGS)
        sentences = [_sentence(*remark, self._counts[remark], path) for remark, path in first]
        return shortened(sentences, len(self._first))


def shortened(sentences: Sequence[str], total: int) -> list[str]:
    """Give at most 20 of `total` sentences and say how many are left out."""
    more = total - MOST_WARNINGS
    return [*sentences[:MOST_WARNINGS], f"and {more} more"] if more > 0 else list(sentences)


def _sentence(field: str, sentence: str, count: int, first: Path) -> str:
    if count > 1:
        where = f" ({count} times, first at {pointer(first)})"
    else:
        where = f" (at {pointer(first)})" if len(first) > 1 else ""
    return f"{shown(field)}: {sentence}{where}"
