"""The JSON of the answers, as JSON Schema; the OpenAPI document names each record by its title."""

from typing import get_args

from shopdb_core.access.events import ACTIONS
from shopdb_core.access.tokens import ROLES
from shopdb_core.assets.duplicates.findings import Kind
from shopdb_core.assets.listed_ids import STATES
from shopdb_core.audit.entries import Action
from shopdb_core.operations.health.readiness import ReadinessStatus
from shopdb_core.web.json_schema import (
    COUNT,
    ID,
    IDS,
    OBJECT,
    TEXT,
    TEXTS,
    TIME,
    TRUTH,
    extended,
    nullable,
    record,
)
from shopdb_core.webhooks.state import WebhookStatus
from shopdb_hookspecs import JsonObject

WRITTEN = record(
    "SubmissionResult",
    status={"const": "ok"},
    action={"enum": ["created", "updated", "noop"]},
    assetid=nullable(ID),
    identityvalue=TEXT,
    warnings=TEXTS,
)
SUBMITTED: JsonObject = {
    **extended(
        "SubmissionAnswer",
        WRITTEN,
        diff=OBJECT,
        matchedby={"enum": ["identity", "secondaryidentity", None]},
    ),
    "required": WRITTEN["required"],
}
"""The answer to a submission; a dry run has `diff` and `matchedby`, too, and no id of a new asset."""

ASSET = record(
    "Asset",
    assetid=ID,
    assettype=TEXT,
    identityvalue=TEXT,
    attributes=OBJECT,
    createdat=TIME,
    updatedat=TIME,
    lastseenat=TIME,
    version=ID,
    state={"enum": [state for state in STATES if state != "all"]},
    reason=nullable(TEXT),
    mergedinto=nullable(ID),
    sitefields=OBJECT,
)
SOURCE = record("Source", source=nullable(TEXT), lastseenat=TIME, fields=TEXTS, othervalues=OBJECT)
WHOLE_ASSET = extended("AssetWithSources", ASSET, sources={"type": "array", "items": SOURCE})
EDITED_ASSET = extended("EditedAsset", WHOLE_ASSET, diff=OBJECT, warnings=TEXTS)
MERGED_ASSET = extended("MergedAsset", EDITED_ASSET, mergeid=ID, goneassetid=ID, related=IDS)
ERASED_ASSET = record(
    "ErasedAsset",
    assetid=ID,
    state={"const": "erased"},
    erased=IDS,
    entries=COUNT,
    relationships=COUNT,
    related=IDS,
)
ENTRY = record(
    "AuditEntry",
    auditid=ID,
    at=TIME,
    plugin=nullable(TEXT),
    action={"enum": [*get_args(Action)]},
    assetid=ID,
    identityvalue=TEXT,
    diff=OBJECT,
    volatileonly=TRUTH,
    actor=TEXT,
    clientaddress=nullable(TEXT),
    requestid=TEXT,
    source=nullable(TEXT),
)
RELATIONSHIP = record(
    "Relationship",
    relationshipid=ID,
    relationshiptype=TEXT,
    sourceassetid=ID,
    targetassetid=ID,
    createdat=TIME,
    name=nullable(TEXT),
)
ASSET_AS_OF = record(
    "AssetAsOf",
    assetid=ID,
    assettype=TEXT,
    identityvalue=TEXT,
    attributes=OBJECT,
    createdat=TIME,
    updatedat=nullable(TIME),
    lastseenat=TIME,
    version=nullable(ID),
    state=ASSET["properties"]["state"],
    reason=nullable(TEXT),
    mergedinto=nullable(ID),
    sitefields=OBJECT,
    relationships={
        "type": "array",
        "items": record(
            "RelationshipAsOf",
            relationshipid=ID,
            relationshiptype=TEXT,
            sourceassetid=ID,
            targetassetid=ID,
            createdat=TIME,
        ),
    },
    at=TIME,
    unknown=TEXTS,
)
ASSET_DIFF = record(
    "AssetDiff",
    assetid=ID,
    assettype=TEXT,
    identityvalue=TEXT,
    **{"from": TIME},
    to=TIME,
    diff=OBJECT,
    unknown=TEXTS,
)
CHANGE = extended("Change", ENTRY, position=ID, assettype=TEXT)
WEBHOOK = record(
    "Webhook",
    webhookid=ID,
    name=TEXT,
    state={"enum": [*get_args(WebhookStatus)]},
    nextafter=TEXT,
    behind=COUNT,
    deliveredat=nullable(TIME),
    attempts=COUNT,
    failingsince=nullable(TIME),
    nextat=nullable(TIME),
    lasterror=nullable(TEXT),
    stoppedat=nullable(TIME),
)
DUPLICATE = record(
    "Duplicate",
    duplicateid=ID,
    kind={"enum": [*get_args(Kind)]},
    assettype=TEXT,
    field=TEXT,
    value=TEXT,
    othervalue=nullable(TEXT),
    assetid=ID,
    identityvalue=TEXT,
    otherassetid=ID,
    otheridentityvalue=TEXT,
    at=TIME,
)
MERGE = record(
    "Merge",
    mergeid=ID,
    assetid=ID,
    identityvalue=TEXT,
    goneassetid=ID,
    goneidentityvalue=TEXT,
    at=TIME,
    actor=TEXT,
    released=TRUTH,
    undoneat=nullable(TIME),
    undoneby=nullable(TEXT),
)
UNDONE_MERGE = extended(
    "UndoneMerge",
    MERGE,
    asset=WHOLE_ASSET,
    gone=WHOLE_ASSET,
    diff=OBJECT,
    kept=TEXTS,
    lost={"type": "array", "items": OBJECT},
    warnings=TEXTS,
)
REFUSAL = record(
    "Refusal",
    refusalid=ID,
    at=TIME,
    plugin=nullable(TEXT),
    source=nullable(TEXT),
    clientaddress=nullable(TEXT),
    requestid=TEXT,
    status={"type": "integer"},
    errors={"type": "array", "items": record("RefusedPlace", pointer=TEXT, keyword=TEXT)},
    identityvalue=nullable(TEXT),
)
COUNTED = record(
    "Count",
    countid=ID,
    day={"type": "string", "format": "date"},
    plugin=nullable(TEXT),
    source=nullable(TEXT),
    outcome=TEXT,
    count=COUNT,
)
COLLECTOR: JsonObject = {
    **record(
        "Collector",
        identityfield=TEXT,
        secondaryidentity={"anyOf": [nullable(TEXT), TEXTS]},
        **{"x-label": nullable(TEXT), "x-columns": TEXTS},
        schema=OBJECT,
        examples={"type": "array", "items": OBJECT},
        endpoint=TEXT,
        distribution=TEXT,
        version=TEXT,
    ),
    "additionalProperties": True,
}
"""One collector; `breakingchanges` are there only if its declaration breaks clients."""

