"""Merges, their undoing and erasing beside submissions and each other, from several threads."""

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest
from fleet import MACS, Fleet
from shops import ORIGIN

from shopdb_core.edits.edit import Editor
from shopdb_core.edits.merges.unmerging import Unmerging
from shopdb_core.store import Connection

pytestmark = pytest.mark.every_database

ROUNDS = 12


def together(*works: Callable[[int], None]) -> None:
    """Do each work some times, all at the same time; raises what one raised."""

    def repeat(work: Callable[[int], None]) -> None:
        for number in range(ROUNDS):
            work(number)

    with ThreadPoolExecutor(len(works)) as pool:
        for done in [pool.submit(repeat, work) for work in works]:
            done.result()


def post(fleet: Fleet, path: str, body: object = None) -> int:
    """Post as an admin; it may be refused, and must not fail."""
    options = {} if body is None else {"json": body}
    answer = fleet.shop.client.simulate_post(path, headers=fleet.shop.bearer("admin"), **options)
    assert answer.status_code in (200, 201, 404, 409, 410, 422), answer.text
    return answer.status_code


@contextmanager
def undoing_slowly(fleet: Fleet, mergeid: int) -> Iterator[None]:
    """Undo a merge in a transaction that commits during the block, or right before it on SQLite."""
    undo = Unmerging(mergeid, Editor(ORIGIN, fleet.shop.chain, fleet.shop.plugins))
    done = threading.Event()

    def work(connection: Connection) -> None:
        undo(connection)
        done.set()
        time.sleep(0.5)

    with ThreadPoolExecutor(1) as pool:
        slow = pool.submit(fleet.shop.store.transaction, work)
        assert done.wait(30)
        yield
        slow.result()


def test_edits_race_submissions(fleet: Fleet) -> None:
    """Submissions under both names, while the two are merged, parted and related again and again."""
    one, two = fleet.computer("PC-1", macaddress=MACS[1]), fleet.computer("PC-2")
    cell = fleet.cell("Cell 1")

    def submit(number: int) -> None:
        batch = [{"hostname": f"PC-{1 + number % 2}", "osname": str(number)}, {"hostname": "PC-2"}]
        for result in fleet.shop.submissions.submit_many("computers", batch, ORIGIN):
            assert not isinstance(result, Exception), result

    def merge(number: int) -> None:
        post(fleet, f"/api/assets/{two}/merge", {"gone": one})
        post(fleet, f"/api/merges/{number + 1}/undo")

    def relate(number: int) -> None:
        post(
            fleet,
            f"/api/assets/{cell}/relationships",
            {"targetassetid": one, "relationshiptype": f"k{number}"},
        )

    together(submit, submit, merge, relate)
    assert fleet.shop.count("asset") == 3
    assert fleet.faults() == []


def test_two_merges_race(fleet: Fleet) -> None:
    """Two assets into each other, at the same time: one of the merges is refused, and no circle arises."""
    one, two = fleet.computer("PC-1"), fleet.computer("PC-2")

    def merge(kept: int, gone: int) -> Callable[[int], None]:
        def work(number: int) -> None:
            post(fleet, f"/api/assets/{kept}/merge", {"gone": gone})
            post(fleet, f"/api/merges/{number + 1}/undo")

        return work

    together(merge(one, two), merge(two, one))
    in_force = fleet.shop.rows("SELECT mergeid FROM assetmerge WHERE undoneat IS NULL")
    assert len(in_force) <= 1
    assert sum(fleet.state(each)[0] == "merged" for each in (one, two)) == len(in_force)
    assert fleet.faults() == []


def test_undoing_two_merges_of_one_relationship_races(fleet: Fleet) -> None:
    """One leaves the relationship to the other, which waits for it and then restores it."""
    kept, gone = fleet.computer("PC-1"), fleet.computer("PC-2")
    other, into = fleet.computer("PC-3"), fleet.computer("PC-4")
    fleet.relate(kept, other)
    fleet.relate(gone, other)
    before = fleet.relationships()
    first, second = fleet.merge(kept, gone)["mergeid"], fleet.merge(into, other)["mergeid"]

    with undoing_slowly(fleet, first):
        assert fleet.undo(second)["lost"] == []

    assert fleet.relationships() == before
    assert fleet.faults() == []


def test_undoing_merges_keeps_what_another_has_left_to_a_third(fleet: Fleet) -> None:
    """Two of them write into the record of the same later merge: one a relationship, the other a field."""
    one, gone, kept = fleet.computer("PC-1"), fleet.computer("PC-2"), fleet.computer("PC-3")
    first, second = fleet.computer("PC-4", osname="A"), fleet.computer("PC-5", osname="B")
    fleet.relate(gone, second)
    related = fleet.relate(one, second)
    leaving, earlier, later = (
        fleet.merge(*pair)["mergeid"] for pair in ((one, gone), (kept, first), (kept, second))
    )
    path = f"/api/assets/{one}/relationships/{related}"
    assert fleet.shop.client.simulate_delete(path, headers=fleet.shop.bearer("admin")).status_code == 204

    with undoing_slowly(fleet, leaving):
        fleet.undo(earlier)

    fleet.undo(later)
    assert (gone, second, "part_of") in fleet.relationships()
    assert fleet.faults() == []


def test_erasing_races_submissions_and_merges(fleet: Fleet) -> None:
    """What was erased stays so, and its identity is that of a new asset."""
    fleet.computer("PC-2")

    def submit(number: int) -> None:
        fleet.shop.submit("computers", {"hostname": "PC-1", "osname": str(number)})

    def merge(number: int) -> None:
        post(fleet, f"/api/assets/{number + 1}/merge", {"gone": number + 2})

    def erase(number: int) -> None:
        path = f"/api/assets/{number + 1}"
        answer = fleet.shop.client.simulate_delete(path, headers=fleet.shop.bearer("admin"))
        assert answer.status_code in (200, 404, 409, 410), answer.text

    together(submit, merge, erase)
    assert fleet.faults() == []
