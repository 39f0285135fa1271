"""What the outcome of an upsert means: the answer for its sender, the change for observers.

Bodies that changed nothing, remembered: a device without news sends the same bytes again.

Reading and preparing a body is a pure function of its bytes, and most of what a noop costs.

The work of a submission that was a noop before, and most likely is one again.

Submitting: the functions that the HTTP endpoints and Python programs call alike.
"""

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import TypeVar

from shopdb_core.assets.rows import lock_asset
from shopdb_core.audit.entries import AuditChain
from shopdb_core.intake.http_body import Body
from shopdb_core.plugins.collector import Collector
from shopdb_core.plugins.registry import Plugins
from shopdb_core.settings import DEFAULT_ONMATCH, Settings
from shopdb_core.store import Connection, Store
from shopdb_core.submissions.pipeline import Pipeline, PreparedSubmission
from shopdb_core.submissions.result import Origin, SubmissionResult
from shopdb_core.submissions.upsert import Match, Outcome, Recorder, Upsert
from shopdb_hookspecs import AssetChange, Json


def result_of(warnings: tuple[str, ...], outcome: Outcome, *, dryrun: bool) -> SubmissionResult:
    """Tell the sender; what a dry run would create has no id."""
    entry = outcome.entry
    return SubmissionResult(
        action=entry.action,
        assetid=None if dryrun and entry.action == "created" else entry.assetid,
        identityvalue=entry.identityvalue,
        warnings=warnings + outcome.match.warnings,
        diff=outcome.diff,
        matchedby=outcome.match.by,
    )


def change_of(outcome: Outcome) -> AssetChange:
    """Tell the observers of anything but a noop."""
    entry = outcome.entry
    assert entry.plugin is not None
    assert entry.action != "noop"
    return AssetChange(
        auditid=outcome.auditid,
        at=entry.at,
        plugin=entry.plugin,
        action=entry.action,
        assetid=entry.assetid,
        identityvalue=entry.identityvalue,
        diff=outcome.diff,
        volatileonly=entry.volatileonly,
        actor=entry.actor,
        requestid=entry.requestid,
    )


MAX_BODIES = 16_384
"""What is kept of each is about 300 bytes, whatever its size: 5 MB in all."""

MAX_WARNINGS = 3
"""A body with more of them is read anew each time."""


@dataclass(frozen=True, slots=True)
class CachedNoop:
    """What a body that changed nothing came to; all that it said stands in the asset."""

    identitykey: bytes
    submissionhash: bytes
    warnings: tuple[str, ...]


class NoopCache:
    """Keeps the bodies that were met last; threads may share it."""

    def __init__(self, room: int = MAX_BODIES) -> None:
        self._room = room
        self._sightings: OrderedDict[bytes, CachedNoop] = OrderedDict()
        self._turning = threading.Lock()

    def recall(self, key: bytes) -> CachedNoop | None:
        """Return what the body with this key came to the last time."""
        with self._turning:
            if key in self._sightings:
                self._sightings.move_to_end(key)
            return self._sightings.get(key)

    def keep(self, key: bytes, sighting: CachedNoop) -> None:
        """Remember a body, and forget the one that was not met for longest."""
        if len(sighting.warnings) > MAX_WARNINGS:
            return
        with self._turning:
            self._sightings[key] = sighting
            if len(self._sightings) > self._room:
                self._sightings.popitem(last=False)


def body_digest(plugin: str, body: Body, *, lenient: bool) -> bytes:
    """Return a digest of all that decides what a body comes to."""
    digest = hashlib.blake2b(f"{plugin} {body.codec} {lenient}\n".encode(), digest_size=16)
    digest.update(body.content)
    return digest.digest()


@dataclass(frozen=True, slots=True)
class RepeatNoop:
    """Call it on a connection, as often as its transaction is run."""

    witness: Recorder
    sighting: CachedNoop

    def __call__(self, connection: Connection) -> Outcome | None:
        """See the asset; `None`, with nothing written, where it has changed since: then it is no noop."""
        sighting = self.sighting
        stored = lock_asset(connection, self.witness.collector.name, sighting.identitykey)
        if stored is None or stored.submissionhash != sighting.submissionhash:
            return None
        match = Match(stored, "identity")
        return self.witness.see(connection, match, stored, sighting.submissionhash, datetime.now(UTC))


T = TypeVar("T")


