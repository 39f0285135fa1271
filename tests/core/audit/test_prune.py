"""Pruning: which entries are deleted, and the checkpoints that replace them."""

import json
import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from shops import ORIGIN, Shop

from shopdb_core.audit.diffs import replay
from shopdb_core.audit.prune import BATCH, expiries, prune
from shopdb_core.clock import utc_now
from shopdb_core.store import open_store
from shopdb_core.submissions import Submissions

pytestmark = pytest.mark.every_database

FORGED = "was changed after it was written, or the audit's key has changed"


def test_each_kind_is_pruned_separately(history):
    """Noops and volatile changes are one kind; creations and all other changes are the other."""
    history.submit("PC-1", "A", "A", "B")
    history.submit("PC-1", "B", boot=2)
    history.submit("PC-1", "C", "D")

    history.prune("noop")
    assert history.entries() == [1, 3, 5, 6]
    history.prune("change")
    assert history.entries() == [6]
    assert history.faults() == set()


def test_a_checkpoint_replaces_consecutive_entries(pruned):
    """There is one checkpoint between two entries that are kept."""
    assert [checkpoint[:3] for checkpoint in pruned.checkpoints()] == [(3, 5, 3), (8, 9, 2)]
    assert {checkpoint[3] for checkpoint in pruned.checkpoints()} == {"{}"}
    assert pruned.faults() == set()


def test_a_checkpoint_has_the_net_change(history):
    """Successive boot times are one change from the first to the last."""
    history.submit("PC-1", "A", boot=1)
    for boot in (2, 3, 4):
        history.submit("PC-1", "A", boot=boot)
    history.submit("PC-1", "B", boot=4)
    history.prune("noop")

    ((*_, diff),) = history.checkpoints()

    change = json.loads(diff)["lastboottime"]
    assert (change["before"][:10], change["after"][:10]) == ("2026-01-01", "2026-01-04")
    assert history.faults() == set()


def test_checkpoints_that_meet_become_one(pruned):
    """When the change between two checkpoints is pruned, they are joined."""
    pruned.prune("change", before=10)

    ((first, last, entries, diff),) = pruned.checkpoints()
    assert (first, last, entries, pruned.entries()) == (1, 9, 9, [10])
    assert json.loads(diff)["osname"] == {"before": None, "after": "D"}
    assert pruned.faults() == set()


def test_a_checkpoint_grows_with_each_pruning(history):
    """Any number of noops has one row."""
    history.submit("PC-1", "A")
    for _ in range(3):
        history.submit("PC-1", "A", "A", "A")
        history.prune("noop")

    assert history.checkpoints() == [(2, 9, 8, "{}")]
    assert history.entries() == [1, 10]
    assert history.faults() == set()


def test_the_asset_is_rebuilt_from_what_is_left(history):
    """Replaying checkpoints and entries gives the stored attributes."""
    history.submit("PC-1", "A", "B", "C", "D")
    history.prune("change")
    diffs = history.shop.rows(
        "SELECT diff FROM (SELECT lastauditid AS id, diff FROM auditcheckpoint"
        " UNION SELECT auditid, diff FROM auditentry) AS links ORDER BY id"
    )
    attributes = {}

    assert [fault for (diff,) in diffs for fault in replay(attributes, json.loads(diff))] == []
    assert attributes == history.shop.get("/api/assets/1").json["attributes"]


def test_the_newest_entry_is_kept_at_any_age(history):
    """The next entry follows it in the chain."""
    history.submit("PC-1", "A", "A")
    history.submit("PC-2", "A")
    history.prune("noop")
    history.prune("change")

    assert history.entries() == [2, 3]
    history.submit("PC-1", "A")
    history.submit("PC-2", "B")
    assert history.faults() == set()


def test_an_entry_that_was_the_newest_is_pruned_once_it_has_a_successor(history):
    """The entries of a computer that is rarely submitted are pruned too."""
    history.submit("PC-1", "A", "A")
    history.prune("noop")
    assert history.entries() == [1, 2]
    history.submit("PC-1", "A")

    history.prune("noop")

    assert history.entries() == [1, 3]
    assert history.faults() == set()


def test_what_is_younger_stays_until_it_is_not(history):
    """Pruning stops at the first entry that is too young, and continues there the next time."""
    history.submit("PC-1", "A", *"AAAAAA")

    history.prune("noop", before=4)
    assert history.entries() == [1, 4, 5, 6, 7]
    history.prune("noop", before=6)
    assert history.entries() == [1, 6, 7]


def test_an_entry_from_a_clock_that_went_wrong_stops_nothing(history, age):
    """An entry from the future is skipped; those after it are pruned."""
    history.submit("PC-0", "A", "A", "A")
    age(history.shop.settings.database_url, history.shop.settings.secret_key, -400)
    history.submit("PC-1", "A", "A", "A")

    history.prune("noop")

    assert history.entries() == [1, 2, 3, 4, 6]


def test_more_than_a_batch_is_pruned_in_batches(history):
    """Each batch is a transaction; a checkpoint grows across batches."""
    for _ in range(BATCH):
        history.submit("PC-1", "A")
        history.submit("PC-2", "A")

    batches = history.prune("noop")

    assert [batch.entries for batch in batches] == [BATCH - 2, BATCH - 2]
    assert history.entries() == [1, 2, 2 * BATCH - 1, 2 * BATCH]
    assert [checkpoint[2] for checkpoint in history.checkpoints()] == [BATCH - 2, BATCH - 2]
    assert history.faults() == set()


