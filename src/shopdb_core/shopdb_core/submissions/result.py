"""Who submits, and what a submission did."""

from dataclasses import dataclass
from typing import Literal

from shopdb_core.audit.entries import Action
from shopdb_hookspecs import JsonObject

MatchedBy = Literal["identity", "secondaryidentity"]


@dataclass(frozen=True, slots=True)
class Origin:
    """Who submits, and in which request; both stand in the audit entry."""

    actor: str
    requestid: str


@dataclass(frozen=True, slots=True)
class SubmissionResult:
    """What a submission did, or in a dry run would do.

    `assetid` is `None` for an asset that a dry run would create; `matchedby` is `None` where no asset
    matched. `warnings` are sentences that begin with the field they concern.
    """

    action: Action
    assetid: int | None
    identityvalue: str
    warnings: tuple[str, ...]
    diff: JsonObject
    matchedby: MatchedBy | None
