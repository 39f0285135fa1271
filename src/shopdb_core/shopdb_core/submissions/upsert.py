"""`Upserts`: a batch of submissions in its transaction; each has an outcome of its own.

A body that changed nothing when it came last is recognised by its digest; the others are prepared. The batch
is stored in waves: no two submissions of a wave concern one device, so that a wave is a few statements.
"""

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from typing import NoReturn

from shopdb_core.assets.duplicates.evidence import Evidence
from shopdb_core.assets.rows import KnownAssets, lock_by_body, lock_known
from shopdb_core.audit.entries import AuditChain
from shopdb_core.clock import Clock, utc_now
from shopdb_core.plugins.collector import Collector
from shopdb_core.store import Connection
from shopdb_core.submissions.pipeline import PreparedSubmission
from shopdb_core.submissions.result import Origin, Outcome, SitePolicy
from shopdb_core.submissions.steps import Repeated, Submitted, secondary_identity
from shopdb_core.submissions.wave import Wave


@dataclass
class Upsert:
    """One submission of a batch.

    `prepare` is called once, and only if the body is not recognised by `bodydigest`, which is `None` for a
    submission without a body; before the transaction begins if `prepared_first`.
    """

    collector: Collector
    origin: Origin
    policy: SitePolicy
    prepare: Callable[[], PreparedSubmission]
    bodydigest: bytes | None = None
    prepared_first: bool = False

    @cached_property
    def prepared(self) -> PreparedSubmission:
        """The prepared submission; raises what `prepare` raises."""
        return self.prepare()

    def prepare_now(self) -> None:
        """Prepare it, before the transaction begins; an error is raised when the transaction needs it."""
        try:
            self.prepared  # noqa: B018  # is kept
        except Exception as error:  # noqa: BLE001  # raised again
            self.prepare = partial(_raise, error)

    @cached_property
    def evidence(self) -> Evidence:
        """Its secondary identities; raises what `prepare` raises."""
        return secondary_identity(self.collector).of(self.prepared.submission)

    @property
    def warnings(self) -> tuple[str, ...]:
        """The warnings of preparing it: none if its body was recognised."""
        return self.prepared.warnings if "prepared" in self.__dict__ else ()

    def submitted(self, known: KnownAssets) -> Submitted:
        """Return what is stored if the body was not recognised; raises what `prepare` raised.

        A body with warnings is prepared each time, since its sender gets them each time.
        """
        warnings = tuple(self._merge_warnings(known))
        digest = None if self.prepared.warnings or warnings else self.bodydigest
        return Submitted(self.origin, self.prepared, self.evidence, digest, warnings)

    def _merge_warnings(self, known: KnownAssets) -> Iterator[str]:
        key = self.prepared.identitykey
        if (merged := known.merged.get(key)) is not None:
            kept = known.assets[key]
            yield (
                f"{self.collector.identityfield}: {merged.identityvalue} was merged into "
                f"{kept.identityvalue} (asset {kept.assetid}); the submission updated that asset"
            )

    def keys(self) -> set[Hashable]:
        """Return its identity, host name and secondary identities; raises what `prepare` raised.

        Two submissions with one of them in common may concern one device, or make a finding together.
        """
        key = self.prepared.identitykey
        keys: set[Hashable] = {key, ("host", key.partition(b".")[0])}
        keys.update(self.evidence)
        return keys


def _raise(error: Exception) -> NoReturn:
    raise error


class Upserts:
    """The transaction of a batch; call it on a connection, once for each try of the transaction."""

    def __init__(self, chain: AuditChain, clock: Clock = utc_now) -> None:
        self._chain = chain
        self._clock = clock

    def __call__(
        self, connection: Connection, upserts: Sequence[Upsert], *, commit: bool = False
    ) -> list[Outcome | Exception]:
        """Store the submissions, and return their outcomes in their order.

        Those of one device are stored in order. The outcome of a submission that cannot be prepared is its
        error. Raises what the database or a plugin's hook raises, and then the caller rolls back.
        Set `commit` if the caller commits next: a database server then does so in the last message.
        """
        outcomes: dict[int, Outcome | Exception] = {}
        waiting_for = defaultdict(list)
        for index, upsert in enumerate(upserts):
            waiting_for[upsert.collector.name].append((index, upsert))
        groups = [*reversed(waiting_for.values())]
        while groups:
            waiting = groups.pop()
            if left := self._store_wave(connection, waiting, outcomes, commit=commit and not groups):
                groups.append(left)
        return [outcomes[index] for index in range(len(upserts))]

    def _store_wave(
        self,
        connection: Connection,
        waiting: Sequence[tuple[int, Upsert]],
        outcomes: dict[int, Outcome | Exception],
        *,
        commit: bool,
    ) -> list[tuple[int, Upsert]]:
        """Store the first submission of each device, and return those that must wait for one before them."""
        collector = waiting[0][1].collector
        recognised = lock_by_body(connection, [each.bodydigest for _, each in waiting if each.bodydigest])
        keys_of: dict[int, set[Hashable]] = {}
        identities: dict[int, bytes] = {}
        for index, upsert in waiting:
            stored = recognised.get(upsert.bodydigest or b"")
            try:
                keys_of[index] = {stored.identitykey} if stored else upsert.keys()
            except Exception as error:  # noqa: BLE001  # the caller gets it as the outcome
                outcomes[index] = error
                continue
            if stored is None:
                identities[index] = upsert.prepared.identitykey
        # Of all that wait: an identity that was merged leads to the same device as another one.
        known = lock_known(connection, collector.name, identities.values())
        wave: dict[int, Repeated | Submitted] = {}
        left = []
        taken: set[Hashable] = set()
        for index, upsert in waiting:
            if (keys := keys_of.get(index)) is None:
                continue
            if (identity := identities.get(index)) is not None and identity in known.merged:
                keys.add(known.assets[identity].identitykey)
            if taken.isdisjoint(keys):
                stored = recognised.get(upsert.bodydigest or b"")
                wave[index] = Repeated(upsert.origin, stored) if stored else upsert.submitted(known)
            else:
                left.append((index, upsert))
            taken |= keys
        together = Wave(connection, collector, waiting[0][1].policy, self._chain, self._clock)
        stored_wave = together.store([*wave.values()], known.assets, commit=commit and not left)
        outcomes.update(zip(wave, stored_wave, strict=True))
        return left
