"""Joining runs of entries."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from shopdb_core.audit.checkpoints import Run, join_runs
from shopdb_core.json_text import canonical_text

START = datetime(2026, 1, 1, tzinfo=UTC)


def entry(number: int, assetid: int = 1) -> Run:
    """Return one entry of a history that counts up."""
    return Run(
        assetid=assetid,
        firstauditid=number,
        lastauditid=number,
        entries=1,
        firstat=START + timedelta(number),
        lastat=START + timedelta(number),
        previoushash=bytes([assetid, number - 1]) if number > 1 else None,
        lasthash=bytes([assetid, number]),
        diff=canonical_text({"n": {"before": number - 1, "after": number}}),
    )


def test_a_run_has_the_ends_of_its_entries():
    """First and last entry, their times and hashes, how many, and the net change."""
    (run,) = join_runs([entry(2), entry(3), entry(4)])

    assert run == replace(
        entry(2),
        lastauditid=4,
        entries=3,
        lastat=entry(4).lastat,
        lasthash=entry(4).lasthash,
        diff='{"n":{"after":4,"before":1}}',
    )


def test_entries_that_are_kept_stay_between_runs():
    """The entries of a run are consecutive."""
    assert [run.entries for run in join_runs([entry(1), entry(2), entry(4)])] == [2, 1]


def test_assets_have_runs_of_their_own():
    """Runs of two assets are not joined, even if ids and hashes match."""
    assert len(join_runs([entry(1, assetid=1), entry(2, assetid=2)])) == 2


def test_entries_whose_diffs_contradict_stay_apart():
    """Their hashes match, but a net change would hide the fault."""
    wrong = replace(entry(2), diff='{"n":{"after":2,"before":7}}')

    assert join_runs([entry(1), wrong]) == [entry(1), wrong]


@given(order=st.permutations(range(1, 9)))
def test_joining_in_any_order_has_the_same_result(order):
    """The order of pruning does not change the run that results."""
    runs = []
    for number in order:
        runs = join_runs([*runs, entry(number)])

    assert runs == join_runs(map(entry, range(1, 9)))
    assert [run.entries for run in runs] == [8]
