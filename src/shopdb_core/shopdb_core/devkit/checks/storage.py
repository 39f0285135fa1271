"""The check `store_asset`: the plugin's rows follow from the attributes of its assets, whatever came before.

The rows after a sequence of submissions are compared with those of the same assets created at once.
"""

from collections.abc import Callable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Any, TypeAlias

from hypothesis import strategies as st
from sqlalchemy import Connection, Row, insert, select

from shopdb_core.assets.plugin_tables import Contents, PluginTables, differences
from shopdb_core.assets.rows import read_attributes
from shopdb_core.devkit.differences import difference, members
from shopdb_core.devkit.generating import NothingGenerated, check_property
from shopdb_core.devkit.results import CheckFailed, Finding
from shopdb_core.devkit.subject import Subject
from shopdb_core.devkit.trial import TrialSite, TrialSites
from shopdb_core.errors import InvalidSubmission, PluginFailure
from shopdb_core.json_text import canonical_text
from shopdb_core.store.tables import asset, assetattributes
from shopdb_core.submissions import Origin
from shopdb_core.submissions.pipeline import Pipeline, PreparedSubmission
from shopdb_core.submissions.upsert import Recorder, Upsert
from shopdb_hookspecs import Json, JsonObject

HOOK = "store_asset"
MAX_SEQUENCES = 50
MAX_SEQUENCE_LENGTH = 6
MAX_ASSETS = 3
MAX_CHANGES = 3
"""How many sequences are tried, how many submissions and assets each has, and how many values of a field."""

Submissions: TypeAlias = Sequence[dict[str, Json]]


@dataclass(frozen=True, slots=True)
class _Stored:
    """The assets after a sequence, in the order of their ids, and the contents of the plugin's rows."""

    assets: Sequence[tuple[Row[Any], JsonObject]]
    contents: Contents


class StorageMismatch(CheckFailed):
    """A finding, with the submissions that lead to it."""

    def __init__(self, finding: Finding, submissions: Submissions) -> None:
        super().__init__(finding)
        self.submissions = submissions


class StorageComparison:
    """Compares sequences on a site without assets, each in a transaction that is rolled back.

    So the tables are empty before every sequence.
    """

    def __init__(self, trial_site: TrialSite) -> None:
        self._trial_site = trial_site
        self._collector = trial_site.subject.collector
        self._pipeline = Pipeline(self._collector, trial_site.site.settings.timezone)
        origin = Origin(f"collector:{self._collector.name}", "conformance")
        self._recorder = Recorder(self._collector, origin, trial_site.site.chain)
        self._tables = trial_site.read(lambda connection: PluginTables(connection, trial_site.subject.name))

    def check(self, submissions: Submissions) -> None:
        """Raise `StorageMismatch` if the rows differ from those of the same assets created at once."""
        if (finding := self._finding(submissions)) is not None:
            raise StorageMismatch(finding, submissions)

    def shortest(self, mismatch: StorageMismatch) -> Finding:
        """Return the finding without the submissions, fields and items that it does not need."""
        required = self._collector.required
        least = _least(mismatch.submissions, required, lambda fewer: self._finding(fewer) is not None)
        return self._finding(least) or mismatch.finding

    def _finding(self, submissions: Submissions) -> Finding | None:
        prepared = [each for each in map(self._prepared, submissions) if each is not None]
        after = f"after {', then '.join(_steps(prepared))}"
        store = self._trial_site.site.store
        try:
            stored = store.dry_run(lambda connection: self._submitted(connection, prepared))
            expected = store.dry_run(lambda connection: self._created_at_once(connection, stored))
        except PluginFailure as failure:
            finding = Finding.of_failure(failure, self._trial_site.subject.candidate)
            return Finding(finding.place, f"{finding.what} {after}")
        for table, what in differences(stored.contents, expected):
            hint = "Write what `after` says, whatever `before` was: remove what is gone, clear what is null."
            return Finding(HOOK, f"{after}: in {table} the row {what}", hint)
        return None

    def _prepared(self, submission: dict[str, Json]) -> PreparedSubmission | None:
        try:
            return self._pipeline.prepare(submission, lenient=False)
        except (InvalidSubmission, PluginFailure):
            return None  # the check of normalize_submission reports it

    def _submitted(self, connection: Connection, prepared: Sequence[PreparedSubmission]) -> _Stored:
        for each in prepared:
            Upsert(self._recorder, each, None)(connection)
        rows = connection.execute(select(asset).order_by(asset.c.assetid)).all()
        assets = [(row, read_attributes(connection, row.assetid)) for row in rows]
        return _Stored(assets, self._tables.of_assets(connection))

    def _created_at_once(self, connection: Connection, stored: _Stored) -> Contents:
        for row, attributes in stored.assets:
            # With their ids: a server does not give the ids of a transaction that was rolled back again.
            connection.execute(insert(asset).values(row._asdict()))
            values = {"assetid": row.assetid, "attributes": canonical_text(attributes)}
            connection.execute(insert(assetattributes).values(values))
            self._collector.hooks.call(
                HOOK,
                connection=connection,
                assetid=row.assetid,
                before=None,
                after=attributes,
                plugin=self._collector.name,
            )
        return self._tables.of_assets(connection)


