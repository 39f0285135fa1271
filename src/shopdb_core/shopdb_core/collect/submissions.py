"""Submitting: the functions that the HTTP endpoints and Python programs call alike."""

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import TypeVar

from shopdb_core.audit.entries import AuditChain
from shopdb_core.collect.answer import Answer, Origin
from shopdb_core.collect.conclusion import answer_of, change_of
from shopdb_core.collect.memory import Memory, Sighting, memory_key
from shopdb_core.collect.prepare import Preparation, Prepared
from shopdb_core.collect.seeing import Seeing
from shopdb_core.collect.upsert import Upsert
from shopdb_core.collect.witness import Outcome, Witness
from shopdb_core.intake.body import Body
from shopdb_core.plugins.collector import Collector
from shopdb_core.plugins.registry import Plugins
from shopdb_core.settings import Settings
from shopdb_core.store import Store
from shopdb_hookspecs import Json

T = TypeVar("T")


class Submissions:
    """Takes submissions for every active collector of one site."""

    def __init__(self, settings: Settings, plugins: Plugins, store: Store, chain: AuditChain) -> None:
        self._plugins = plugins
        self._store = store
        self._onmatch = settings.onmatch
        self._chain = chain
        self._memory = Memory()
        self._preparations = {
            name: Preparation(collector, settings.timezone)
            for name, collector in plugins.collectors().items()
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
    ) -> Answer:
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
    ) -> Answer:
        """Submit what arrived as bytes; raises `MalformedBody`, and all that `submit` raises.

        A body that changed nothing when it came last is not read again.
        """
        collector = self.collector(plugin)
        key = memory_key(plugin, body, lenient=lenient)
        sighting = None if dryrun else self._memory.recall(key)
        seeing = sighting and Seeing(Witness(collector, origin, self._chain), sighting)
        if seeing and (outcome := self._store.transaction(seeing)):
            return answer_of(seeing.sighting.warnings, outcome, dryrun=dryrun)
        prepared = self._preparations[plugin].prepare_body(body, lenient=lenient)
        work = self._upsert(collector, origin, prepared)
        answer = self._submit(work, dryrun=dryrun)
        if answer.action == "noop" and not dryrun:
            sighting = Sighting(prepared.identitykey, prepared.hash, answer.warnings)
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
    ) -> list[Answer | Exception]:
        """Upsert an asset for each submission, in order and in few commits, each alone in its failure.

        Returns what `submit` would have returned or raised for each; in a dry run each is asked for as if
        it were the only one. Raises `NotFound` for an unknown collector, `Unavailable` for a quarantined one.
        """
        prepare = partial(self._work, self.collector(plugin), origin, lenient=lenient)
        works = [_caught(partial(prepare, submission)) for submission in submissions]
        sound = [work for work in works if isinstance(work, Upsert)]
        outcomes = iter(self._rehearsed(sound) if dryrun else self._store.together(sound))
        return [self._result(work, outcomes, dryrun=dryrun) for work in works]

    def _submit(self, work: Upsert, *, dryrun: bool) -> Answer:
        outcome = self._store.rehearse(work) if dryrun else self._store.transaction(work)
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

    def _upsert(self, collector: Collector, origin: Origin, prepared: Prepared) -> Upsert:
        witness = Witness(collector, origin, self._chain)
        return Upsert(witness, prepared, self._onmatch.get(collector.name, "flag"))

    def _rehearsed(self, works: Sequence[Upsert]) -> list[Outcome | Exception]:
        return [_caught(partial(self._store.rehearse, work)) for work in works]

    def _result(
        self, work: Upsert | Exception, outcomes: Iterator[Outcome | Exception], *, dryrun: bool
    ) -> Answer | Exception:
        """Take the next outcome for what could be prepared, and conclude it."""
        if isinstance(work, Exception):
            return work
        outcome = next(outcomes)
        if isinstance(outcome, Exception):
            return outcome
        return self._concluded(work, outcome, dryrun=dryrun)

    def _concluded(self, work: Upsert, outcome: Outcome, *, dryrun: bool) -> Answer:
        """Notify the observers, now that it is committed, and answer."""
        if not dryrun and outcome.entry.action != "noop":
            self._plugins.notify(change_of(outcome))
        return answer_of(work.prepared.warnings, outcome, dryrun=dryrun)


def _caught(work: Callable[[], T]) -> T | Exception:
    """Return what `work` returns or raises: the fault of one submission is no other's."""
    try:
        return work()
    except Exception as error:  # noqa: BLE001  # whoever asked for it looks at it
        return error
