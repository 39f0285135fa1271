"""What a check found out about a plugin.

A promise of a plugin that was found broken, on its way to the list of findings.

Whether a plugin conforms: the result of each check, as a person reads it and as a script does.

JSON in a finding: whole where it is short, for its reader has to see what happened.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Literal

from shopdb_core.json_text import canonical_text, pointer
from shopdb_hookspecs import Json, JsonObject


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong with a plugin, or worth knowing (`isnote`).

    `place` names the hook, example, report or file; `what` says what is wrong there, `mend` the next step.
    """

    place: str
    what: str
    mend: str = ""
    isnote: bool = False

    def __str__(self) -> str:
        return f"{self.place}: {self.what}"


class CheckFailed(Exception):
    """Carries the finding; a check raises it where going on would only tell consequences."""

    def __init__(self, finding: Finding) -> None:
        super().__init__(str(finding))
        self.finding = finding


State = Literal["ok", "note", "FAILED", "skipped"]


@dataclass(frozen=True, slots=True)
class CheckResult:
    """What one check found; a check that could not run for what another found is `skipped`."""

    check: str
    findings: Sequence[Finding] = ()
    skipped: bool = False

    @property
    def faults(self) -> list[Finding]:
        """What must be mended."""
        return [finding for finding in self.findings if not finding.isnote]

    @property
    def state(self) -> State:
        """The result in a word."""
        if self.skipped:
            return "skipped"
        if self.faults:
            return "FAILED"
        return "note" if self.findings else "ok"

    def lines(self) -> Iterator[str]:
        """Yield a line for the check, and the findings beneath it."""
        yield f"{self.check:<22}{self.state}"
        for finding in self.findings:
            yield f"    {'note: ' if finding.isnote else ''}{finding}"
            if finding.mend:
                yield f"        {finding.mend}"


@dataclass(frozen=True, slots=True)
class ConformanceResult:
    """The results of all checks of one plugin."""

    plugin: str
    version: str
    distribution: str
    results: Sequence[CheckResult]

    @property
    def conforms(self) -> bool:
        """Whether no check found a fault."""
        return not self._faults()

    def __str__(self) -> str:
        return "\n".join([*(line for result in self.results for line in result.lines()), self._sum()])

    def as_json(self) -> JsonObject:
        """Return the same for scripts; `read_verdict` reads it."""
        checks = [
            {"check": result.check, "state": result.state, "findings": list(map(asdict, result.findings))}
            for result in self.results
        ]
        return {
            "plugin": self.plugin,
            "version": self.version,
            "distribution": self.distribution,
            "conforms": self.conforms,
            "checks": checks,
        }

    def _faults(self) -> int:
        return sum(len(result.faults) for result in self.results)

    def _sum(self) -> str:
        named = f"{self.plugin} {self.version} ({self.distribution})" if self.version else self.plugin
        if self.conforms:
            return f"{named} conforms."
        count = self._faults()
        return f"{named} does not conform: {count} fault{'' if count == 1 else 's'}."


def read_result(data: Json) -> ConformanceResult:
    """Read what `Verdict.as_json` wrote."""
    results = tuple(map(_read_result, data["checks"]))
    return ConformanceResult(data["plugin"], data["version"], data["distribution"], results)


def _read_result(data: Json) -> CheckResult:
    findings = tuple(Finding(**finding) for finding in data["findings"])
    return CheckResult(data["check"], findings, skipped=data["state"] == "skipped")


LONGEST = 200


def shown(value: Json) -> str:
    """Return canonical JSON, cut at 200 characters."""
    text = canonical_text(value)
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}…"


def shown_change(before: JsonObject, after: JsonObject) -> str:
    """Return the fields that differ, each with its pointer, as `/place: "a" -> "b"`."""
    names = sorted(
        name for name in before.keys() | after.keys() if _whole(before, name) != _whole(after, name)
    )
    return ", ".join(f"{pointer([name])}: {_text(before, name)} -> {_text(after, name)}" for name in names)


def _text(document: JsonObject, name: str) -> str:
    return shown(document[name]) if name in document else "nothing"


def _whole(document: JsonObject, name: str) -> str:
    return canonical_text(document[name]) if name in document else "nothing"


def shown_in_turn(values: Iterable[Json]) -> str:
    """Return several documents as what came one after the other."""
    return ", then ".join(map(shown, values))
