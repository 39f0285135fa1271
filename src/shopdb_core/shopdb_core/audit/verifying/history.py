"""`History`: checks everything that the database has of one asset against the asset's audit entries."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

import orjson
from sqlalchemy import Row

from shopdb_core.assets.duplicates.evidence import EvidenceKey, SecondaryIdentity, texts_named
from shopdb_core.assets.identity import identity_key
from shopdb_core.audit.checkpoints import Run
from shopdb_core.audit.diffs import attributes_of, beginning, equal, replay, site_fields_of
from shopdb_core.audit.entries import RELATIONSHIPS, ROW_CHANGES, row_hash
from shopdb_core.declarations.named_fields import EvidencePath
from shopdb_core.json_text import canonical
from shopdb_hookspecs import Json

Secondary: TypeAlias = Mapping[str, tuple[EvidencePath, ...]]


@dataclass(frozen=True, slots=True)
class Link:
    """An entry, or the checkpoint of several; `intact` is whether its hash or seal verifies."""

    kind: Literal["entry", "checkpoint"]
    run: Run
    row: Row[Any]
    intact: bool


@dataclass(frozen=True, slots=True)
class HistoryFault:
    """A fault of an asset's history; `auditid` is `None` if it is not that of one entry.

    `assetid` is `None` if the fault is not that of one asset.
    """

    assetid: int | None
    auditid: int | None
    message: str


@dataclass(frozen=True, slots=True)
class StoredRows:
    """The rows of one asset beside its entries; `row`, `attributes` and `sitefields` are `None` if missing.

    The latter two are JSON text.

    `relationships` are those from the asset, and as JSON what the audit has of them.
    """

    assetid: int
    row: Row[Any] | None
    attributes: str | None
    evidence: Sequence[Row[Any]] = ()
    relationships: Sequence[Json] = field(default_factory=list)
    sitefields: str | None = None


class History:
    """Checks one asset's history link by link, and counts its entries and those that were pruned.

    `secondary` maps a type of assets to where it has its secondary identities.
    """

    def __init__(self, stored: StoredRows, secondary: Secondary) -> None:
        self._stored = stored
        self._secondary = secondary
        self._attributes = beginning()
        self._first: Link | None = None
        self._newest: Link | None = None
        self.entries = 0
        self.pruned = 0

    def faults(self, links: Iterable[Link]) -> Iterator[HistoryFault]:
        """Check the links, the oldest first, and then the stored rows."""
        assetid = self._stored.assetid
        for link in links:
            for message in self._link_faults(link):
                yield HistoryFault(assetid, link.run.lastauditid, message)
            self._count(link)
        for message in self._stored_faults():
            yield HistoryFault(assetid, None, message)

    def _count(self, link: Link) -> None:
        self._first = self._first or link
        self._newest = link
        if link.kind == "entry":
            self.entries += 1
        else:
            self.pruned += link.run.entries

    def _link_faults(self, link: Link) -> Iterator[str]:
        if link.run.previoushash != (self._newest.run.lasthash if self._newest else None):
            yield f"the {link.kind} does not follow the one before it: an entry is missing"
        if not link.intact:
            yield f"the {link.kind} was changed after it was written, or the audit's key has changed"
        try:
            yield from replay(self._attributes, orjson.loads(link.run.diff))
        except (ValueError, TypeError, KeyError, AttributeError):
            yield f"the diff of the {link.kind} cannot be read"

    def _stored_faults(self) -> Iterator[str]:
        if self._stored.row is None:
            yield from self._orphan_faults()
            return
        if self._newest is None:
            yield "the asset has no audit entry"
            return
        yield from self._newest_faults(self._stored.row, self._newest)
        yield from self._state_faults(self._stored.row)
        attributes, sitefields = attributes_of(self._attributes), site_fields_of(self._attributes)
        yield from self._fields_faults("attributes", self._stored.attributes or "", attributes)
        yield from self._fields_faults("fields of people", self._stored.sitefields or "{}", sitefields)
        yield from self._relationship_faults()
        yield from self._evidence_faults(self._stored.row)

    def _orphan_faults(self) -> Iterator[str]:
        """Name every table that has rows of an asset that does not exist."""
        found = {
            "audit": self._newest,
            "assetattributes": self._stored.attributes,
            "assetsitefields": self._stored.sitefields,
            "assetevidence": self._stored.evidence,
            "assetrelationship": self._stored.relationships,
        }
        tables = ", ".join(name for name, rows in found.items() if rows)
        yield f"the asset is missing, and the rows of it are left in: {tables}"

    def _newest_faults(self, row: Row[Any], newest: Link) -> Iterator[str]:
        """Compare the asset's own row with its newest entry."""
        if newest.kind != "entry" or row.chainhash not in (None, newest.run.lasthash):
            yield "the newest entry is missing"
            return
        if row.chainhash is None and self.entries + self.pruned > 1:
            yield "chainhash: is empty, and must be the hash of the newest entry"
        if row.identityvalue != newest.row.identityvalue:
            yield "identityvalue: is not that of the newest entry"
        if newest.row.rowhash is None:
            yield from self._earlier_row_faults(row, newest)
        elif newest.row.rowhash != row_hash(row, newest.row.sealversion):
            yield (
                "the asset's own row (type, identity, times, version or submissionhash) is not as the newest "
                "entry left it"
            )

    def _earlier_row_faults(self, row: Row[Any], newest: Link) -> Iterator[str]:
        """Check what follows from entries of earlier releases, which do not cover the row."""
        if newest.row.plugin is not None and row.assettype != newest.row.plugin:
            yield "assettype: is not the plugin of the newest entry"
        if self._first and row.createdat != self._first.run.firstat:
            yield "createdat: is not the time of the first entry"
        if row.lastseenat != newest.run.lastat:
            yield "lastseenat: is not the time of the newest entry"

    def _state_faults(self, row: Row[Any]) -> Iterator[str]:
        """Compare the columns that people change; entries of earlier releases do not cover them."""
        for name, column in ROW_CHANGES.items():
            if not equal(getattr(row, column), self._attributes.get(name)):
                yield f"{column}: the last `after` is not the stored value"

    def _fields_faults(self, what: str, text: str, audited: dict[str, Json]) -> Iterator[str]:
        """Compare stored fields, as JSON text, with what the entries have of them."""
        if what == "attributes" and self._stored.attributes is None:
            yield "the row of assetattributes is missing"
            return
        try:
            stored = orjson.loads(text)
            names = sorted({*stored, *audited})
            differing = [name for name in names if not equal(stored.get(name), audited.get(name))]
        except (ValueError, TypeError, AttributeError):
            yield f"the {what} are not a JSON object"
            return
        for name in differing:
            yield f"{name}: the last `after` is not the stored value"

    def _relationship_faults(self) -> Iterator[str]:
        stored = {canonical(each): each for each in self._stored.relationships}
        audited = {canonical(each): each for each in self._attributes[RELATIONSHIPS]}
        for key in sorted(stored.keys() ^ audited.keys()):
            relationship = stored.get(key) or audited[key]
            what = "is in no entry" if key in stored else "is missing, and no entry deleted it"
            yield f"relationship {relationship['relationshipid']}: {what}"

    def _evidence_faults(self, row: Row[Any]) -> Iterator[str]:
        """Compare the secondary identities with the attributes that they are copies of."""
        if row.state != "active":
            yield from (
                f"{each.field}: the asset is {row.state}, and has evidence" for each in self._stored.evidence
            )
            return
        kept: set[EvidenceKey] = set()
        edited = set()
        for evidence in self._stored.evidence:
            key = (evidence.field, bytes(evidence.value))
            copied = key[1] in map(identity_key, texts_named(evidence.field, self._attributes))
            if evidence.assettype != row.assettype or not copied:
                edited.add(evidence.field)
                yield f"{evidence.field}: the row of assetevidence is not the stored value"
            kept.add(key)
        if self._is_entered_by_hand(row):
            return
        secondary = SecondaryIdentity(row.assettype, self._secondary.get(row.assettype, ()))
        lacking = (kind for kind, value in secondary.of(self._attributes) if (kind, value) not in kept)
        for kind in dict.fromkeys(kind for kind in lacking if kind not in edited):
            yield f"{kind}: the row of assetevidence is missing"

    def _is_entered_by_hand(self, row: Row[Any]) -> bool:
        """Return whether a person created the asset: a value that was not submitted may lack its evidence."""
        if self._first and self._first.kind == "entry":
            return self._first.row.plugin is None
        return row.submissionhash is None
