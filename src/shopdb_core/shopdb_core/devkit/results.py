"""What the checks of a plugin find: `Finding`, `CheckResult` for each check, `ConformanceResult` in all.

A result is printed for people with `str()`, and as JSON for scripts and for another process.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, Self

from shopdb_core.errors import PluginFailure
from shopdb_core.plugins.discovery import Candidate
from shopdb_hookspecs import Json, JsonObject

SQLITE = "sqlite"
LONGEST_CHECK = "normalize_submission"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong with a plugin; with `isnote`, one that its author should know.

    `place` names the hook, example, report or file; `what` says what is wrong there, `hint` the next step.
    """

    place: str
    what: str
    hint: str = ""
    isnote: bool = False

    def __str__(self) -> str:
        return f"{self.place}: {self.what}"

    @classmethod
    def of_failure(cls, failure: PluginFailure, candidate: Candidate, where: str = "") -> Self:
        """Return the finding for a hook of `candidate` that raised, or returned a wrong value."""
        return cls(", ".join(filter(None, [failure.hook, where])), candidate.explain(failure))

    @classmethod
    def from_json(cls, data: Json) -> Self:
        """Read what `as_json` returned."""
        return cls(data["place"], data["what"], data["mend"], data["isnote"])

    def as_json(self) -> JsonObject:
        """Return the finding as `shopdb plugin check --json` prints it."""
        return {"place": self.place, "what": self.what, "mend": self.hint, "isnote": self.isnote}


class CheckFailed(Exception):
    """Ends a check with a finding, where further findings would only be its consequences."""

    def __init__(self, finding: Finding) -> None:
        super().__init__(str(finding))
        self.finding = finding


State = Literal["ok", "note", "FAILED", "skipped"]


@dataclass(frozen=True, slots=True)
class CheckResult:
    """The findings of one check; `skipped` if it could not run because another check failed.

    `database` is the kind of database that it ran on; empty for a check that needs none.
    """

    check: str
    findings: Sequence[Finding] = ()
    skipped: bool = False
    database: str = ""

    @property
    def title(self) -> str:
        """The check, and the database unless that is SQLite, on which each plugin is checked."""
        return f"{self.check} on {self.database}" if self.database not in ("", SQLITE) else self.check

    @property
    def faults(self) -> list[Finding]:
        """The findings that are not notes."""
        return [finding for finding in self.findings if not finding.isnote]

    @property
    def state(self) -> State:
        """The result in a word."""
        if self.skipped:
            return "skipped"
        if self.faults:
            return "FAILED"
        return "note" if self.findings else "ok"

    def lines(self, width: int) -> Iterator[str]:
        """Yield a line for the check, its state after `width` characters, then the findings, indented."""
        yield f"{self.title:<{width}}{self.state}"
        for finding in self.findings:
            yield f"    {'note: ' if finding.isnote else ''}{finding}"
            if finding.hint:
                yield f"        {finding.hint}"


@dataclass(frozen=True, slots=True)
class ConformanceResult:
    """The results of all checks of one plugin; `version` is empty if the plugin has none."""

    plugin: str
    version: str
    distribution: str
    results: Sequence[CheckResult]

    @property
    def conforms(self) -> bool:
        """Whether no check found a fault."""
        return not self._fault_count()

    def __str__(self) -> str:
        return "\n".join(self.lines())

    def lines(self) -> Iterator[str]:
        """Yield the lines of each check, then the summary."""
        width = max(map(len, (LONGEST_CHECK, *(result.title for result in self.results)))) + 2
        for result in self.results:
            yield from result.lines(width)
        yield self._summary()

    @classmethod
    def from_json(cls, data: Json) -> Self:
        """Read what `as_json` returned."""
        results = [
            CheckResult(
                check["check"],
                tuple(map(Finding.from_json, check["findings"])),
                skipped=check["state"] == "skipped",
                database=check["database"] or "",
            )
            for check in data["checks"]
        ]
        return cls(data["plugin"], data["version"], data["distribution"], tuple(results))

    def as_json(self) -> JsonObject:
        """Return the results as `shopdb plugin check --json` prints them."""
        checks = [
            {
                "check": result.check,
                "database": result.database or None,
                "state": result.state,
                "findings": [finding.as_json() for finding in result.findings],
            }
            for result in self.results
        ]
        return {
            "plugin": self.plugin,
            "version": self.version,
            "distribution": self.distribution,
            "conforms": self.conforms,
            "checks": checks,
        }

    def _fault_count(self) -> int:
        return sum(len(result.faults) for result in self.results)

    def _summary(self) -> str:
        named = f"{self.plugin} {self.version} ({self.distribution})" if self.version else self.plugin
        if self.conforms:
            return f"{named} conforms."
        count = self._fault_count()
        return f"{named} does not conform: {count} fault{'' if count == 1 else 's'}."
