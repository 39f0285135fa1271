"""Whether a plugin conforms: the result of each check, as a person reads it and as a script does."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Literal

from shopdb_core.conformance.finding import Finding
from shopdb_hookspecs import Json, JsonObject

State = Literal["ok", "note", "FAILED", "skipped"]


@dataclass(frozen=True, slots=True)
class Result:
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
class Verdict:
    """The results of all checks of one plugin."""

    plugin: str
    version: str
    distribution: str
    results: Sequence[Result]

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


def read_verdict(data: Json) -> Verdict:
    """Read what `Verdict.as_json` wrote."""
    results = tuple(map(_read_result, data["checks"]))
    return Verdict(data["plugin"], data["version"], data["distribution"], results)


def _read_result(data: Json) -> Result:
    findings = tuple(Finding(**finding) for finding in data["findings"])
    return Result(data["check"], findings, skipped=data["state"] == "skipped")
