"""The work of a submission that was a noop before, and most likely is one again."""

from dataclasses import dataclass
from datetime import UTC, datetime

from shopdb_core.assets.stored import lock
from shopdb_core.collect.match import Match
from shopdb_core.collect.memory import Sighting
from shopdb_core.collect.witness import Outcome, Witness
from shopdb_core.store import Connection


@dataclass(frozen=True, slots=True)
class Seeing:
    """Call it on a connection, as often as its transaction is run."""

    witness: Witness
    sighting: Sighting

    def __call__(self, connection: Connection) -> Outcome | None:
        """See the asset; `None`, with nothing written, where it has changed since: then it is no noop."""
        sighting = self.sighting
        stored = lock(connection, self.witness.collector.name, sighting.identitykey)
        if stored is None or stored.submissionhash != sighting.submissionhash:
            return None
        match = Match(stored, "identity")
        return self.witness.see(connection, match, stored, sighting.submissionhash, datetime.now(UTC))
