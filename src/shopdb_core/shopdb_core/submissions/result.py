"""The sender of a submission, its outcome in the database, and its result for the sender."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from shopdb_core.assets.duplicates.evidence import NO_EVIDENCE, EvidenceMatch
from shopdb_core.assets.rows import StoredAsset
from shopdb_core.assets.sources import NO_RANKING, Ranking
from shopdb_core.audit.entries import Action, AuditEntry
from shopdb_hookspecs import JsonObject

COLLECTED_AT = "X-Collected-At"
"""The header that says when the devices of a request were looked at (contract 2)."""

MatchedBy = Literal["identity", "secondaryidentity"]


@dataclass(frozen=True, slots=True)
class Origin:
    """Who submits, in which request and from which address, and what the request says of its submissions.

    `clientaddress` is `None` where there is no client, as for a program that uses ShopDB as a library.
    `source` is the name of the key, `collectedat` when the devices were looked at: `None` is now. `warnings`
    are those about the request, for the sender of each submission.
    """

    actor: str
    requestid: str
    clientaddress: str | None = None
    source: str | None = None
    collectedat: datetime | None = None
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SitePolicy:
    """What a site says of the submissions to one plugin.

    `adoptsafter` is how long an asset must not have been submitted to be adopted; `None` adopts none.
    """

    adoptsafter: timedelta | None = None
    ranking: Ranking = NO_RANKING


@dataclass(frozen=True, slots=True)
class Match:
    """The asset that was found and locked, and by which identity.

    For a new identity also the assets that have its secondary identity.
    """

    asset: StoredAsset | None
    by: MatchedBy | None
    evidence: EvidenceMatch = NO_EVIDENCE


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one submission did to its asset: its audit entry, the entry's id, the diff and the match.

    The warnings are about duplicates of the asset.
    """

    auditid: int
    entry: AuditEntry
    diff: JsonObject
    match: Match
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SubmissionResult:
    """What a submission did, or in a dry run would do.

    `assetid` is `None` for an asset that a dry run would create; `matchedby` is `None` if no asset
    matched. Each warning is a sentence that begins with the field it concerns.
    """

    action: Action
    assetid: int | None
    identityvalue: str
    warnings: tuple[str, ...]
    diff: JsonObject
    matchedby: MatchedBy | None
