"""Verifying a pruned history: checkpoints cover the pruned entries, and no others."""

import pytest

from shopdb_core.audit.verifying.verify import BATCH

ENTRY_ASTRAY = "the entry does not follow the one before it: an entry is missing"
CHECKPOINT_ASTRAY = "the checkpoint does not follow the one before it: an entry is missing"
FORGED = "the checkpoint was changed after it was written, or the audit's key has changed"
CONTRADICTS = "osname: `before` is not the previous `after`"
NO_END = "the newest entry is missing"


def test_what_was_pruned_is_counted(pruned):
    """Kept and pruned entries are counted separately."""
    (batch, _) = pruned.verify()

    assert (batch.assets, batch.entries, batch.pruned, batch.faults) == (1, 5, 5, ())


def test_a_checkpoint_may_be_the_first_of_an_asset(pruned):
    """Where the creation was pruned, the checkpoint begins the chain."""
    pruned.prune("change")

    (batch, _) = pruned.verify()
    assert (batch.entries, batch.pruned, batch.faults) == (1, 9, ())


@pytest.mark.parametrize(
    ("auditid", "expected"),
    [(1, {ENTRY_ASTRAY}), (2, {CHECKPOINT_ASTRAY}), (7, {CHECKPOINT_ASTRAY, CONTRADICTS}), (10, {NO_END})],
)
def test_an_entry_deleted_by_hand_is_found(pruned, auditid, expected):
    """The checkpoint next to it does not cover it."""
    pruned.tamper(f"DELETE FROM auditentry WHERE auditid = {auditid}")

    assert pruned.faults() >= expected


def test_a_deleted_checkpoint_is_found(pruned):
    """What it stood for is missing."""
    pruned.tamper("DELETE FROM auditcheckpoint WHERE lastauditid = 5")

    assert pruned.faults() == {ENTRY_ASTRAY}


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ("entries = 9", set()),
        ("seal = zeroblob(32)", set()),
        ("firstauditid = 4", set()),
        ("firstat = '2020-01-01 00:00:00.000000'", set()),
        ("lastat = '2020-01-01 00:00:00.000000'", set()),
        ("previoushash = NULL", {CHECKPOINT_ASTRAY}),
        ("lasthash = zeroblob(32)", {ENTRY_ASTRAY}),
        ("""diff = '{"osname":{"before":"B","after":"X"}}'""", {CONTRADICTS}),
        ("lastauditid = 99", {ENTRY_ASTRAY, CHECKPOINT_ASTRAY, NO_END}),
    ],
)
def test_a_forged_checkpoint_is_found(pruned, change, expected):
    """Every column is sealed."""
    pruned.tamper(f"UPDATE auditcheckpoint SET {change} WHERE lastauditid = 5")

    assert pruned.faults() >= {FORGED, *expected}


def test_a_checkpoint_of_another_asset_fits_nowhere(history):
    """A seal is of one asset's run."""
    for hostname in ("PC-1", "PC-2"):
        history.submit(hostname, *"AAAB")
    history.prune("noop")
    history.tamper("DELETE FROM auditcheckpoint WHERE assetid = 1", "UPDATE auditcheckpoint SET assetid = 1")

    assert history.faults() >= {ENTRY_ASTRAY, CHECKPOINT_ASTRAY, FORGED}


def test_a_checkpoint_cannot_replace_the_newest_entry(history):
    """The last link of a chain is an entry, also for an asset with one entry."""
    history.submit("PC-1", "A", "A", "B")
    history.prune("noop")
    history.tamper("DELETE FROM auditentry", "UPDATE asset SET chainhash = NULL")

    assert NO_END in history.faults()


def test_assets_without_entries_are_distinguished_from_those_between(history):
    """Assets are read in batches, their entries in a stream; neither mixes up whose they are."""
    for number in range(BATCH + 1):
        history.submit(f"PC-{number}", "A", "A", "B")
    history.prune("noop")
    history.tamper(
        f"DELETE FROM auditcheckpoint WHERE assetid IN (2, {BATCH})",
        f"DELETE FROM auditentry WHERE assetid IN (2, {BATCH})",
    )

    faults = [(fault.assetid, fault.message) for batch in history.verify() for fault in batch.faults]

    assert faults == [(2, "the asset has no audit entry"), (BATCH, "the asset has no audit entry")]
    assert sum(batch.assets for batch in history.verify()) == BATCH + 1
