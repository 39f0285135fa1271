"""Bodies that changed nothing, remembered: a device without news sends the same bytes again.

Reading and preparing a body is a pure function of its bytes, and most of what a noop costs.
"""

import hashlib
import threading
from collections import OrderedDict
from dataclasses import dataclass

from shopdb_core.intake.body import Body

MOST_BODIES = 16_384
"""What is kept of each is about 300 bytes, whatever its size: 5 MB in all."""

MOST_WARNINGS = 3
"""A body with more of them is read anew each time."""


@dataclass(frozen=True, slots=True)
class Sighting:
    """What a body that changed nothing came to; all that it said stands in the asset."""

    identitykey: bytes
    submissionhash: bytes
    warnings: tuple[str, ...]


class Memory:
    """Keeps the bodies that were met last; threads may share it."""

    def __init__(self, room: int = MOST_BODIES) -> None:
        self._room = room
        self._sightings: OrderedDict[bytes, Sighting] = OrderedDict()
        self._turning = threading.Lock()

    def recall(self, key: bytes) -> Sighting | None:
        """Return what the body with this key came to the last time."""
        with self._turning:
            if key in self._sightings:
                self._sightings.move_to_end(key)
            return self._sightings.get(key)

    def keep(self, key: bytes, sighting: Sighting) -> None:
        """Remember a body, and forget the one that was not met for longest."""
        if len(sighting.warnings) > MOST_WARNINGS:
            return
        with self._turning:
            self._sightings[key] = sighting
            if len(self._sightings) > self._room:
                self._sightings.popitem(last=False)


def memory_key(plugin: str, body: Body, *, lenient: bool) -> bytes:
    """Return a digest of all that decides what a body comes to."""
    digest = hashlib.blake2b(f"{plugin} {body.codec} {lenient}\n".encode(), digest_size=16)
    digest.update(body.content)
    return digest.digest()
