"""Running Hypothesis as a library: the same examples every time, bounded, and nothing left on disk.

Valid values for the fields of a collector, and submissions made of them.
"""

import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TypeVar

from hypothesis import HealthCheck, Phase, Verbosity, configuration, given, settings
from hypothesis import strategies as st
from hypothesis.errors import FlakyFailure, InvalidArgument, Unsatisfiable
from hypothesis.strategies import SearchStrategy

from shopdb_core.declarations.validator import accepts, compile_schema
from shopdb_core.devkit.values import Values
from shopdb_core.plugins.collector import Collector
from shopdb_hookspecs import Json, JsonObject

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


SAMPLES = 12
"""How many values of a field are tried where one is wanted that differs from another."""


class FieldValues:
    """For each field of a collector the values that its schema admits, `null` left out.

    `examples` are submissions from which parts are taken, too: so that lists have items in common.
    """

    def __init__(self, collector: Collector, examples: Iterable[JsonObject]) -> None:
        self._collector = collector
        self._values = Values(collector.declaration.get("$defs", {}))
        self._examples = list(examples)
        made = {field: self._of(field) for field in collector.declaration["fields"]}
        self._some = {field: _tried(values) for field, values in made.items()}
        self._fields = {field: values for field, values in made.items() if self._some[field]}

    @property
    def ungenerated(self) -> list[str]:
        """The fields for which nothing was found."""
        return [field for field, found in self._some.items() if not found]

    def some(self, field: str) -> Sequence[Json]:
        """Return a few values of one field, the simplest first; none of a field that is not declared."""
        return self._some.get(field, ())

    def submissions(self) -> SearchStrategy[dict[str, Json]]:
        """Return valid submissions, with any of the optional fields."""
        required = self._collector.required
        return st.fixed_dictionaries(
            {name: self._fields.get(name, st.nothing()) for name in sorted(required)},
            optional={name: values for name, values in self._fields.items() if name not in required},
        ).filter(self._collector.validator.accepts)

    def patches(self) -> SearchStrategy[dict[str, Json]]:
        """Return valid submissions in which `null` clears some of the optional fields."""
        required = self._collector.required
        optional = {name: values for name, values in self._fields.items() if name not in required}
        return st.fixed_dictionaries(
            {name: self._fields.get(name, st.nothing()) for name in sorted(required)},
            optional={name: st.none() | values for name, values in optional.items()},
        ).filter(self._collector.validator.accepts)

    def _of(self, field: str) -> SearchStrategy[Json]:
        rules = self._collector.schema["properties"][field]
        fits = compile_schema({**rules, "$defs": self._collector.declaration.get("$defs", {})})
        values = self._values.of(self._collector.declaration["fields"][field])
        shown = [example[field] for example in self._examples if example.get(field) is not None]
        return (_parts_of(shown) | values).filter(lambda value: value is not None and accepts(fits, value))


def _tried(values: SearchStrategy[Json]) -> Sequence[Json]:
    try:
        return samples(values, SAMPLES)
    except Exception:  # noqa: BLE001  # releases of Hypothesis stumble on different patterns, each in its way
        return ()


def _parts_of(values: list[Json]) -> SearchStrategy[Json]:
    """Return the values, and lists of some of the items of those that are lists."""
    if not values:
        return st.nothing()
    items = [item for value in values if isinstance(value, list) for item in value]
    if not items:
        return st.sampled_from(values)
    return st.sampled_from(values) | st.lists(st.sampled_from(items), max_size=len(items))
