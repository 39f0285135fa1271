"""Whether the plugin's tables say what its assets' attributes say, whatever was submitted before."""

from collections.abc import Iterator

from hypothesis import strategies as st

from shopdb_core.conformance.agreement import HOOK, Agreement, Disagreement
from shopdb_core.conformance.finding import Finding
from shopdb_core.conformance.generating import NothingGenerated, check_property
from shopdb_core.conformance.subject import Subject
from shopdb_core.conformance.trial import TrialSites
from shopdb_hookspecs import Json

SEQUENCES = 50
LONGEST_SEQUENCE = 6
ASSETS = 3
CHANGES = 3


def check_storing(sites: TrialSites) -> Iterator[Finding]:
    """Yield the shortest submissions after which the rows are not those of their outcome, written at once."""
    subject = sites.subject
    if subject.plugin.collector is None or not subject.implements(HOOK):
        return
    with sites.site() as trial:
        agreement = Agreement(trial)
        try:
            for submissions in _single_changes(subject):
                agreement.holds(submissions)
            check_property(_sequences(subject), agreement.holds, SEQUENCES)
        except Disagreement as broken:
            yield agreement.shortest(broken)
        except NothingGenerated:
            yield Finding(HOOK, "was not tried: no submission was found that fits the schema", isnote=True)


def _single_changes(subject: Subject) -> Iterator[list[dict[str, Json]]]:
    """Yield an asset with every field, and one of them cleared or changed: chance finds some late."""
    full = {
        field: found[0]
        for field in subject.collector.declaration["fields"]
        if (found := subject.values.some(field))
    }
    for example in subject.examples.values():
        whole = {**full, **example}
        least = {field: whole[field] for field in subject.collector.required}
        for field in sorted(whole.keys() - least.keys()):
            for value in (None, *subject.values.some(field)[:CHANGES]):
                yield [whole, {**least, field: value}]


def _sequences(subject: Subject) -> st.SearchStrategy[list[dict[str, Json]]]:
    """Return submissions in turn that speak of a few assets again and again."""
    field = subject.collector.identityfield
    identities = subject.values.some(field)[:ASSETS]
    if not identities:
        return st.nothing()
    identified = st.sampled_from(identities).map(lambda identity: {field: identity})
    submission = st.tuples(subject.values.patches(), identified).map(lambda drawn: {**drawn[0], **drawn[1]})
    return st.lists(submission, min_size=1, max_size=LONGEST_SEQUENCE)
