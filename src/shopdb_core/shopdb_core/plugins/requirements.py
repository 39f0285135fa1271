"""`requirement_fault` checks which releases of shopdb-hookspecs a plugin's distribution supports."""

import re
from collections.abc import Sequence
from importlib.metadata import version

from shopdb_core.plugins.discovery import Candidate

HOOKSPECS = "shopdb-hookspecs"

_NAME = re.compile(r"[A-Za-z0-9._-]+")
_RELEASE = r"[0-9]+(?:\.[0-9]+)*"
_BOUND = re.compile(rf"(>=|<)({_RELEASE})")


def requirement_fault(candidate: Candidate) -> str:
    """Return why a distribution excludes the installed shopdb-hookspecs, empty if it does not."""
    installed = version(HOOKSPECS)
    lines = [line for line in candidate.requires if _names_hookspecs(line)]
    if all(plainly_includes(line, installed) for line in lines):
        return ""
    return _fault(lines, installed, candidate.distribution)


def _names_hookspecs(line: str) -> bool:
    """Return whether a line `Requires-Dist` names our distribution, in any spelling (PEP 503)."""
    name = _NAME.match(line.lstrip())
    return name is not None and re.sub("[-_.]+", "-", name[0]).lower() == HOOKSPECS


def plainly_includes(line: str, installed: str) -> bool:
    """Return whether a range as most plugins have it, such as `<2,>=1.0`, includes the installed release.

    It makes the import of packaging needless, which takes as long as that of click. False where only
    packaging can decide.
    """
    bounds = list(map(_BOUND.fullmatch, line.removeprefix(HOOKSPECS).split(",")))
    if None in bounds or not re.fullmatch(_RELEASE, installed):
        return False
    release = _numbers(installed)
    return all(
        release >= _numbers(bound[2]) if bound[1] == ">=" else release < _numbers(bound[2])
        for bound in bounds
        if bound
    )


def _numbers(release: str) -> tuple[int, ...]:
    """Return a release's numbers; zeros at its end have no meaning (PEP 440)."""
    numbers = [int(number) for number in release.split(".")]
    while numbers and numbers[-1] == 0:
        numbers.pop()
    return tuple(numbers)


def _fault(lines: Sequence[str], installed: str, distribution: str) -> str:
    from packaging.requirements import InvalidRequirement, Requirement  # noqa: PLC0415  # see above

    for line in lines:
        try:
            requirement = Requirement(line)
        except InvalidRequirement as error:
            reason = f"its Requires-Dist is not valid: {str(error).splitlines()[0]}"
            return f"{reason}: correct the dependencies of {distribution}"
        applies = requirement.marker is None or requirement.marker.evaluate()
        if applies and not requirement.specifier.contains(installed, prereleases=True):
            return (
                f"it requires {requirement}, and {HOOKSPECS} {installed} is installed: install a release of "
                f"{distribution} that supports it"
            )
    return ""
