"""What the outcome of an upsert means: the answer for its sender, the change for observers."""

from shopdb_core.collect.answer import Answer
from shopdb_core.collect.witness import Outcome
from shopdb_hookspecs import AssetChange


def answer_of(warnings: tuple[str, ...], outcome: Outcome, *, dryrun: bool) -> Answer:
    """Tell the sender; what a dry run would create has no id."""
    entry = outcome.entry
    return Answer(
        action=entry.action,
        assetid=None if dryrun and entry.action == "created" else entry.assetid,
        identityvalue=entry.identityvalue,
        warnings=warnings + outcome.match.warnings,
        diff=outcome.diff,
        matchedby=outcome.match.by,
    )


def change_of(outcome: Outcome) -> AssetChange:
    """Tell the observers of anything but a noop."""
    entry = outcome.entry
    assert entry.plugin is not None
    assert entry.action != "noop"
    return AssetChange(
        auditid=outcome.auditid,
        at=entry.at,
        plugin=entry.plugin,
        action=entry.action,
        assetid=entry.assetid,
        identityvalue=entry.identityvalue,
        diff=outcome.diff,
        volatileonly=entry.volatileonly,
        actor=entry.actor,
        requestid=entry.requestid,
    )