COLLECTORS = record("Collectors", collectors={"type": "object", "additionalProperties": COLLECTOR})
REPORT = record(
    "Report",
    plugin=TEXT,
    name=TEXT,
    title=TEXT,
    columns=TEXTS,
    parameters={"type": "array", "items": OBJECT},
    url=TEXT,
)
ROLE: JsonObject = {"enum": [*ROLES]}
TOKENS = record(
    "Tokens",
    accesstoken=TEXT,
    tokentype={"const": "Bearer"},
    expiresin=COUNT,
    refreshtoken=TEXT,
    role=ROLE,
)
BROWSER_SESSION = record("BrowserSession", role=ROLE, expiresin=COUNT, csrftoken=TEXT)
ME = record("Me", subject=TEXT, role=ROLE, sessionid=nullable(TEXT), csrftoken=nullable(TEXT))
SESSION = record(
    "Session",
    sessionid=TEXT,
    createdat=TIME,
    lastusedat=TIME,
    expiresat=TIME,
    clientaddress=nullable(TEXT),
    browser=TRUTH,
    current=TRUTH,
)
ACCESS_EVENT = record(
    "AccessEvent",
    eventid=ID,
    at=TIME,
    action={"enum": [*ACTIONS]},
    actor=nullable(TEXT),
    subject=nullable(TEXT),
    clientaddress=nullable(TEXT),
    requestid=nullable(TEXT),
    detail=nullable(TEXT),
)
HEALTH = record("Health", status={"const": "ok"})
CHECK = record("Check", name=TEXT, status={"enum": [*get_args(ReadinessStatus)]}, detail=TEXT)
READINESS = record(
    "Readiness", status={"enum": ["ready", "not ready"]}, checks={"type": "array", "items": CHECK}
)
FAULT = record("Fault", pointer=TEXT, keyword=TEXT, message=TEXT)
PROBLEM: JsonObject = {
    **record(
        "Problem",
        type=TEXT,
        title=TEXT,
        status={"type": "integer"},
        detail=TEXT,
        requestid=TEXT,
        errors={"type": "array", "items": FAULT},
        warnings=TEXTS,
    ),
    "required": ["type", "title", "status", "detail", "requestid"],
}
"""A problem document (RFC 9457); a refused submission has its faults, and what was corrected before."""
