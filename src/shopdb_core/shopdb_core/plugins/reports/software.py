"""The software of a site: programs with versions and how many assets have them, from the reports of plugins.

A declaration names the reports of its plugin that count programs (`x-software`), each in a role with columns
and parameters that it must have. Code that reads them does not name a plugin.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby, islice
from typing import NamedTuple, TypeVar

from shopdb_core.errors import NotFound
from shopdb_core.plugins.registry import Plugins
from shopdb_core.plugins.reports.running import Reports
from shopdb_hookspecs import Json, JsonObject

T = TypeVar("T")

MOST_VERSIONS = 5_000
"""How many versions the programs of a page have together, at most, unless one program alone has more."""

MOST_CHANGES = 100
"""How many programs that came, and how many that went, are returned."""


class Version(NamedTuple):
    """A version of a program, empty if it is unknown, and how many assets have it."""

    version: str
    installations: int


@dataclass(frozen=True, slots=True)
class Program:
    """A program with its versions, lowest first."""

    name: str
    versions: Sequence[Version]

    @property
    def installations(self) -> int:
        """How often it is installed: an asset with two of its versions counts twice."""
        return sum(each.installations for each in self.versions)


class Holder(NamedTuple):
    """An asset that has a program."""

    assetid: int
    identityvalue: str


class Change(NamedTuple):
    """A version of a program that no asset had before `day`, or that none has any more since then (UTC)."""

    day: str
    name: str
    version: str
    installations: int


@dataclass(frozen=True, slots=True)
class Changes:
    """What came and what went, the newest first, and whether there is more of each."""

    came: Sequence[Change]
    went: Sequence[Change]
    more_came: bool
    more_went: bool


class SoftwareLists:
    """The software of each active plugin that counts it."""

    def __init__(self, plugins: Plugins, reports: Reports) -> None:
        self._plugins = plugins
        self._reports = reports

    def plugins(self) -> list[str]:
        """Return the names of the plugins that count software."""
        return [
            name for name, each in self._plugins.collectors().items() if each.declaration.get("x-software")
        ]

    def report(self, plugin: str, role: str) -> str:
        """Return the name of a plugin's report in a role; raises `NotFound` if it has none."""
        roles = self._roles(plugin)
        if role not in roles:
            raise NotFound(f"The declaration of {plugin[:40]} names no report for {role} in x-software.")
        return roles[role]

    def has_changes(self, plugin: str) -> bool:
        """Whether the plugin says which programs came and went."""
        return "changes" in self._roles(plugin)

    def programs(
        self, plugin: str, *, contains: str = "", beyond: str = "", limit: int
    ) -> tuple[list[Program], bool]:
        """Return up to `limit` programs after the name `beyond`, and whether there are more.

        `contains` is a part of their names. Raises `NotFound` for a plugin that counts no software, and as
        `Reports.run` does.
        """
        given = {"contains": contains, "beyond": beyond}

        def take(rows: Iterator[JsonObject]) -> tuple[list[Program], bool]:
            found: list[Program] = []
            versions = 0
            for name, group in groupby(rows, key=lambda row: str(row["name"])):
                if len(found) == limit or (found and versions >= MOST_VERSIONS):
                    return found, True
                found.append(_program(name, group))
                versions += len(found[-1].versions)
            return found, False

        return self._run(plugin, "programs", given, take)

    def program(self, plugin: str, name: str) -> Program:
        """Return one program; raises `NotFound` if no asset has it, and as `programs` does."""
        found = self._run(plugin, "versions", {"name": name}, lambda rows: _program(name, rows))
        if not found.versions:
            raise NotFound(f"No asset of {plugin} has the program {name[:80]!r} now; search the list for it.")
        return found

    def holders(
        self, plugin: str, name: str, version: str, *, beyond: int = 0, limit: int
    ) -> tuple[list[Holder], bool]:
        """Return up to `limit` assets with one version and ids above `beyond`, and whether there are more."""
        given = {"name": name, "version": version, "beyond": beyond}

        def take(rows: Iterator[JsonObject]) -> tuple[list[Holder], bool]:
            found = [
                Holder(int(row["assetid"]), str(row["identityvalue"])) for row in islice(rows, limit + 1)
            ]
            return found[:limit], len(found) > limit

        return self._run(plugin, "holders", given, take)

    def changes(self, plugin: str, days: int) -> Changes:
        """Return the programs that came and went in the last days, with today; at most 100 of each."""

        def take(rows: Iterator[JsonObject]) -> Changes:
            found: dict[str, list[Change]] = {"appeared": [], "vanished": []}
            for row in rows:
                values = (str(row["day"]), str(row["name"]), str(row["version"] or ""), row["installations"])
                found[row["change"]].append(Change(*values))
            came, went = found["appeared"], found["vanished"]
            more = (len(came) > MOST_CHANGES, len(went) > MOST_CHANGES)
            return Changes(came[:MOST_CHANGES], went[:MOST_CHANGES], *more)

        return self._run(plugin, "changes", {"days": days}, take)

    def _run(self, plugin: str, role: str, given: JsonObject, take: Callable[[Iterator[JsonObject]], T]) -> T:
        """Run the report of a role, and return what `take` makes of its rows, by the columns' names."""
        report = self._reports.get(plugin, self.report(plugin, role))

        def named(rows: Iterator[Sequence[Json]]) -> T:
            return take(dict(zip(report.columns, row, strict=True)) for row in rows)

        return self._reports.run(plugin, report, given, named)

    def _roles(self, plugin: str) -> Mapping[str, str]:
        """Return the name of the report for each role; raises `NotFound`, or `Unavailable` if quarantined."""
        roles: Mapping[str, str] | None = self._plugins.collector(plugin).declaration.get("x-software")
        if roles is None:
            raise NotFound(f"The plugin {plugin[:40]} does not count software.")
        return roles


def _program(name: str, rows: Iterable[JsonObject]) -> Program:
    found = [Version(str(row["version"] or ""), int(row["installations"])) for row in rows]
    return Program(name, found)
