"""Random sequences of submissions and edits: the audit verifies after each, and undoing restores exactly."""

import os
import random
from collections.abc import Sequence

import pytest
from fleet import MACS, Fleet
from shops import ORIGIN

from shopdb_core.search.marking import index_marked

pytestmark = pytest.mark.every_database

NAMES = tuple(f"PC-{number}" for number in range(6))
KINDS = ("part_of", "near")
STEPS = 60
FULL_SIZE = os.environ.get("SHOPDB_TEST_FULL") == "1"


class Actor:
    """Does random things to a fleet, whatever they are answered; nothing may fail."""

    def __init__(self, fleet: Fleet, seed: int) -> None:
        self._fleet = fleet
        self._random = random.Random(seed)

    def step(self) -> None:
        """Do one thing."""
        does = self._random.choice(
            [self.submit] * 6
            + [self.merge] * 3
            + [self.undo, self.retire, self.relate, self.change] * 2
            + [self.end, self.index]
        )
        does()

    def submit(self) -> None:
        """Submit some computers in one batch, so that they may be one device."""
        names = self._random.choices(NAMES, k=self._random.randint(1, 4))
        for result in self._fleet.shop.submissions.submit_many(
            "computers", map(self._computer, names), ORIGIN
        ):
            assert not isinstance(result, Exception), result

    def _computer(self, hostname: str) -> dict[str, object]:
        chance = self._random
        fields: dict[str, object] = {
            "osname": chance.choice(["A", "B", None]),
            "macaddress": chance.choice([*MACS[:4], None]),
            "installedsoftware": [{"name": chance.choice("XYZ")}],
        }
        return {"hostname": hostname, **{name: fields[name] for name in chance.sample(sorted(fields), k=2)}}

    def merge(self) -> None:
        """Merge two assets; undo that at once half of the time, after which both are as before."""
        kept, gone = self._asset(), self._asset()
        before = self._fleet.whole(kept), self._fleet.whole(gone), self._fleet.relationships()
        answer = self._post(f"/api/assets/{kept}/merge", {"gone": gone})
        if "mergeid" in answer and self._random.random() < 0.5:
            self._fleet.undo(answer["mergeid"])
            after = self._fleet.whole(kept), self._fleet.whole(gone), self._fleet.relationships()
            assert after == before

    def undo(self) -> None:
        """Undo some merge, or release its identity."""
        self._post(
            f"/api/merges/{self._random.randint(1, 12)}/{self._random.choice(['undo', 'undo', 'release'])}"
        )

    def retire(self) -> None:
        """Retire an asset, or restore it."""
        self._post(f"/api/assets/{self._asset()}/retire", {"reason": "x"})
        if self._random.random() < 0.5:
            self._post(f"/api/assets/{self._asset()}/restore")

    def relate(self) -> None:
        """Relate two assets."""
        body = {"targetassetid": self._asset(), "relationshiptype": self._random.choice(KINDS)}
        self._post(f"/api/assets/{self._asset()}/relationships", body)

    def change(self) -> None:
        """Change a field by hand, or the identity."""
        asset = self._asset()
        found = self._fleet.shop.get(f"/api/assets/{asset}")
        patch: dict[str, object] = {"attributes": {"osname": self._random.choice(["A", "C"])}}
        if self._random.random() < 0.3:
            patch = {"identityvalue": self._random.choice(NAMES)}
        self._fleet.shop.client.simulate_patch(
            f"/api/assets/{asset}",
            json=patch,
            headers={**self._fleet.shop.bearer("editor"), "If-Match": found.headers.get("ETag", '"1"')},
        )

    def end(self) -> None:
        """Erase an asset."""
        answer = self._fleet.shop.client.simulate_delete(
            f"/api/assets/{self._asset()}", headers=self._fleet.shop.bearer("admin")
        )
        assert answer.status_code < 500, answer.text

    def index(self) -> None:
        """Index the words of the assets that changed."""
        list(index_marked(self._fleet.shop.store, lambda: None))

    def _asset(self) -> int:
        return self._random.randint(1, max(1, self._fleet.shop.count("asset")))

    def _post(self, path: str, body: object = None) -> dict[str, int]:
        options = {} if body is None else {"json": body}
        answer = self._fleet.shop.client.simulate_post(
            path, headers=self._fleet.shop.bearer("admin"), **options
        )
        assert answer.status_code < 500, answer.text
        found: dict[str, int] = answer.json
        return found


@pytest.mark.parametrize("seed", range(5 if FULL_SIZE else 2))
def test_the_audit_verifies_after_whatever_happened(fleet: Fleet, seed: int) -> None:
    """Also the rows of the plugin follow from the assets; merges that are left can be undone."""
    actor = Actor(fleet, seed)
    actor.submit()
    for step in range(STEPS):
        actor.step()
        if step % 15 == 14:
            assert fleet.faults() == []
    assert fleet.faults() == []
    in_force = "SELECT mergeid FROM assetmerge WHERE undoneat IS NULL ORDER BY mergeid DESC"
    for (mergeid,) in fleet.shop.rows(in_force):
        answer = fleet.shop.client.simulate_post(
            f"/api/merges/{mergeid}/undo", headers=fleet.shop.bearer("admin")
        )
        assert answer.status_code in (200, 409), answer.text
    assert fleet.faults() == []


@pytest.mark.parametrize("seed", range(8 if FULL_SIZE else 3))
def test_merges_are_undone_exactly_in_any_order_that_is_allowed(fleet: Fleet, seed: int) -> None:
    """Fields, evidence and states always; relationships, too, from the last merge to the first."""
    chance = random.Random(seed)
    assets = [
        fleet.computer(name, macaddress=chance.choice(MACS[:8]), **_some(chance, ("osname", "osversion")))
        for name in NAMES
    ]
    pairs = {(chance.choice(assets), chance.choice(assets)) for _ in range(8)}
    for source, target in sorted(pairs):
        if source != target:
            fleet.relate(source, target)
    before = [fleet.whole(each) for each in assets]
    merges = _random_merges(fleet, chance, assets)
    assert merges
    in_order = seed % 2 == 0
    left = merges[::-1] if in_order else chance.sample(merges, k=len(merges))
    while left:
        undone = next(each for each in left if _undo(fleet, each))
        assert not in_order or undone == left[0]
        left.remove(undone)
        assert fleet.faults() == []
    after = [fleet.whole(each) for each in assets]
    parts = slice(None) if in_order else slice(-1)
    assert [each[parts] for each in after] == [each[parts] for each in before]


def _some(chance: random.Random, names: Sequence[str]) -> dict[str, str]:
    return {name: chance.choice("AB") for name in names if chance.random() < 0.5}


def _random_merges(fleet: Fleet, chance: random.Random, assets: Sequence[int]) -> list[int]:
    merges = []
    for _ in range(12):
        kept, gone = chance.sample(assets, k=2)
        answer = fleet.shop.client.simulate_post(
            f"/api/assets/{kept}/merge", json={"gone": gone}, headers=fleet.shop.bearer("admin")
        )
        if answer.status_code == 200:
            merges.append(answer.json["mergeid"])
    return merges


def _undo(fleet: Fleet, mergeid: int) -> bool:
    answer = fleet.shop.client.simulate_post(
        f"/api/merges/{mergeid}/undo", headers=fleet.shop.bearer("admin")
    )
    assert answer.status_code in (200, 409), answer.text
    return answer.status_code == 200
