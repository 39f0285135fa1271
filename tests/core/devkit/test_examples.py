"""The findings of the check `examples`."""

import itertools
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import Connection

from shopdb_core.devkit.checks.examples import check_examples
from shopdb_core.devkit.trial import TrialSites

MakeSites = Callable[..., TrialSites]
Only = Callable[..., Any]
Json = dict[str, Any]


def fills_in(submission: Json) -> Json:
    return {"place": "unknown", **submission}


def drops_null(submission: Json) -> Json:
    return {name: value for name, value in submission.items() if value is not None}


def looks_at_order(submission: Json) -> Json:
    return {**submission, "place": next(iter(submission))}


def counts() -> Callable[[Json], Json]:
    numbers = itertools.count()
    return lambda submission: {**submission, "place": f"hall {next(numbers)}"}


@pytest.mark.parametrize(
    ("hook", "place", "what"),
    [
        (
            fills_in,
            "example 1, partial: identity and required fields alone",
            'is updated instead of noop: /place: "hall 3" -> "unknown"',
        ),
        (drops_null, "example 1, place null", "is noop instead of updated: nothing changed by "),
        (looks_at_order, "example 1, with its members in another order", "is updated instead of noop: "),
        (
            counts(),
            "example 1, created, dry run",
            "announces created, then created happens; the two differ in /place: ",
        ),
    ],
)
def test_the_first_step_that_fails(
    sites: MakeSites, only: Only, hook: Callable[[Json], Json], place: str, what: str
) -> None:
    """The finding has the example, the step, and what happened instead."""
    fault = only(check_examples(sites(normalize_submission=hook)))

    assert fault.place == place
    assert fault.what.startswith(what)


def test_a_hook_that_raises_in_a_step(sites: MakeSites, only: Only) -> None:
    """The finding has the hook, the step, and the line of the plugin."""

    def store_asset(before: Json | None) -> None:
        assert before is None, "cannot update"

    fault = only(check_examples(sites(store_asset=store_asset)))

    assert fault.place == "store_asset, example 1, updated place, dry run"
    assert fault.what.startswith("raised AssertionError: cannot update (")
    assert "test_examples.py, line " in fault.what


def test_a_hook_that_commits(sites: MakeSites, only: Only) -> None:
    """The dry run fails, because it would write."""

    def store_asset(connection: Connection) -> None:
        connection.exec_driver_sql("COMMIT")

    fault = only(check_examples(sites(store_asset=store_asset)))

    assert str(fault).startswith("example 1, created, dry run: is refused: SQLite gave up the transaction")


def test_an_example_with_a_warning(sites: MakeSites, only: Only, example: Json) -> None:
    """A warning is a fault, because pipeline authors copy the examples."""
    fault = only(check_examples(sites(get_example_submissions=lambda: [{**example, "colour": "grey"}])))

    assert str(fault).startswith("example 1: is answered with a warning: colour: is not a declared field")


def test_a_list_whose_order_counts_is_noted(sites: MakeSites) -> None:
    """The note says that the history of the update would not show a change."""
    (note,) = check_examples(sites())

    assert note.isnote
    assert note.what == "trays in another order is an update whose history shows nothing"
