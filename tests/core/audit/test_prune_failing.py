"""A batch of pruning that cannot be finished."""

import pytest


def test_a_batch_that_fails_leaves_all_as_it_was(pruned):
    """The entries, the checkpoints and the position are of one transaction."""
    before = (pruned.entries(), pruned.checkpoints(), pruned.shop.rows("SELECT * FROM auditpruning"))
    pruned.tamper("CREATE TRIGGER full BEFORE UPDATE ON auditpruning BEGIN SELECT RAISE(ABORT, 'full'); END")

    with pytest.raises(Exception, match="full"):
        pruned.prune("change")

    after = (pruned.entries(), pruned.checkpoints(), pruned.shop.rows("SELECT * FROM auditpruning"))
    assert after == before
