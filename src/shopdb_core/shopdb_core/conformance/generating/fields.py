"""Valid values for the fields of a collector, and submissions made of them."""

from collections.abc import Iterable, Sequence

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from shopdb_core.conformance.generating.running import samples
from shopdb_core.conformance.generating.values import Values
from shopdb_core.plugins.collector import Collector
from shopdb_core.plugins.compiled import accepts, compile_schema
from shopdb_hookspecs import Json, JsonObject

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
