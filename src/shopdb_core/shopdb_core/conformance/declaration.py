"""Whether the examples of a plugin that loads are there, and valid as they are shown."""

from collections.abc import Iterator, Mapping

from shopdb_core.conformance.finding import Finding
from shopdb_core.conformance.generating import FieldValues
from shopdb_core.plugins.collector import Collector
from shopdb_core.plugins.registry import Plugin
from shopdb_core.plugins.validation import SubmissionValidator
from shopdb_hookspecs import JsonObject


def example_name(number: int) -> str:
    """Name an example as findings do; examples are counted from 1."""
    return f"example {number}"


def example_findings(plugin: Plugin) -> Iterator[Finding]:
    """Yield what is wrong with the examples: pipeline authors copy them, and the other checks submit them."""
    if plugin.collector is None:
        yield Finding("get_collector_schema", "declares nothing: this plugin has no collector", isnote=True)
        return
    if not plugin.collector.examples:
        mend = "Return at least one submission that shows every field."
        yield Finding("get_example_submissions", "gives no example", mend)
    validator = _strict(plugin.collector)
    for number, example in enumerate(plugin.collector.examples, start=1):
        for fault in validator.faults(example):
            yield Finding(f"{example_name(number)} at {fault.pointer or '/'}", fault.message)
    yield from _unshown_fields(plugin.collector)


def _strict(collector: Collector) -> SubmissionValidator:
    """Refuse undeclared fields: whatever is done with those of a submission, in an example they mislead."""
    return SubmissionValidator({**collector.schema, "additionalProperties": False})


def valid_examples(collector: Collector) -> Mapping[str, JsonObject]:
    """Return the examples that are valid, by the names that findings give them."""
    numbered = enumerate(collector.examples, start=1)
    return {example_name(number): each for number, each in numbered if collector.validator.accepts(each)}


def _unshown_fields(collector: Collector) -> Iterator[Finding]:
    shown = {name for example in collector.examples for name in example}
    if collector.examples and (missing := sorted(collector.declaration["fields"].keys() - shown)):
        mend = "Readers of `_schemas` learn a field best from a value."
        yield Finding("get_example_submissions", f"shows no {', '.join(missing)}", mend, isnote=True)


def generating_findings(values: FieldValues) -> Iterator[Finding]:
    """Note the fields for which the other checks have no values."""
    for field in values.ungenerated:
        mend = "Show the field in an example: its values are tried, too."
        yield Finding(f"/fields/{field}", "no value was found that its schema admits", mend, isnote=True)