def test_what_was_kept_is_not_looked_at_again(history):
    """Without newly expired entries there are no batches."""
    history.submit("PC-1", "A", "B", "C")
    history.prune("noop")

    assert history.prune("noop") == []


def test_two_prunings_at_once_do_no_harm(history):
    """Two processes, each with a store of its own, share the work."""
    for _ in range(30):
        history.submit("PC-1", "A")
        history.submit("PC-2", "A")
    site = history.shop
    other = replace(history, shop=Shop(site.settings, site.plugins, open_store(site.settings)))
    counts = []

    def work(one):
        counts.extend(batch.entries for kind in ("noop", "change") for batch in one.prune(kind))

    threads = [threading.Thread(target=work, args=[one]) for one in (history, other)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    other.shop.store.close()

    assert sum(counts) == 58
    assert history.entries() == [59, 60]
    assert len(history.checkpoints()) == 2
    assert history.faults() == set()


def test_an_entry_with_a_wrong_hash_is_kept_as_evidence(history):
    """Pruning must not delete what verifying would find."""
    history.submit("PC-1", "A", *"AAAAAA")
    history.tamper("UPDATE auditentry SET actor = 'nobody' WHERE auditid = 4")
    found = history.faults()

    (batch, *_) = history.prune("noop")

    assert (batch.entries, batch.unfit) == (4, 1)
    assert history.entries() == [1, 4, 7]
    assert (
        found
        == history.faults()
        == {"the entry was changed after it was written, or the audit's key has changed"}
    )


def test_an_entry_that_is_missing_stays_missing(history):
    """A checkpoint does not cover an entry that was missing before."""
    history.submit("PC-1", "A", *"AAAAAA")
    history.tamper("DELETE FROM auditentry WHERE auditid = 4")
    found = history.faults()

    history.prune("noop")

    assert [checkpoint[:3] for checkpoint in history.checkpoints()] == [(2, 3, 2), (5, 6, 2)]
    assert found == {"the entry does not follow the one before it: an entry is missing"}
    assert history.faults() == {"the checkpoint does not follow the one before it: an entry is missing"}


def test_a_forged_checkpoint_is_not_joined(pruned):
    """Joining it would seal it with the site's key."""
    pruned.tamper("UPDATE auditcheckpoint SET entries = 2 WHERE lastauditid = 5")

    pruned.prune("change", before=10)

    assert pruned.faults() == {
        "the checkpoint was changed after it was written, or the audit's key has changed"
    }


def prune_at(history, now, *, force=False):
    """Return how many noops a server prunes when its clock shows `now`, and if more have expired."""
    expiring = expiries(history.shop.settings, now, force=force)
    batches = list(prune(history.shop.store, history.shop.chain, expiring, pause=lambda _: None))
    return sum(batch.entries for batch in batches), any(batch.postponed for batch in batches)


def test_a_clock_that_jumps_ahead_prunes_a_share(history, age):
    """Nothing before an entry is committed since; then a share a day, which `force` exceeds."""
    for _ in range(150):
        history.submit("PC-1", "A", "A")
    jumped = datetime.now(UTC) + timedelta(60)
    assert prune_at(history, jumped) == (0, False)
    age(history.shop.settings.database_url, history.shop.settings.secret_key, 60)
    jumped -= timedelta(60)
    assert prune_at(history, jumped) == (0, False)

    history.submit("PC-2", "A")

    jumped += timedelta(seconds=1)
    assert prune_at(history, jumped) == (BATCH - 1, True)
    assert prune_at(history, jumped + timedelta(hours=23)) == (0, True)
    assert prune_at(history, jumped + timedelta(hours=25)) == (BATCH, True)
    assert prune_at(history, jumped + timedelta(hours=26), force=True) == (99, False)
    assert history.entries() == [1, 300, 301]
    assert history.faults() == set()


def test_a_clock_that_went_back_begins_another_day(history, age):
    """A day that began in the future is not waited for."""
    history.submit("PC-1", *"A" * 150)
    age(history.shop.settings.database_url, history.shop.settings.secret_key, 60)
    history.submit("PC-2", "A")
    now = datetime.now(UTC)
    assert prune_at(history, now + timedelta(300)) == (BATCH - 1, True)

    assert prune_at(history, now + timedelta(1)) == (49, False)


def test_the_time_last_seen_never_goes_back(history):
    """A submission by a clock that went back does not change it, whatever else it changes."""
    shop = history.shop
    ahead = Submissions(
        shop.settings,
        shop.plugins,
        shop.store,
        shop.chain,
        shop.recorder,
        clock=lambda: utc_now() + timedelta(400),
    )
    ahead.submit("computers", {"hostname": "PC-1", "osname": "A"}, ORIGIN)
    seen = history.shop.get("/api/assets/1").json["lastseenat"]

    history.submit("PC-1", "A", "B")

    assert history.shop.get("/api/assets/1").json["lastseenat"] == seen
    assert history.faults() == set()
