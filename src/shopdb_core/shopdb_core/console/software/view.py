"""Programs with their versions, the assets that have one, and what came and went: of any plugin."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar
from urllib.parse import quote, urlencode

import falcon

from shopdb_core.console.framework.pages import PageResource
from shopdb_core.errors import NotFound
from shopdb_core.plugins.reports.software import Program, Version
from shopdb_core.store.tables import LARGEST_ID
from shopdb_core.web.parameters import Queries, short_text, whole_number
from shopdb_core.web.request import Roles

PROGRAMS = 60
HOLDERS = 100
VERSIONS = 500
"""How many a page has at most."""

SEGMENTS = 5
"""How many versions a bar tells apart; all others are one more segment."""

MOST_DAYS = 365

_PLUGIN = short_text("plugin")
_NAME = short_text("name")


@dataclass(frozen=True, slots=True)
class Segment:
    """A part of a bar, from 0 to 100; `version` is `None` for all versions that are not told apart."""

    version: str | None
    installations: int
    start: float
    width: float


@dataclass(frozen=True, slots=True)
class Listed:
    """A program with its most frequent versions first, and the bar of its versions, lowest first."""

    program: Program
    frequent: Sequence[Version]
    segments: Sequence[Segment]


class SoftwareResource(PageResource):
    """A page about the software of one plugin's assets."""

    def _csv(self, plugin: str, role: str, **given: object) -> str:
        """Return the address of a report in a role as a file, with all its rows."""
        query = urlencode({name: value for name, value in given.items() if value is not None})
        return f"/api/reports/{quote(plugin)}/{self._site.software.report(plugin, role)}.csv?{query}"

    def _plugin(self, req: falcon.Request) -> str:
        """Return the plugin that the address names, or the first one; raises `NotFound` if there is none."""
        plugins = self._site.software.plugins()
        named: str | None = req.context.query["plugin"]
        if not named and not plugins:
            raise NotFound("No plugin of this site counts software.")
        return named or plugins[0]


class SoftwarePage(SoftwareResource):
    """The programs of one plugin's assets."""

    roles: ClassVar[Roles] = {"GET": "viewer"}
    queries: ClassVar[Queries] = {"on_get": (_PLUGIN, short_text("q"), short_text("after"))}

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        """List programs by name, those whose name has a part, or those after a name."""
        lists, query = self._site.software, req.context.query
        if not lists.plugins():
            self._pages.render(req, resp, "software/none.html")
            return
        plugin = self._plugin(req)
        programs, more = lists.programs(
            plugin, contains=query["q"] or "", beyond=query["after"] or "", limit=PROGRAMS
        )
        self._pages.render(
            req,
            resp,
            "software/page.html",
            plugin=plugin,
            plugins=lists.plugins(),
            programs=[listed(each) for each in programs],
            q=query["q"] or "",
            first=not query["after"],
            next=programs[-1].name if more else None,
            has_changes=lists.has_changes(plugin),
            csv=self._csv(plugin, "programs", contains=query["q"] or None),
        )


class ProgramPage(SoftwareResource):
    """The versions of one program."""

    roles: ClassVar[Roles] = {"GET": "viewer"}
    queries: ClassVar[Queries] = {"on_get": (_PLUGIN, _NAME)}

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Show how many assets have each version."""
        plugin, name = self._plugin(req), _name(req)
        program = self._site.software.program(plugin, name)
        self._pages.render(
            req,
            resp,
            "software/program.html",
            plugin=plugin,
            program=program,
            versions=program.versions[-VERSIONS:],
            left_out=max(0, len(program.versions) - VERSIONS),
            segments=listed(program).segments,
        )


class HoldersPage(SoftwareResource):
    """The assets that have one version of a program."""

    roles: ClassVar[Roles] = {"GET": "viewer"}
    queries: ClassVar[Queries] = {
        "on_get": (_PLUGIN, _NAME, short_text("version"), whole_number("after", 0, LARGEST_ID, 0))
    }

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        """List them, the oldest entry of the site first."""
        plugin, name = self._plugin(req), _name(req)
        query = req.context.query
        version = query["version"] or ""
        holders, more = self._site.software.holders(
            plugin, name, version, beyond=query["after"], limit=HOLDERS
        )
        self._pages.render(
            req,
            resp,
            "software/holders.html",
            plugin=plugin,
            name=name,
            version=version,
            holders=holders,
            first=not query["after"],
            next=holders[-1].assetid if more else None,
            csv=self._csv(plugin, "holders", name=name, version=version),
        )


class SoftwareChangesPage(SoftwareResource):
    """The programs that came and went lately."""

    roles: ClassVar[Roles] = {"GET": "viewer"}
    queries: ClassVar[Queries] = {"on_get": (_PLUGIN, whole_number("days", 1, MOST_DAYS, 7))}

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        """List both, the newest first."""
        plugin = self._plugin(req)
        days = req.context.query["days"]
        self._pages.render(
            req,
            resp,
            "software/changes.html",
            plugin=plugin,
            days=days,
            choices=sorted({1, 7, 30, 90, days}),
            changes=self._site.software.changes(plugin, days),
            csv=self._csv(plugin, "changes", days=days),
        )


def listed(program: Program) -> Listed:
    """Return a program with its most frequent versions, and the bar in which these are told apart."""
    by_number = sorted(program.versions, key=lambda each: -each.installations)
    frequent = by_number[:SEGMENTS]
    shown = [each for each in program.versions if each in frequent]
    others = sum(each.installations for each in by_number[SEGMENTS:])
    parts = [(each.version, each.installations) for each in shown]
    return Listed(program, frequent, segments([*parts, (None, others)] if others else parts))


def segments(parts: Sequence[tuple[str | None, int]]) -> list[Segment]:
    """Return the segments of a bar, each as long as its number."""
    total = sum(number for _, number in parts)
    found: list[Segment] = []
    done = 0
    for version, number in parts:
        found.append(Segment(version, number, 100 * done / total, 100 * number / total))
        done += number
    return found


def _name(req: falcon.Request) -> str:
    """Return the program that the address names; raises `NotFound` if it names none."""
    name: str | None = req.context.query["name"]
    if not name:
        raise NotFound("This address is incomplete: open the program from the list of software.")
    return name