class Submissions:
    """Takes submissions for every active collector of one site."""

    def __init__(self, settings: Settings, plugins: Plugins, store: Store, chain: AuditChain) -> None:
        self._plugins = plugins
        self._store = store
        self._onmatch = settings.onmatch
        self._chain = chain
        self._memory = NoopCache()
        self._preparations = {
            name: Pipeline(collector, settings.timezone) for name, collector in plugins.collectors().items()
        }

    def collector(self, name: str) -> Collector:
        """Return who takes the submissions; raises `NotFound`, or `Unavailable` where it is quarantined."""
        return self._plugins.collector(name)

    def submit(
        self,
        plugin: str,
        submission: dict[str, Json],
        origin: Origin,
        *,
        dryrun: bool = False,
        lenient: bool = False,
    ) -> SubmissionResult:
        """Upsert one asset and commit, with its audit entry; in a dry run nothing is written.

        Raises `NotFound` for an unknown collector, `InvalidSubmission` with the faults, `PluginFailure`
        where a hook failed, and `Unavailable` where a later try may succeed. Whatever is raised,
        nothing was stored.
        """
        return self._submit(
            self._work(self.collector(plugin), origin, submission, lenient=lenient), dryrun=dryrun
        )

    def submit_body(
        self, plugin: str, body: Body, origin: Origin, *, dryrun: bool = False, lenient: bool = False
    ) -> SubmissionResult:
        """Submit what arrived as bytes; raises `MalformedBody`, and all that `submit` raises.

        A body that changed nothing when it came last is not read again.
        """
        collector = self.collector(plugin)
        key = body_digest(plugin, body, lenient=lenient)
        sighting = None if dryrun else self._memory.recall(key)
        seeing = sighting and RepeatNoop(Recorder(collector, origin, self._chain), sighting)
        if seeing and (outcome := self._store.transaction(seeing)):
            return result_of(seeing.sighting.warnings, outcome, dryrun=dryrun)
        prepared = self._preparations[plugin].prepare_body(body, lenient=lenient)
        work = self._upsert(collector, origin, prepared)
        answer = self._submit(work, dryrun=dryrun)
        if answer.action == "noop" and not dryrun:
            sighting = CachedNoop(prepared.identitykey, prepared.hash, answer.warnings)
            self._memory.keep(key, sighting)
        return answer

    def submit_many(
        self,
        plugin: str,
        submissions: Sequence[dict[str, Json]],
        origin: Origin,
        *,
        dryrun: bool = False,
        lenient: bool = False,
    ) -> list[SubmissionResult | Exception]:
        """Upsert an asset for each submission, in order and in few commits, each alone in its failure.

        Returns what `submit` would have returned or raised for each; in a dry run each is asked for as if
        it were the only one. Raises `NotFound` for an unknown collector, `Unavailable` for a quarantined one.
        """
        prepare = partial(self._work, self.collector(plugin), origin, lenient=lenient)
        works = [_caught(partial(prepare, submission)) for submission in submissions]
        sound = [work for work in works if isinstance(work, Upsert)]
        outcomes = iter(self._rehearsed(sound) if dryrun else self._store.batch(sound))
        return [self._result(work, outcomes, dryrun=dryrun) for work in works]

    def _submit(self, work: Upsert, *, dryrun: bool) -> SubmissionResult:
        outcome = self._store.dry_run(work) if dryrun else self._store.transaction(work)
        return self._concluded(work, outcome, dryrun=dryrun)

    def _work(
        self,
        collector: Collector,
        origin: Origin,
        submission: dict[str, Json],
        *,
        lenient: bool,
    ) -> Upsert:
        prepared = self._preparations[collector.name].prepare(submission, lenient=lenient)
        return self._upsert(collector, origin, prepared)

    def _upsert(self, collector: Collector, origin: Origin, prepared: PreparedSubmission) -> Upsert:
        witness = Recorder(collector, origin, self._chain)
        return Upsert(witness, prepared, self._onmatch.get(collector.name, DEFAULT_ONMATCH))

    def _rehearsed(self, works: Sequence[Upsert]) -> list[Outcome | Exception]:
        return [_caught(partial(self._store.dry_run, work)) for work in works]

    def _result(
        self, work: Upsert | Exception, outcomes: Iterator[Outcome | Exception], *, dryrun: bool
    ) -> SubmissionResult | Exception:
        """Take the next outcome for what could be prepared, and conclude it."""
        if isinstance(work, Exception):
            return work
        outcome = next(outcomes)
        if isinstance(outcome, Exception):
            return outcome
        return self._concluded(work, outcome, dryrun=dryrun)

    def _concluded(self, work: Upsert, outcome: Outcome, *, dryrun: bool) -> SubmissionResult:
        """Notify the observers, now that it is committed, and answer."""
        if not dryrun and outcome.entry.action != "noop":
            self._plugins.notify(change_of(outcome))
        return result_of(work.prepared.warnings, outcome, dryrun=dryrun)


def _caught(work: Callable[[], T]) -> T | Exception:
    """Return what `work` returns or raises: the fault of one submission is no other's."""
    try:
        return work()
    except Exception as error:  # noqa: BLE001  # whoever asked for it looks at it
        return error
