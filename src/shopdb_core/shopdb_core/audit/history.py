"""The history of one asset: whether each link follows the one before, and the last is what is stored."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Literal

import orjson
from sqlalchemy import Row

from shopdb_core.audit.replay import equal, replay
from shopdb_core.audit.run import Run
from shopdb_hookspecs import Json


@dataclass(frozen=True, slots=True)
class Link:
    """An entry, or a checkpoint in the place of several; `whole` is whether its hash or seal fits."""

    kind: Literal["entry", "checkpoint"]
    run: Run
    whole: bool


@dataclass(frozen=True, slots=True)
class HistoryFault:
    """One thing that is wrong with an asset's history; `auditid` is `None` where no one entry is to blame."""

    assetid: int
    auditid: int | None
    message: str


class History:
    """Walks through one asset's history once, and counts what it comes by; keeps nothing of it."""

    def __init__(self, stored: Row[Any]) -> None:
        self._stored = stored
        self._attributes: dict[str, Json] = {}
        self._newest: Link | None = None
        self.entries = 0
        self.pruned = 0

    def faults(self, links: Iterable[Link]) -> Iterator[HistoryFault]:
        """Check the links, the oldest first, and then the stored asset."""
        assetid = self._stored.assetid
        for link in links:
            for message in self._link_faults(link):
                yield HistoryFault(assetid, link.run.lastauditid, message)
            self._count(link)
        for message in self._head_faults():
            yield HistoryFault(assetid, None, message)

    def _count(self, link: Link) -> None:
        self._newest = link
        if link.kind == "entry":
            self.entries += 1
        else:
            self.pruned += link.run.entries

    def _link_faults(self, link: Link) -> Iterator[str]:
        if link.run.previoushash != (self._newest.run.lasthash if self._newest else None):
            yield f"the {link.kind} does not follow the one before it: an entry is missing"
        if not link.whole:
            yield f"the {link.kind} was changed after it was written, or SECRET_KEY is another"
        yield from replay(self._attributes, orjson.loads(link.run.diff))

    def _head_faults(self) -> Iterator[str]:
        if self._newest is None:
            yield "the asset has no audit entry"
            return
        if self._newest.kind != "entry" or self._stored.chainhash not in (None, self._newest.run.lasthash):
            yield "the newest entry is missing"
        current = orjson.loads(self._stored.attributes)
        for name in sorted({*current, *self._attributes}):
            if not equal(current.get(name), self._attributes.get(name)):
                yield f"{name}: the last `after` is not the stored value"
