"""The verdict as people read it, and as one process hands it to another."""

import json

from shopdb_core.devkit.results import CheckResult, ConformanceResult, Finding

FAULT = Finding("store_asset", "raised KeyError", "Look there.")
NOTE = Finding("example 1", "is short", isnote=True)
RESULT = ConformanceResult(
    "network",
    "1.0.0",
    "shopdb-network",
    (
        CheckResult("declaration", (NOTE,)),
        CheckResult("store_asset", (FAULT,)),
        CheckResult("reports", skipped=True),
    ),
)


def test_a_verdict_is_a_list_with_its_sum() -> None:
    """A line for each check, the findings beneath it, the sum at the end."""
    assert str(RESULT).splitlines() == [
        "declaration           note",
        "    note: example 1: is short",
        "store_asset           FAILED",
        "    store_asset: raised KeyError",
        "        Look there.",
        "reports               skipped",
        "network 1.0.0 (shopdb-network) does not conform: 1 fault.",
    ]


def test_notes_are_no_faults() -> None:
    """A plugin conforms with them."""
    verdict = ConformanceResult("network", "1.0.0", "shopdb-network", (CheckResult("declaration", (NOTE,)),))

    assert verdict.conforms
    assert str(verdict).endswith("network 1.0.0 (shopdb-network) conforms.")


def test_a_verdict_survives_json() -> None:
    """What is read is what was written."""
    assert ConformanceResult.from_json(json.loads(json.dumps(RESULT.as_json()))) == RESULT
