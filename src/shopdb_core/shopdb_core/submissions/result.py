"""The sender of a submission, and its result."""

from dataclasses import dataclass
from typing import Literal

from shopdb_core.audit.entries import Action
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
