"""`StorageComparison` finds rows of a plugin that do not follow from the attributes of its assets alone.

The rows after a sequence of submissions are compared with those of the same assets created at once. For a
plugin with `store_assets` the writes of the sequence are then repeated in batches, and by `store_asset`.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeAlias

from sqlalchemy import Connection, Row, insert, select

from shopdb_core.assets.plugin_tables import Content, Contents, PluginTables, differences
from shopdb_core.assets.rows import read_attributes
from shopdb_core.devkit.differences import difference, members
from shopdb_core.devkit.results import Finding
from shopdb_core.devkit.trial import TrialSite
from shopdb_core.edits.edit import remove_rows
from shopdb_core.errors import InvalidSubmission, PluginFailure
from shopdb_core.json_text import canonical_text
from shopdb_core.store.tables import asset, assetattributes
from shopdb_core.submissions import Origin
from shopdb_core.submissions.pipeline import Pipeline, PreparedSubmission
from shopdb_core.submissions.result import Outcome, SitePolicy
from shopdb_core.submissions.upsert import Upsert, Upserts
from shopdb_hookspecs import AssetWrite, Json, JsonObject

HOOK = "store_asset"
BATCH_HOOK = "store_assets"
REMOVING_HOOK = "remove_asset"

_AFTER_ALONE = "Write what `after` says, whatever `before` was: remove what is gone, clear what is null."
_NONE_LEFT = "Delete every row of the asset; without the hook ShopDB deletes those with its `assetid`."
_ALIKE = "Both hooks must write the same rows, and a batch those of its assets one by one."

Submissions: TypeAlias = Sequence[dict[str, Json]]


@dataclass(frozen=True, slots=True)
class _Stored:
    """What a sequence stored.

    The assets in the order of their ids, the writes that led to them, and the contents of the plugin's rows.
    """

    assets: Sequence[tuple[Row[Any], JsonObject]]
    writes: Sequence[AssetWrite]
    contents: Contents

    def batches(self) -> Iterator[list[AssetWrite]]:
        """Yield the writes in batches: the first of each asset, the second of each asset, and so on."""
        batches: list[list[AssetWrite]] = []
        counts: Counter[int] = Counter()
        for write in self.writes:
            if counts[write.assetid] == len(batches):
                batches.append([])
            batches[counts[write.assetid]].append(write)
            counts[write.assetid] += 1
        yield from batches


class StorageComparison:
    """Compares sequences on a site without assets, each in a transaction that is rolled back.

    So the tables are empty before every sequence.
    """

    def __init__(self, trial_site: TrialSite) -> None:
        self._trial_site = trial_site
        self._collector = trial_site.subject.collector
        self._pipeline = Pipeline(self._collector, trial_site.site.settings.timezone)
        self._origin = Origin(f"collector:{self._collector.name}", "conformance")
        self._upserts = Upserts(trial_site.site.chain)
        self._tables = trial_site.read(lambda connection: PluginTables(connection, trial_site.subject.name))

    def finding(self, submissions: Submissions) -> Finding | None:
        """Return a row that differs from those of the same assets created at once, `None` if none does."""
        prepared = [each for each in map(self._prepared, submissions) if each is not None]
        after = f"after {', then '.join(_steps(prepared))}"
        store = self._trial_site.site.store
        try:
            stored = store.dry_run(lambda connection: self._submitted(connection, prepared))
            expected = store.dry_run(lambda connection: self._created_at_once(connection, stored))
            if (finding := _difference(after, stored.contents, expected, _AFTER_ALONE)) is not None:
                return finding
            for form, repeat in self._other_forms().items():
                contents = store.dry_run(partial(self._repeated, stored=stored, repeat=repeat))
                if (finding := _difference(f"{after}, {form}", contents, expected, _ALIKE)) is not None:
                    return finding
        except PluginFailure as failure:
            finding = Finding.of_failure(failure, self._trial_site.subject.candidate)
            return Finding(finding.place, f"{finding.what} {after}")
        return None

    def left_behind(self, submission: dict[str, Json]) -> Finding | None:
        """Return a row that removing an asset leaves, or that storing it again does not bring back."""
        if (prepared := self._prepared(submission)) is None:
            return None
        after = f"after {', then '.join(_steps([prepared]))}, and was removed"
        try:
            stored, left, again = self._trial_site.site.store.dry_run(
                partial(self._removed, prepared=prepared)
            )
        except PluginFailure as failure:
            return Finding.of_failure(failure, self._trial_site.subject.candidate)
        nothing = {table: Counter[Content]() for table in left}
        return _difference(after, left, nothing, _NONE_LEFT, REMOVING_HOOK) or _difference(
            f"{after} and stored again", again, stored, _AFTER_ALONE
        )

    def _other_forms(self) -> Mapping[str, Callable[[Connection, _Stored], None]]:
        """Return how the same writes may be passed, other than one by one to the preferred hook."""
        hooks = self._collector.hooks
        forms: dict[str, Callable[[Connection, _Stored], None]] = {}
        if hooks.implements(BATCH_HOOK):
            forms[f"in batches by {BATCH_HOOK}"] = self._store_batches
            if hooks.implements(HOOK):
                forms[f"one by one by {HOOK}"] = self._store_alone
        return forms

    def _store_batches(self, connection: Connection, stored: _Stored) -> None:
        for batch in stored.batches():
            self._collector.store(connection, batch)

    def _store_alone(self, connection: Connection, stored: _Stored) -> None:
        for write in stored.writes:
            self._collector.store_one(connection, write)

    def _prepared(self, submission: dict[str, Json]) -> PreparedSubmission | None:
        try:
            return self._pipeline.prepare(submission, lenient=False)
        except (InvalidSubmission, PluginFailure):
            return None  # the check of normalize_submission reports it

    def _submitted(self, connection: Connection, prepared: Sequence[PreparedSubmission]) -> _Stored:
        latest: dict[int, JsonObject] = {}
        writes = []
        for each in prepared:
            outcome = self._submit(connection, each)
            if outcome.diff:
                assetid = outcome.entry.assetid
                before, latest[assetid] = latest.get(assetid), read_attributes(connection, assetid)
                writes.append(AssetWrite(assetid, before, latest[assetid]))
        rows = connection.execute(select(asset).order_by(asset.c.assetid)).all()
        assets = [(row, latest[row.assetid]) for row in rows]
        return _Stored(assets, writes, self._tables.of_assets(connection))

    def _submit(self, connection: Connection, prepared: PreparedSubmission) -> Outcome:
        upsert = Upsert(self._collector, self._origin, SitePolicy(), lambda: prepared)
        (outcome,) = self._upserts(connection, [upsert])
        assert isinstance(outcome, Outcome)  # it is prepared
        return outcome

    def _created_at_once(self, connection: Connection, stored: _Stored) -> Contents:
        self._create_assets(connection, stored)
        for row, attributes in stored.assets:
            self._collector.store(connection, [AssetWrite(row.assetid, None, attributes)])
        return self._tables.of_assets(connection)

    def _removed(
        self, connection: Connection, prepared: PreparedSubmission
    ) -> tuple[Contents, Contents, Contents]:
        """Return the rows of an asset, what is left after it was removed, and after it was stored again."""
        stored = self._submitted(connection, [prepared])
        (write,) = stored.writes
        remove_rows(connection, self._collector, write.assetid)
        left = self._tables.of_assets(connection)
        self._collector.store(connection, [write])
        return stored.contents, left, self._tables.of_assets(connection)

    def _repeated(
        self, connection: Connection, stored: _Stored, repeat: Callable[[Connection, _Stored], None]
    ) -> Contents:
        self._create_assets(connection, stored)
        repeat(connection, stored)
        return self._tables.of_assets(connection)

    def _create_assets(self, connection: Connection, stored: _Stored) -> None:
        """Create the assets without the plugin's rows.

        With their ids: a server does not give the ids of a transaction that was rolled back again.
        """
        for row, attributes in stored.assets:
            connection.execute(insert(asset).values(row._asdict()))
            values = {"assetid": row.assetid, "attributes": canonical_text(attributes)}
            connection.execute(insert(assetattributes).values(values))


def _difference(
    after: str, contents: Contents, expected: Contents, hint: str, place: str = HOOK
) -> Finding | None:
    """Return the first row that differs, with the submissions `after` which it does."""
    for table, what in differences(contents, expected):
        return Finding(place, f"{after}: in {table} the row {what}", hint)
    return None


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
