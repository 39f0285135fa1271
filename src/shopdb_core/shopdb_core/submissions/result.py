"""The sender of a submission, what is stored of it, its outcome, and its result for the sender."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

from shopdb_core.assets.identity import NO_EVIDENCE, EvidenceMatch
from shopdb_core.assets.rows import StoredAsset
from shopdb_core.audit.entries import Action, AuditEntry
from shopdb_core.submissions.pipeline import PreparedSubmission
from shopdb_hookspecs import JsonObject

MatchedBy = Literal["identity", "secondaryidentity"]


@dataclass(frozen=True, slots=True)
class Origin:
    """Who submits, in which request and from which address; the audit entry has all three.

    `clientaddress` is `None` where there is no client, as for a program that uses ShopDB as a library.
    """

    actor: str
    requestid: str
    clientaddress: str | None = None


@dataclass(frozen=True, slots=True)
class Repeated:
    """A submission whose body changed nothing when it came last, and its asset, which is locked."""

    origin: Origin
    stored: StoredAsset
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Submitted:
    """A prepared submission; its body is recognised by `bodydigest` from now on, unless that is `None`.

    `warnings` are about the asset to which its identity leads.
    """

    origin: Origin
    prepared: PreparedSubmission
    adoptsafter: timedelta | None
    bodydigest: bytes | None
    warnings: tuple[str, ...] = ()


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
