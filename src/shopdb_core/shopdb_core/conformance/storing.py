"""Whether the plugin's tables say what its assets' attributes say, whatever was submitted before."""

from collections.abc import Iterator

from hypothesis import strategies as st

from shopdb_core.conformance.agreement import HOOK, Agreement, Disagreement
from shopdb_core.conformance.finding import Finding
from shopdb_core.conformance.generating import FieldValues, NothingGenerated, check_property
from shopdb_core.conformance.trial import TrialSites
from shopdb_core.plugins.collector import Collector
from shopdb_hookspecs import Json

SEQUENCES = 50
LONGEST_SEQUENCE = 6
ASSETS = 3


def check_storing(sites: TrialSites) -> Iterator[Finding]:
    """Yield the smallest sequence of submissions that leaves other rows than its outcome, written at once."""
    subject = sites.subject
    if subject.plugin.collector is None or not subject.implements(HOOK):
        return
    with sites.site() as trial:
        agreement = Agreement(trial)
        try:
            check_property(_sequences(subject.values, subject.collector), agreement.holds, SEQUENCES)
        except Disagreement as broken:
            yield agreement.shortest(broken)
        except NothingGenerated:
            yield Finding(HOOK, "was not tried: no submission was found that fits the schema", isnote=True)


def _sequences(values: FieldValues, collector: Collector) -> st.SearchStrategy[list[dict[str, Json]]]:
    """Return submissions in turn that speak of a few assets again and again."""
    identities = values.some(collector.identityfield)[:ASSETS]
    if not identities:
        return st.nothing()
    identified = st.sampled_from(identities).map(lambda identity: {collector.identityfield: identity})
    submission = st.tuples(values.patches(), identified).map(lambda drawn: {**drawn[0], **drawn[1]})
    return st.lists(submission, min_size=1, max_size=LONGEST_SEQUENCE)
