"""Running Hypothesis as a library: the same examples every time, bounded, and nothing left on disk."""

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TypeVar

from hypothesis import HealthCheck, Phase, Verbosity, configuration, given, settings
from hypothesis.errors import FlakyFailure, InvalidArgument, Unsatisfiable
from hypothesis.strategies import SearchStrategy

T = TypeVar("T")


class NothingGenerated(Exception):
    """No value was found that a schema admits."""


def check_property(values: SearchStrategy[T], holds: Callable[[T], None], examples: int) -> None:
    """Call `holds` with generated values; raises what it raised for the smallest value that was found.

    Raises `NothingGenerated` where there is no value to call it with.
    """

    def holds_for(value: T) -> None:
        holds(value)

    chosen = settings(
        max_examples=examples,
        derandomize=True,
        deadline=None,
        database=None,
        print_blob=False,
        report_multiple_bugs=False,
        verbosity=Verbosity.quiet,
        phases=(Phase.generate, Phase.shrink),
        suppress_health_check=list(HealthCheck),
    )
    with _home_elsewhere():
        try:
            chosen(given(values)(holds_for))()
        except (InvalidArgument, Unsatisfiable) as error:  # a pattern with other letters than are tried, say
            raise NothingGenerated from error
        except FlakyFailure as error:
            # What failed once passed at the second try: a plugin with a state. The first failure tells more.
            raise error.exceptions[0] from None


def samples(values: SearchStrategy[T], count: int) -> list[T]:
    """Return generated values, the simplest first; fewer than `count` where there are no more."""
    found: list[T] = []
    with suppress(NothingGenerated):
        check_property(values, found.append, count)
    return found[:count]


@contextmanager
def _home_elsewhere() -> Iterator[None]:
    """Let Hypothesis write its tables of characters where they go again, not into the author's folder."""
    before = getattr(configuration, "__hypothesis_home_directory", None)
    with tempfile.TemporaryDirectory(prefix="shopdb-hypothesis-") as folder:
        configuration.set_hypothesis_home_dir(Path(folder))
        try:
            yield
        finally:
            configuration.set_hypothesis_home_dir(before)
