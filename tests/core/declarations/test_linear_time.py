"""Patterns that hang an engine which backtracks cost milliseconds wherever a submission meets them."""

import json
import time
from collections.abc import Callable
from typing import Any

import pytest

from shopdb_core.devkit.strategies.generating import FieldValues
from shopdb_core.devkit.subject import valid_examples
from shopdb_core.errors import InvalidSubmission
from shopdb_core.plugins.collector import Collector
from shopdb_core.plugins.registry import load_plugins
from shopdb_core.settings import PluginSelection, read_intake_settings
from shopdb_core.submissions.pipeline import OfflineValidator
from shopdb_hookspecs import hookimpl

pytestmark = pytest.mark.alone

LENGTH = 50_000
MOST_SECONDS = 0.100
RUNS = 9
"""How often each is measured; the fastest run counts, since the machine may be busy."""

LETTERS = "a" * LENGTH
CATASTROPHIC = {
    r"^(a+)+$": LETTERS + "!",
    r"^(a|a)*$": LETTERS + "!",
    r"^(a|aa)+$": LETTERS + "!",
    r"(x+x+)+y": "x" * LENGTH,
    r"^(.*)*$": LETTERS + "\n!",
    r"^([a-zA-Z]+)*$": LETTERS + "!",
    r"(.*a){12}": "b" * LENGTH,
    r"^(\w+\s?)*$": LETTERS + "!",
    r"^((a?){25})(a){25}$": LETTERS,
    r"^(([a-z])+.)+[A-Z]([a-z])+$": LETTERS,
    r"(a|b)*a(a|b){40}c": "ab" * (LENGTH // 2),
}
"""Patterns, each with a text that it does not match."""


def seconds(call: Callable[[], object]) -> float:
    """Return the processor time of the fastest of several calls, which other programs do not lengthen."""
    taken = []
    for _ in range(RUNS):
        started = time.process_time()
        call()
        taken.append(time.process_time() - started)
    return min(taken)


@pytest.fixture(params=CATASTROPHIC)
def pattern(request: pytest.FixtureRequest) -> str:
    """One pattern after the other."""
    assert len(CATASTROPHIC) == 11
    return request.param


@pytest.fixture
def submission(pattern: str) -> dict[str, str]:
    """A submission with the text that the pattern does not match."""
    return {"serial": "r1", "tags": CATASTROPHIC[pattern]}


@pytest.fixture
def rack(pattern: str, submission: dict[str, str]) -> Any:
    """A plugin that declares the pattern, and gives the submission as an example."""

    class Rack:
        @hookimpl
        def get_collector_schema(self):
            fields = {"serial": {"type": "string"}, "tags": {"type": "string", "pattern": pattern}}
            return {"identityfield": "serial", "fields": fields}

        @hookimpl
        def get_example_submissions(self):
            return [submission]

    return Rack()


@pytest.fixture
def collector(rack: Any) -> Collector:
    """The collector of the plugin."""
    return load_plugins(PluginSelection(), {"rack": rack}).collector("rack")


def test_the_endpoint_answers(make_shop: Callable[..., Any], rack: Any, submission: dict[str, str]) -> None:
    """A submission that does not match is refused with 422 in no time."""
    shop = make_shop({"rack": rack})

    answer = shop.post("rack", submission)

    assert [fault["pointer"] for fault in answer.json["errors"]] == ["/tags"]
    assert seconds(lambda: shop.post("rack", submission)) < MOST_SECONDS


def test_a_refusal_is_explained(collector: Collector, submission: dict[str, str]) -> None:
    """The explanation names the pattern, and is found in no time."""
    [fault] = collector.validator.faults(submission)

    assert fault.keyword == "pattern"
    assert seconds(lambda: collector.validator.faults(submission)) < MOST_SECONDS


def test_the_explaining_validator_is_as_fast(collector: Collector, submission: dict[str, str]) -> None:
    """It reaches the same result by itself within the limit."""
    explainer = collector.validator._explainer

    assert explainer.faults(submission, 1)
    assert seconds(lambda: explainer.faults(submission, 1)) < MOST_SECONDS


def test_files_are_judged(collector: Collector, submission: dict[str, str]) -> None:
    """`shopdb validate` refuses the submission in no time."""
    validator, content = (
        OfflineValidator(collector, read_intake_settings({})),
        json.dumps(submission).encode(),
    )

    def refused() -> None:
        with pytest.raises(InvalidSubmission):
            validator.warnings(content)

    assert seconds(refused) < MOST_SECONDS


def test_the_kit_checks_examples(collector: Collector) -> None:
    """An example that does not match is found in no time."""
    assert not valid_examples(collector)
    assert seconds(lambda: valid_examples(collector)) < MOST_SECONDS


def test_the_kit_makes_values(collector: Collector) -> None:
    """The generator makes values that match, within seconds."""
    started = time.process_time()
    values = FieldValues(collector, []).samples("tags")

    assert values
    assert all(collector.validator.accepts({"serial": "r1", "tags": value}) for value in values)
    assert time.process_time() - started < 2
