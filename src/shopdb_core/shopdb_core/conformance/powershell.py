"""Whether the examples survive what Windows PowerShell makes of them."""

from collections.abc import Iterator

from shopdb_core.conformance.finding import Finding
from shopdb_core.conformance.loading import failed
from shopdb_core.conformance.mangling import Mangled, mangled
from shopdb_core.conformance.showing import shown
from shopdb_core.conformance.trial import Trial, TrialSites
from shopdb_core.errors import PluginFailure, RequestError


def check_powershell(sites: TrialSites) -> Iterator[Finding]:
    """Yield each shape of an example that ends in another asset, or in an answer of 500."""
    if sites.subject.plugin.collector is None:
        return
    declaration = sites.subject.collector.declaration
    with sites.site() as trial:
        for name, example in sites.subject.examples.items():
            for each in mangled(example, declaration):
                yield from _faults(trial, f"{name} with {each.shape}", each)


def _faults(trial: Trial, place: str, each: Mangled) -> Iterator[Finding]:
    try:
        trial.submit(each.plain)
        answer = trial.post(each.content)
    except RequestError:
        return
    except PluginFailure as failure:
        finding = failed(failure, trial.subject.candidate)
        yield Finding(f"{finding.place}, {place}", f"{finding.what}: the endpoint answers 500")
        return
    if each.lost:
        mend = "normalize_submission passes a value of an unexpected type on, so that it is refused."
        yield Finding(place, "is taken, though something was lost", mend)
    elif answer.action != "noop":
        yield Finding(place, f"is {answer.action} instead of noop: it changed {shown(answer.diff)}")
