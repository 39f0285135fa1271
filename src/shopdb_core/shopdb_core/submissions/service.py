"""`Submissions`: upserts submissions, alone or many, from JSON bodies or Python objects.

Bodies that changed nothing are cached (`NoopCache`): a device without changes sends the same bytes again,
and reading and preparing a body is a pure function of its bytes, and most of the cost of a noop.
"""

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TypeVar

from shopdb_core.assets.rows import lock_asset
from shopdb_core.audit.entries import AuditChain
from shopdb_core.intake.http_body import Body
from shopdb_core.plugins.collector import Collector
from shopdb_core.plugins.registry import Plugins
from shopdb_core.settings import DEFAULT_ADOPT_AFTER_HOURS, DEFAULT_ONMATCH, Settings
from shopdb_core.store import Connection, Store
from shopdb_core.submissions.pipeline import Pipeline, PreparedSubmission
from shopdb_core.submissions.result import Origin, SubmissionResult
from shopdb_core.submissions.upsert import Match, Outcome, Recorder, Upsert
from shopdb_hookspecs import AssetChange, Json

MAX_BODIES = 16_384
"""How many bodies the cache holds, about 300 bytes each whatever their size: 5 MB in all."""

MAX_WARNINGS = 3
"""A body with more warnings is not cached."""

T = TypeVar("T")


class Submissions:
    """Takes submissions for every active collector of one site; safe to share between threads."""

    def __init__(self, settings: Settings, plugins: Plugins, store: Store, chain: AuditChain) -> None:
        self._plugins = plugins
        self._store = store
        self._adoptsafter = {name: _adopts_after(settings, name) for name in plugins.collectors()}
        self._chain = chain
        self._noops = NoopCache()
        self._pipelines = {
            name: Pipeline(collector, settings.timezone) for name, collector in plugins.collectors().items()
        }

    def collector(self, name: str) -> Collector:
        """Return a collector; raises `NotFound`, or `Unavailable` if its plugin is quarantined."""
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
        if a hook failed, and `Unavailable` if a later try may succeed. If it raises, nothing was stored.
        """
        recorder = self._recorder(plugin, origin)
        return self._run(self._prepare(recorder, submission, lenient=lenient), dryrun=dryrun)

    def submit_body(
        self, plugin: str, body: Body, origin: Origin, *, dryrun: bool = False, lenient: bool = False
    ) -> SubmissionResult:
        """Submit the bytes of a request; raises `MalformedBody`, and all that `submit` raises.

        A body that changed nothing the last time is not parsed again.
        """
        recorder = self._recorder(plugin, origin)
        key = body_digest(plugin, body, lenient=lenient)
        noop = None if dryrun else self._noops.get(key)
        if noop and (outcome := self._store.transaction(RepeatNoop(recorder, noop))):
            return _result(outcome, noop.warnings, dryrun=False)
        prepared = self._pipelines[plugin].prepare_body(body, lenient=lenient)
        result = self._run(self._upsert(recorder, prepared), dryrun=dryrun)
        if result.action == "noop" and not dryrun:
            self._noops.put(key, CachedNoop(prepared.identitykey, prepared.hash, prepared.warnings))
        return result

    def submit_many(
        self,
        plugin: str,
        submissions: Sequence[dict[str, Json]],
        origin: Origin,
        *,
        dryrun: bool = False,
        lenient: bool = False,
    ) -> list[SubmissionResult | Exception]:
        """Upsert an asset for each submission, in few commits; one that fails stops no other.

        The submissions of one identity are stored in order, those of different ones in any order.
        Returns what `submit` would have returned or raised for each, in the order of `submissions`; a dry run
        rolls back each before the next. Raises `NotFound` for an unknown collector, `Unavailable` for a
        quarantined one.
        """
        prepare = partial(self._prepare, self._recorder(plugin, origin), lenient=lenient)
        prepared = [_caught(partial(prepare, submission)) for submission in submissions]
        upserts = [each for each in prepared if isinstance(each, Upsert)]
        keys = [each.prepared.identitykey for each in upserts]
        outcomes = iter(self._dry_run_each(upserts) if dryrun else self._store.batch(upserts, keys))
        return [self._next_result(each, outcomes, dryrun=dryrun) for each in prepared]

    def _recorder(self, plugin: str, origin: Origin) -> Recorder:
        return Recorder(self.collector(plugin), origin, self._chain)

    def _prepare(self, recorder: Recorder, submission: dict[str, Json], *, lenient: bool) -> Upsert:
        prepared = self._pipelines[recorder.collector.name].prepare(submission, lenient=lenient)
        return self._upsert(recorder, prepared)

    def _upsert(self, recorder: Recorder, prepared: PreparedSubmission) -> Upsert:
        return Upsert(recorder, prepared, self._adoptsafter[recorder.collector.name])

    def _run(self, upsert: Upsert, *, dryrun: bool) -> SubmissionResult:
        outcome = self._store.dry_run(upsert) if dryrun else self._store.transaction(upsert)
        return self._finish(upsert, outcome, dryrun=dryrun)

    def _dry_run_each(self, upserts: Sequence[Upsert]) -> list[Outcome | Exception]:
        return [_caught(partial(self._store.dry_run, upsert)) for upsert in upserts]

    def _next_result(
        self, upsert: Upsert | Exception, outcomes: Iterator[Outcome | Exception], *, dryrun: bool
    ) -> SubmissionResult | Exception:
        """Return the error of a submission that was not prepared, else the next outcome's result or error."""
        if isinstance(upsert, Exception):
            return upsert
        outcome = next(outcomes)
        if isinstance(outcome, Exception):
            return outcome
        return self._finish(upsert, outcome, dryrun=dryrun)

    def _finish(self, upsert: Upsert, outcome: Outcome, *, dryrun: bool) -> SubmissionResult:
        """Notify the observers of a committed change, and return the result."""
        if not dryrun and outcome.entry.action != "noop":
            self._plugins.notify(_change(outcome))
        return _result(outcome, upsert.prepared.warnings, dryrun=dryrun)


