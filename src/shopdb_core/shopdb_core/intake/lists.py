"""`ListMemory`: long lists that were accepted before, so that the same list is not read again.

A device sends the programs of last week with another boot time, and devices that got one image send the same
programs. From the third time on such a list is recognised by its content: it is not walked, normalised and
validated again. Of a list that came once only a digest is kept, since most lists of new devices do not come
again. Nothing that can change is kept or shared: only numbers, and the normalised list as bytes.
"""

import hashlib
import threading
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from itertools import chain
from typing import TypeAlias

import orjson

from shopdb_core.intake.scan import DocumentScan, scan_document
from shopdb_hookspecs import Json, JsonObject

LEAST_ITEMS = 16
"""A shorter list takes no longer to read than to recognise."""

MOST_BYTES = 2 * 1024 * 1024
"""What a memory holds at most: about 100 lists of 300 programs that normalising changes, or 600 of 50."""

_BYTES_OF_AN_ENTRY = 400

ListKey: TypeAlias = tuple[str, bytes]
"""A field, and the digest of its list."""


@dataclass(frozen=True, slots=True)
class KnownList:
    """A list that was accepted: how many names and strings it has, and the list after normalising as JSON.

    `normalized` is `None` if normalising changes nothing.
    """

    names: int
    strings: int
    normalized: bytes | None

    def value(self, items: Json) -> Json:
        """Return the normalised list; `items` is the list as it was sent."""
        return items if self.normalized is None else orjson.loads(self.normalized)


@dataclass(frozen=True, slots=True)
class NewList:
    """A list that came for the second time: its key, its JSON and its scan."""

    key: ListKey
    content: bytes
    scan: DocumentScan


@dataclass(frozen=True, slots=True)
class Lists:
    """The long lists of one document that came before, by field."""

    known: Mapping[str, KnownList] = field(default_factory=dict)
    new: Mapping[str, NewList] = field(default_factory=dict)

    def without_known(self, document: dict[str, Json]) -> dict[str, Json]:
        """Return the document without the lists that are known."""
        return _without(document, self.known) if self.known else document

    def with_known(self, normalized: JsonObject, document: JsonObject) -> JsonObject:
        """Return the rest of a document after normalising with the lists that are known."""
        if not self.known:
            return normalized
        return {**normalized, **{name: known.value(document[name]) for name, known in self.known.items()}}

    def scan(self, document: dict[str, Json]) -> DocumentScan:
        """Return the scan of the document without the lists that are known."""
        if not (self.known or self.new):
            return scan_document(document)
        rest = scan_document(_without(document, {**self.known, **self.new}))
        scans = [rest, *(new.scan for new in self.new.values())]
        return DocumentScan(
            max(scan.depth for scan in scans),
            [*chain.from_iterable(scan.names for scan in scans)],
            [*chain.from_iterable(scan.strings for scan in scans)],
            [*chain.from_iterable(scan.numbers for scan in scans)],
        )


NO_LISTS = Lists()


class ListMemory:
    """Remembers lists of those `fields` of one collector that are normalised by themselves.

    The least recently used list is forgotten first. Threads may share it.
    """

    def __init__(self, fields: Iterable[str], most_bytes: int = MOST_BYTES) -> None:
        self._fields = sorted(fields)
        self._room = most_bytes
        self._lists: dict[ListKey, KnownList | None] = {}
        self._changing = threading.Lock()

    def look_up(self, document: JsonObject) -> Lists:
        """Return the long lists of a document that orjson parsed.

        orjson writes two different lists differently, so that equal bytes are equal lists.
        """
        known, new = {}, {}
        for name in self._fields:
            items = document.get(name)
            if not (isinstance(items, list) and len(items) >= LEAST_ITEMS):
                continue
            try:
                content = orjson.dumps(items)
            except TypeError:  # deeper than orjson writes
                continue
            key = name, hashlib.blake2b(content, digest_size=16).digest()
            came_before, found = self._use(key)
            if found is not None:
                known[name] = found
            elif came_before:
                new[name] = NewList(key, content, scan_document({name: items}))
        return Lists(known, new) if known or new else NO_LISTS

    def remember(self, lists: Lists, normalized: JsonObject, warned: Collection[str]) -> None:
        """Remember the new lists of an accepted document, except those of fields with a warning."""
        for name, new in lists.new.items():
            if name not in warned and isinstance(items := normalized.get(name), list):
                content = orjson.dumps(items)
                scan = new.scan
                # A copy, since orjson's own bytes keep their whole buffer, of which lists fill a quarter.
                changed = None if content == new.content else bytes(memoryview(content))
                self._keep(new.key, KnownList(len(scan.names), len(scan.strings), changed))

    def _use(self, key: ListKey) -> tuple[bool, KnownList | None]:
        """Return whether a list came before, and what is known of it; it becomes the most recently used."""
        with self._changing:
            came_before, found = key in self._lists, self._lists.get(key)
            self._put(key, found)
        return came_before, found

    def _keep(self, key: ListKey, known: KnownList) -> None:
        with self._changing:
            self._put(key, known)

    def _put(self, key: ListKey, known: KnownList | None) -> None:
        """Put a list at the end, and drop lists from the beginning until all have room."""
        if key in self._lists:
            self._room += _size(self._lists.pop(key))
        self._lists[key] = known
        self._room -= _size(known)
        while self._room < 0:
            self._room += _size(self._lists.pop(next(iter(self._lists))))


def _size(known: KnownList | None) -> int:
    return _BYTES_OF_AN_ENTRY + len(known.normalized or b"" if known else b"")


def _without(document: JsonObject, fields: Collection[str]) -> dict[str, Json]:
    return {name: value for name, value in document.items() if name not in fields}