def _least(
    submissions: Submissions, required: AbstractSet[str], is_faulty: Callable[[Submissions], bool]
) -> Submissions:
    """Return faulty submissions without the submissions, fields and items that the fault does not need."""
    for index in reversed(range(len(submissions))):
        fewer = [*submissions[:index], *submissions[index + 1 :]]
        submissions = fewer if is_faulty(fewer) else submissions
    for index in range(len(submissions)):
        for field in sorted(submissions[index].keys() - required):
            rest = {name: value for name, value in submissions[index].items() if name != field}
            fewer = [*submissions[:index], rest, *submissions[index + 1 :]]
            submissions = fewer if is_faulty(fewer) else submissions
        for field, value in submissions[index].items():
            for item in reversed(range(len(value) if isinstance(value, list) else 0)):
                items = submissions[index][field]
                rest = {**submissions[index], field: [*items[:item], *items[item + 1 :]]}
                fewer = [*submissions[:index], rest, *submissions[index + 1 :]]
                submissions = fewer if is_faulty(fewer) else submissions
    return submissions


def _steps(prepared: Sequence[PreparedSubmission]) -> Iterator[str]:
    """Yield what each submission of a sequence did to its asset."""
    stored: dict[bytes, JsonObject] = {}
    several = len({each.identitykey for each in prepared}) > 1
    for each in prepared:
        before = stored.get(each.identitykey)
        if before is None:
            yield f"an asset was created with {members(each.submission)}"
        else:
            of_asset = f" of {each.identityvalue}" if several else ""
            yield f"{difference(before, {**before, **each.submission}) or 'the same again'}{of_asset}"
        stored[each.identitykey] = {**(before or {}), **each.submission}


def check_storing(sites: TrialSites) -> Iterator[Finding]:
    """Yield the first fault, with the shortest sequence of submissions that leads to it."""
    subject = sites.subject
    if subject.plugin.collector is None or not subject.implements(HOOK):
        return
    with sites.open() as trial_site:
        comparison = StorageComparison(trial_site)
        try:
            for submissions in _single_changes(subject):
                comparison.check(submissions)
            check_property(_sequences(subject), comparison.check, MAX_SEQUENCES)
        except StorageMismatch as mismatch:
            yield comparison.shortest(mismatch)
        except NothingGenerated:
            yield Finding(
                HOOK, "was not tried: no submission was generated that fits the schema", isnote=True
            )


def _single_changes(subject: Subject) -> Iterator[list[dict[str, Json]]]:
    """Yield sequences of two submissions: every field, then one of them cleared or changed.

    Generated sequences rarely have some of these.
    """
    full = {
        field: found[0]
        for field in subject.collector.declaration["fields"]
        if (found := subject.values.samples(field))
    }
    for example in subject.examples.values():
        whole = {**full, **example}
        required = {field: whole[field] for field in subject.collector.required}
        for field in sorted(whole.keys() - required.keys()):
            for value in (None, *subject.values.samples(field)[:MAX_CHANGES]):
                yield [whole, {**required, field: value}]


def _sequences(subject: Subject) -> st.SearchStrategy[list[dict[str, Json]]]:
    """Return sequences of submissions for a few assets."""
    field = subject.collector.identityfield
    identities = subject.values.samples(field)[:MAX_ASSETS]
    if not identities:
        return st.nothing()
    identified = st.sampled_from(identities).map(lambda identity: {field: identity})
    submission = st.tuples(subject.values.patches(), identified).map(lambda drawn: {**drawn[0], **drawn[1]})
    return st.lists(submission, min_size=1, max_size=MAX_SEQUENCE_LENGTH)
