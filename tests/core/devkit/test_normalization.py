"""The findings of the check `normalize_submission`."""

import itertools
from collections.abc import Callable
from typing import Any

import pytest

from shopdb_core.devkit.checks.normalization import check_normalization
from shopdb_core.devkit.subject import Subject

MakeSubject = Callable[..., Subject]
Json = dict[str, Any]


def grows(submission: Json) -> Json:
    return {**submission, "place": submission["place"] + "!"} if _has_place(submission) else submission


def mutates(submission: Json) -> Json:
    for tray in submission.get("trays") or ():
        if isinstance(tray, dict) and isinstance(tray.get("name"), str):
            tray["name"] = tray["name"].upper()
    return submission


def spoils(submission: Json) -> Json:
    return {**submission, "place": "hall".ljust(41, "x")} if _has_place(submission) else submission


def assumes(submission: Json) -> Json:
    trays = submission.get("trays") or []
    return {**submission, "trays": sorted(trays, key=lambda tray: tray["name"])} if trays else submission


def counts() -> Callable[[Json], Json]:
    numbers = itertools.count()

    def normalize_submission(submission: Json) -> Json:
        return {**submission, "place": f"hall {next(numbers)}"}

    return normalize_submission


def _has_place(submission: Json) -> bool:
    return isinstance(submission.get("place"), str)


@pytest.mark.parametrize(
    ("hook", "what"),
    [
        (grows, "changes its own result: /place: "),
        (mutates, 'changes its argument: /trays/0/name: "left" -> "LEFT"'),
        (spoils, 'makes a valid submission invalid: /place: "hall 3" -> "hallxxx'),
        (assumes, "raised "),
        (counts(), "returns another result for the same submission at the second call: /place: "),
        (lambda submission: {**submission, "place": {1, 2}}, "returned what JSON cannot hold"),
        (lambda: None, "returned None: is a return missing?"),
    ],
)
def test_a_property_that_is_violated(subject: MakeSubject, hook: Callable[[Json], Json], what: str) -> None:
    """The finding has the hook, and says first what the hook does."""
    findings = list(check_normalization(subject(normalize_submission=hook)))

    assert len(findings) == 1
    assert findings[0].place == "normalize_submission"
    assert findings[0].what.startswith(what), findings


@pytest.mark.parametrize(
    "hook",
    [
        lambda submission: {**submission, "trays": []} if {"place", "trays"} <= {*submission} else submission,
        lambda submission: {**submission, "place": "hall" if submission.get("trays") else "yard"},
    ],
)
def test_a_list_that_is_not_independent(
    subject: MakeSubject, declaration: Json, hook: Callable[[Json], Json]
) -> None:
    """The list depends on another field, or another field on the list."""
    trays = {**declaration["fields"]["trays"], "x-independent": True}
    marked = {**declaration, "fields": {**declaration["fields"], "trays": trays}}
    racks = subject(get_collector_schema=lambda: marked, normalize_submission=hook)
    (finding,) = check_normalization(racks)

    assert finding.what.startswith("returns another result if trays is normalised by itself: /")


def test_the_submission_of_a_finding_is_small(subject: MakeSubject) -> None:
    """Fields that do not matter are left out."""
    finding = next(check_normalization(subject(normalize_submission=grows)))

    assert "trays" not in finding.what


def test_a_hook_with_all_properties(subject: MakeSubject) -> None:
    """A hook may fold and sort, and returns other values as they are."""

    def normalize_submission(submission: Json) -> Json:
        trays, place = submission.get("trays"), submission.get("place")
        folded = {"place": place.upper()} if isinstance(place, str) and len(place.upper()) <= 40 else {}
        sound = isinstance(trays, list) and all(
            isinstance(tray, dict) and isinstance(tray.get("name"), str) for tray in trays
        )
        ordered = {"trays": sorted(trays, key=lambda tray: (tray["name"], str(tray)))} if sound else {}
        return {**submission, **folded, **ordered}

    assert list(check_normalization(subject(normalize_submission=normalize_submission))) == []
