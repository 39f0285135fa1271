"""The results of the checks as text and as JSON."""

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


def test_the_text_of_a_result() -> None:
    """It has a line for each check with its findings below, and a summary at the end."""
    assert str(RESULT).splitlines() == [
        "declaration           note",
        "    note: example 1: is short",
        "store_asset           FAILED",
        "    store_asset: raised KeyError",
        "        Look there.",
        "reports               skipped",
        "network 1.0.0 (shopdb-network) does not conform: 1 fault.",
    ]


def test_notes_are_not_faults() -> None:
    """A plugin with notes conforms."""
    result = ConformanceResult("network", "1.0.0", "shopdb-network", (CheckResult("declaration", (NOTE,)),))

    assert result.conforms
    assert str(result).endswith("network 1.0.0 (shopdb-network) conforms.")


def test_the_json_of_a_result() -> None:
    """`from_json` returns the result that `as_json` wrote."""
    assert ConformanceResult.from_json(json.loads(json.dumps(RESULT.as_json()))) == RESULT


def test_the_json_of_a_finding() -> None:
    """Scripts read its members, so their names are part of the interface."""
    assert RESULT.as_json()["checks"][1]["findings"] == [
        {"place": "store_asset", "what": "raised KeyError", "mend": "Look there.", "isnote": False}
    ]
