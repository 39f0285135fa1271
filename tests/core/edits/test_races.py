"""Edits that race each other or submissions: one order wins, nothing is lost, and the audit agrees."""

from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest
from editing import PC, faults, patch, restore, retire
from shops import ORIGIN, Shop

pytestmark = pytest.mark.every_database

ROUNDS = 6


def together(*calls: Callable[[], Any]) -> list[Any]:
    """Start calls at the same moment, each in a thread, and return their results."""
    barrier = Barrier(len(calls))

    def start(call: Callable[[], Any]) -> Any:
        barrier.wait(timeout=20)
        return call()

    with ThreadPoolExecutor(len(calls)) as pool:
        return [each.result(timeout=120) for each in [pool.submit(start, call) for call in calls]]


def test_one_of_two_who_read_the_same_version_wins(stocked: Shop) -> None:
    """The other gets 412, and the audit has one entry for each version."""
    for version in range(1, ROUNDS):
        answers = together(
            lambda version=version: patch(
                stocked, {"attributes": {"osname": f"A{version}"}}, version=version
            ),
            lambda version=version: patch(
                stocked, {"attributes": {"osname": f"B{version}"}}, version=version
            ),
        )
        assert sorted(answer.status_code for answer in answers) == [200, 412]

    assert len(stocked.get("/api/assets/1/history").json["items"]) == ROUNDS
    assert faults(stocked) == []


def test_one_of_two_assets_gets_an_identity(stocked: Shop) -> None:
    """The other gets 409, and a submission that creates it meanwhile leaves it to neither."""
    for number in range(ROUNDS):
        body = {"identityvalue": f"NEW-{number}"}
        *answers, submitted = together(
            lambda body=body: patch(stocked, body),
            lambda body=body: patch(stocked, body, 2),
            lambda body=body: stocked.submit("computers", {"hostname": body["identityvalue"]}),
        )
        statuses = Counter(answer.status_code for answer in answers)
        assert statuses == ({409: 2} if submitted.action == "created" else {200: 1, 409: 1})

    assert faults(stocked) == []


def test_two_assets_that_swap_identities_do_not_wait_for_each_other(stocked: Shop) -> None:
    """Each is refused or succeeds; no transaction is given up."""
    for _ in range(ROUNDS):
        one, other = (stocked.get(f"/api/assets/{assetid}").json["identityvalue"] for assetid in (1, 2))
        answers = together(
            lambda other=other: patch(stocked, {"identityvalue": other}),
            lambda one=one: patch(stocked, {"identityvalue": one}, 2),
        )
        assert [answer.status_code for answer in answers] == [409, 409]
    assert faults(stocked) == []


def test_retiring_races_submissions(stocked: Shop) -> None:
    """Whichever comes last, a retired asset has no rows, and a restored one those of its fields."""
    for number in range(ROUNDS):
        submission = {**PC, "installedsoftware": [{"name": f"Program {number}"}]}
        together(
            lambda: retire(stocked),
            lambda submission=submission: stocked.submit("computers", submission),
            lambda submission=submission: stocked.submit("computers", {**submission, "osname": "Debian"}),
        )
        assert faults(stocked) == []
        together(lambda: restore(stocked), lambda: stocked.submit("computers", PC))
        assert faults(stocked) == []

    assert stocked.get("/api/assets/1").json["state"] == "active"


def test_changing_races_submissions(stocked: Shop) -> None:
    """A change is stored or refused by its version; every entry follows from the one before."""
    for number in range(ROUNDS):
        answer, *_ = together(
            lambda number=number: patch(stocked, {"attributes": {"osname": f"Person {number}"}}),
            lambda number=number: stocked.submit("computers", {**PC, "osname": f"Collector {number}"}),
            lambda number=number: stocked.submit(
                "computers", {"hostname": "PC-2", "osname": f"Other {number}"}
            ),
        )
        assert answer.status_code in (200, 412)

    assert faults(stocked) == []


def test_batches_and_edits_cross(stocked: Shop) -> None:
    """Submissions lock many assets in the order of identities, edits one asset and then another identity."""
    lines = [{"hostname": f"PC-{number}", "osname": "X"} for number in range(1, 9)]
    for number in range(ROUNDS):
        batch = [{**line, "osname": f"X{number}"} for line in lines]
        results, *answers = together(
            lambda batch=batch: stocked.submissions.submit_many("computers", batch[::-1], ORIGIN),
            lambda number=number: patch(stocked, {"identityvalue": f"A{number}"}, 2),
            lambda: retire(stocked),
        )
        assert not [result for result in results if isinstance(result, Exception)]
        assert {answer.status_code for answer in answers} <= {200, 409, 412}
    assert faults(stocked) == []
