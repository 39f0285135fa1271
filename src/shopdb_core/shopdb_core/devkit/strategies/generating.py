"""Run Hypothesis as a library, and generate valid values and submissions of a collector (`FieldValues`).

Every run generates the same bounded number of examples, and leaves no file behind.
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

from shopdb_core.assets.identity import is_placeholder
from shopdb_core.declarations.validation.compiled import accepts, compile_schema
from shopdb_core.devkit.strategies.values import Values
from shopdb_core.plugins.collector import Collector
from shopdb_hookspecs import Json, JsonObject

T = TypeVar("T")

MAX_SAMPLES = 12
"""How many values of each field are generated in advance."""


class NothingGenerated(Exception):
    """No value was generated that a schema accepts."""


def check_property(values: SearchStrategy[T], check: Callable[[T], None], max_examples: int) -> None:
    """Call `check` with generated values; raises what it raises for the smallest value that fails.

    Raises `NothingGenerated` if no value was generated.
    """

    def check_value(value: T) -> None:
        check(value)

    run = settings(
        max_examples=max_examples,
        derandomize=True,
        deadline=None,
        database=None,
        print_blob=False,
        report_multiple_bugs=False,
        verbosity=Verbosity.quiet,
        phases=(Phase.generate, Phase.shrink),
        suppress_health_check=list(HealthCheck),
    )
    with _temporary_home():
        try:
            run(given(values)(check_value))()
        except (InvalidArgument, Unsatisfiable) as error:  # for example, a pattern with unusual characters
            raise NothingGenerated from error
        except FlakyFailure as error:
            # The value passed at the second try: the plugin has a state. The first failure counts.
            raise error.exceptions[0] from None


def samples(values: SearchStrategy[T], count: int) -> list[T]:
    """Return at most `count` generated values, the simplest first."""
    found: list[T] = []
    with suppress(NothingGenerated):
        check_property(values, found.append, count)
    return found[:count]


@contextmanager
def _temporary_home() -> Iterator[None]:
    """Let Hypothesis write its character tables to a temporary folder, not to the working directory."""
    before = getattr(configuration, "__hypothesis_home_directory", None)
    with tempfile.TemporaryDirectory(prefix="shopdb-hypothesis-") as folder:
        configuration.set_hypothesis_home_dir(Path(folder))
        try:
            yield
        finally:
            configuration.set_hypothesis_home_dir(before)


class FieldValues:
    """Valid values of each field of a collector, without `null`, and submissions made of them.

    Values of the `examples` are used, too, so that lists have items in common.
    """

    def __init__(self, collector: Collector, examples: Iterable[JsonObject]) -> None:
        self._collector = collector
        self._values = Values(collector.declaration.get("$defs", {}))
        self._examples = list(examples)
        strategies = {field: self._of(field) for field in collector.declaration["fields"]}
        self._samples = {field: _samples(values) for field, values in strategies.items()}
        self._fields = {field: values for field, values in strategies.items() if self._samples[field]}

    @property
    def ungenerated(self) -> list[str]:
        """The fields for which no value was generated."""
        return [field for field, values in self._samples.items() if not values]

    def samples(self, field: str) -> Sequence[Json]:
        """Return a few values of one field, the simplest first; empty for a field that is not declared."""
        return self._samples.get(field, ())

    def submissions(self) -> SearchStrategy[dict[str, Json]]:
        """Return valid submissions, with any of the optional fields."""
        return self._submissions(lambda values: values)

    def patches(self) -> SearchStrategy[dict[str, Json]]:
        """Return valid submissions in which `null` clears some of the optional fields."""
        return self._submissions(lambda values: st.none() | values)

    def _submissions(
        self, optional: Callable[[SearchStrategy[Json]], SearchStrategy[Json]]
    ) -> SearchStrategy[dict[str, Json]]:
        required = self._collector.required
        return st.fixed_dictionaries(
            {name: self._fields.get(name, st.nothing()) for name in sorted(required)},
            optional={
                name: optional(values) for name, values in self._fields.items() if name not in required
            },
        ).filter(self._collector.validator.accepts)

    def _of(self, field: str) -> SearchStrategy[Json]:
        rules = self._collector.schema["properties"][field]
        schema = compile_schema({**rules, "$defs": self._collector.declaration.get("$defs", {})})
        generated = self._values.of(self._collector.declaration["fields"][field])
        examples = [example[field] for example in self._examples if example.get(field) is not None]
        values = (_parts_of(examples) | generated).filter(
            lambda value: value is not None and accepts(schema, value)
        )
        # No schema describes which identities are placeholders, and every submission of one is refused.
        is_identity = field == self._collector.identityfield
        return values.filter(lambda value: not is_placeholder(value)) if is_identity else values


def _samples(values: SearchStrategy[Json]) -> Sequence[Json]:
    try:
        return samples(values, MAX_SAMPLES)
    except Exception:  # noqa: BLE001  # releases of Hypothesis fail for different patterns, with any error
        return ()


def _parts_of(values: list[Json]) -> SearchStrategy[Json]:
    """Return the values, and lists of some of the items of those that are lists."""
    if not values:
        return st.nothing()
    items = [item for value in values if isinstance(value, list) for item in value]
    if not items:
        return st.sampled_from(values)
    return st.sampled_from(values) | st.lists(st.sampled_from(items), max_size=len(items))
