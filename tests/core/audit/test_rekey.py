"""The audit's key: a wrong one is noticed, and another takes its place."""

import threading
from typing import Any

import pytest

from shopdb_core.audit.entries import AuditChain
from shopdb_core.audit.prune import DAY, Expiry, PruningPlanner
from shopdb_core.audit.verifying.rekey import check_key, rekey
from shopdb_core.audit.verifying.verify import verify
from shopdb_core.clock import utc_now
from shopdb_core.errors import ConfigurationError

NEW = "an-audit-key-for-tests-9876543210-zyxwvu"
OTHER = "another-key-for-tests-1234567890-ghijklm"
OLD = "a-secret-key-for-tests-0123456789-abcdef"


def renew(history: Any) -> tuple[int, int]:
    """Seal the site's audit with the new key; return how many assets were sealed and left."""
    batches = list(rekey(history.shop.store, AuditChain(NEW, OLD), AuditChain(NEW)))
    return sum(batch.renewed for batch in batches), sum(batch.unfit for batch in batches)


def faults(history: Any, *keys: str) -> list[tuple[int | None, str]]:
    """Verify with the keys."""
    batches = verify(history.shop.store, AuditChain(*keys))
    return [(fault.assetid, fault.message) for batch in batches for fault in batch.faults]


@pytest.mark.every_database
def test_entries_and_checkpoints_are_sealed_anew(pruned: Any) -> None:
    """The new key verifies all of it, the old one nothing; a second run finds nothing to do."""
    pruned.submit("PC-2", "A")

    assert renew(pruned) == (2, 0)

    assert faults(pruned, NEW) == []
    assert len(faults(pruned, OLD)) == 5 + 2 + 1
    assert renew(pruned) == (0, 0)


def test_what_is_pruned_and_written_later_follows(pruned: Any) -> None:
    """Pruning joins checkpoints that were sealed anew, and the next entry follows the newest."""
    renew(pruned)
    pruned.shop.chain._seals, pruned.shop.chain.checkpoints = (
        AuditChain(NEW)._seals,
        AuditChain(NEW).checkpoints,
    )
    pruned.submit("PC-1", "F", "F", "G")

    pruned.prune("change")

    assert (pruned.entries(), len(pruned.checkpoints())) == ([12, 13], 1)
    assert faults(pruned, NEW) == []


def test_an_asset_that_does_not_verify_is_left(pruned: Any) -> None:
    """A new seal would hide what was edited."""
    pruned.submit("PC-2", "A")
    pruned.tamper("UPDATE auditentry SET actor = 'nobody' WHERE auditid = 2")

    assert renew(pruned) == (1, 1)

    assert [fault[0] for fault in faults(pruned, NEW, OLD)] == [1]


@pytest.mark.parametrize(
    "edit",
    [
        "DELETE FROM auditentry WHERE auditid = 2",
        "DELETE FROM auditcheckpoint",
        "UPDATE auditcheckpoint SET entries = 9",
    ],
)
def test_a_gap_is_not_closed(pruned: Any, edit: str) -> None:
    """What is missing before is missing after it."""
    pruned.tamper(edit)
    found = faults(pruned, OLD)

    assert renew(pruned) == (0, 1)

    assert faults(pruned, NEW, OLD) == found


@pytest.mark.every_database
def test_a_batch_of_pruning_that_was_planned_before_is_not_executed(pruned: Any) -> None:
    """Its checkpoint would have hashes that no entry follows any more."""
    store, now = pruned.shop.store, utc_now() + DAY
    plan = store.read(PruningPlanner(Expiry("change", now, now), AuditChain(NEW, OLD)))
    assert plan.hashes
    assert plan.checkpoints.deleted
    renew(pruned)

    assert not store.transaction(plan)

    assert faults(pruned, NEW) == []


@pytest.mark.every_database
def test_others_write_meanwhile(history: Any) -> None:
    """A server with the new key first writes to the assets that are sealed anew."""
    for number in range(30):
        history.submit(f"PC-{number}", "A", "A")
    chain = history.shop.chain
    both = AuditChain(NEW, OLD)
    chain._seals, chain.checkpoints = both._seals, both.checkpoints

    def write() -> None:
        for number in range(30):
            history.submit(f"PC-{number}", "B", "B")

    writer = threading.Thread(target=write)
    writer.start()
    renew(history)
    writer.join()
    renew(history)

    assert faults(history, NEW) == []


def test_a_wrong_key_is_one_sentence(history: Any) -> None:
    """It names the settings; the former key has its own sentence."""
    history.submit("PC-1", *"ABCD")

    def check(*keys: str, former: AuditChain | None = None) -> None:
        history.shop.store.read(lambda connection: check_key(connection, AuditChain(*keys), former))

    check(OLD)
    check(NEW, OLD)
    with pytest.raises(ConfigurationError, match=r"None of the 4 audit entries .* SHOPDB_AUDIT_KEY"):
        check(NEW)
    with pytest.raises(ConfigurationError, match="shopdb audit rekey"):
        check(NEW, former=AuditChain(OLD))
    history.tamper("UPDATE auditentry SET actor = 'nobody' WHERE auditid < 4")
    check(OLD)
