"""The check `store_asset`: sequences of submissions lead to the rows of the same assets created at once.

The sequences are single changes of each field, and generated ones. Finally an asset is removed, as when
people retire it, and stored again.
"""

from collections.abc import Callable, Iterator
from collections.abc import Set as AbstractSet
from functools import partial
from itertools import islice

from hypothesis import strategies as st

from shopdb_core.devkit.checks.storage_comparison import HOOK, StorageComparison, Submissions
from shopdb_core.devkit.results import CheckFailed, Finding
from shopdb_core.devkit.strategies.generating import NothingGenerated, check_property
from shopdb_core.devkit.subject import Subject
from shopdb_core.devkit.trial import TrialSites
from shopdb_hookspecs import Json

MAX_SEQUENCES = 50
MAX_SEQUENCE_LENGTH = 6
MAX_ASSETS = 3
MAX_CHANGES = 3
"""How many sequences are tried, how many submissions and assets each has, and how many values of a field."""


class StorageMismatch(CheckFailed):
    """A finding, with the submissions that lead to it."""

    def __init__(self, finding: Finding, submissions: Submissions) -> None:
        super().__init__(finding)
        self.submissions = submissions


def check_storing(sites: TrialSites) -> Iterator[Finding]:
    """Yield the first fault, with the shortest sequence of submissions that leads to it."""
    subject = sites.subject
    if subject.plugin.collector is None or not subject.stores:
        return
    with sites.open() as trial_site:
        comparison = StorageComparison(trial_site)
        try:
            for submissions in _single_changes(subject):
                _check(comparison, submissions)
            check_property(_sequences(subject), partial(_check, comparison), MAX_SEQUENCES)
            found = (comparison.left_behind(whole) for whole in _whole_submissions(subject))
            yield from islice(filter(None, found), 1)
        except StorageMismatch as mismatch:
            yield _shortest(comparison, mismatch, subject.collector.required)
        except NothingGenerated:
            yield Finding(
                HOOK, "was not tried: no submission was generated that fits the schema", isnote=True
            )


def _check(comparison: StorageComparison, submissions: Submissions) -> None:
    """Raise `StorageMismatch` if the rows differ from those of the same assets created at once."""
    if (finding := comparison.finding(submissions)) is not None:
        raise StorageMismatch(finding, submissions)


def _single_changes(subject: Subject) -> Iterator[list[dict[str, Json]]]:
    """Yield sequences of two submissions: every field, then one of them cleared or changed.

    Generated sequences rarely have some of these.
    """
    for whole in _whole_submissions(subject):
        required = {field: whole[field] for field in subject.collector.required}
        for field in sorted(whole.keys() - required.keys()):
            for value in (None, *subject.values.samples(field)[:MAX_CHANGES]):
                yield [whole, {**required, field: value}]


def _whole_submissions(subject: Subject) -> Iterator[dict[str, Json]]:
    """Yield the examples, each with the fields that it lacks."""
    full = {
        field: found[0]
        for field in subject.collector.declaration["fields"]
        if (found := subject.values.samples(field))
    }
    for example in subject.examples.values():
        yield {**full, **example}


def _sequences(subject: Subject) -> st.SearchStrategy[list[dict[str, Json]]]:
    """Return sequences of submissions for a few assets."""
    field = subject.collector.identityfield
    identities = subject.values.samples(field)[:MAX_ASSETS]
    if not identities:
        return st.nothing()
    identified = st.sampled_from(identities).map(lambda identity: {field: identity})
    submission = st.tuples(subject.values.patches(), identified).map(lambda drawn: {**drawn[0], **drawn[1]})
    return st.lists(submission, min_size=1, max_size=MAX_SEQUENCE_LENGTH)


def _shortest(
    comparison: StorageComparison, mismatch: StorageMismatch, required: AbstractSet[str]
) -> Finding:
    """Return the finding without the submissions, fields and items that it does not need."""
    least = _least(mismatch.submissions, required, lambda fewer: comparison.finding(fewer) is not None)
    return comparison.finding(least) or mismatch.finding


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