def _adopts_after(settings: Settings, plugin: str) -> timedelta | None:
    """Return for how long an asset must not have been submitted to be adopted; `None` adopts none."""
    if settings.onmatch.get(plugin, DEFAULT_ONMATCH) == "flag":
        return None
    return timedelta(hours=settings.adopt_after_hours.get(plugin, DEFAULT_ADOPT_AFTER_HOURS))


def _caught(function: Callable[[], T]) -> T | Exception:
    """Return what `function` returns or raises, so that one submission's error stops no other."""
    try:
        return function()
    except Exception as error:  # noqa: BLE001  # the caller of `submit_many` gets it
        return error


def _result(outcome: Outcome, warnings: tuple[str, ...], *, dryrun: bool) -> SubmissionResult:
    entry = outcome.entry
    return SubmissionResult(
        action=entry.action,
        assetid=None if dryrun and entry.action == "created" else entry.assetid,
        identityvalue=entry.identityvalue,
        warnings=warnings + outcome.warnings,
        diff=outcome.diff,
        matchedby=outcome.match.by,
    )


def _change(outcome: Outcome) -> AssetChange:
    """Return the argument of the hook `asset_changed`."""
    entry = outcome.entry
    assert entry.plugin is not None
    assert entry.action in ("created", "updated")
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


@dataclass(frozen=True, slots=True)
class CachedNoop:
    """What preparing a body resulted in, when the asset had all of it already."""

    identitykey: bytes
    submissionhash: bytes
    warnings: tuple[str, ...]


class NoopCache:
    """The most recently used bodies that changed nothing, by digest; safe to share between threads."""

    def __init__(self, size: int = MAX_BODIES) -> None:
        self._size = size
        self._noops: OrderedDict[bytes, CachedNoop] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: bytes) -> CachedNoop | None:
        """Return the noop of the body with this key, if it is cached."""
        with self._lock:
            if key in self._noops:
                self._noops.move_to_end(key)
            return self._noops.get(key)

    def put(self, key: bytes, noop: CachedNoop) -> None:
        """Cache a noop, and drop the least recently used one if the cache is full."""
        if len(noop.warnings) > MAX_WARNINGS:
            return
        with self._lock:
            self._noops[key] = noop
            if len(self._noops) > self._size:
                self._noops.popitem(last=False)


def body_digest(plugin: str, body: Body, *, lenient: bool) -> bytes:
    """Return a digest of everything that preparing a body depends on."""
    digest = hashlib.blake2b(f"{plugin} {body.codec} {lenient}\n".encode(), digest_size=16)
    digest.update(body.content)
    return digest.digest()


@dataclass(frozen=True, slots=True)
class RepeatNoop:
    """The transaction of a cached noop; call it on a connection, once for each try of the transaction."""

    recorder: Recorder
    noop: CachedNoop

    def __call__(self, connection: Connection) -> Outcome | None:
        """Record the noop; if the asset has changed since, return `None` and write nothing."""
        stored = lock_asset(connection, self.recorder.collector.name, self.noop.identitykey)
        if stored is None or stored.submissionhash != self.noop.submissionhash:
            return None
        match = Match(stored, "identity")
        at = datetime.now(UTC)
        return self.recorder.record_noop(connection, match, stored, self.noop.submissionhash, at)
