"""The first page: the site at a glance, and what needs somebody's attention."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, ClassVar

import falcon

from shopdb_core.assets.listing import AssetCount
from shopdb_core.console.charts.geometry import ColumnChart, stacked_columns
from shopdb_core.console.collectors.snippets import snippets
from shopdb_core.console.framework.pages import N_, PageResource, Pages, absolute, type_label
from shopdb_core.operations.health.site_checks import OLD_BACKUP, OLD_HEAD
from shopdb_core.operations.overview import Overview, Overviews
from shopdb_core.outcomes.totals import DayTotals
from shopdb_core.plugins.collector import Collector
from shopdb_core.web.parameters import Queries, whole_number
from shopdb_core.web.request import Roles

if TYPE_CHECKING:
    from shopdb_core.console.framework.language import Language

DAYS = 14
WEEKS = 52

DUPLICATES = {
    "renamed": N_("Assets that may be one device under two names"),
    "swapped": N_("Assets that may have exchanged a part"),
    "collision": N_("Names that two devices may share"),
    "samehost": N_("Assets with a short and a full form of one name"),
}
"""What each kind of findings is."""

SERIES = (
    ("refused", N_("Refused")),
    ("created", N_("Created")),
    ("updated", N_("Updated")),
    ("noop", N_("Unchanged")),
)
"""What became of submissions: what people look for at the bottom, where columns are compared best."""


@dataclass(frozen=True, slots=True)
class TypeTile:
    """The assets of one type: how many are active, how many have another state, how many are silent."""

    assettype: str
    label: str
    active: int
    others: int
    silent: int


class OverviewPage(PageResource):
    """The site at a glance."""

    roles: ClassVar[Roles] = {"GET": "viewer"}
    queries: ClassVar[Queries] = {"on_get": (whole_number("wall", 0, 1, 0),)}

    def __init__(self, pages: Pages) -> None:
        super().__init__(pages)
        self._overviews = Overviews(self._site)

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Show the site at a glance, `wall=1` for a screen on a wall."""
        overview = self._overviews.newest()
        if not overview.assets:
            self._pages.render(req, resp, "overview/empty.html", **self._first_submission(req, overview))
            return
        language = self._pages.language(req)
        attention = self._overviews.attention()
        self._pages.render(
            req,
            resp,
            "overview/page.html",
            wall=req.context.query["wall"] == 1,
            overview=overview,
            tiles=self._tiles(overview),
            attention=[each for each in attention if each.rows or each.failed],
            counting=[each for each in attention if each.rows is None and not each.failed],
            duplicates=[
                (kind, DUPLICATES.get(kind, kind), number) for kind, number in overview.duplicates.items()
            ],
            broken=[each for each in overview.collectors if each.broken],
            quarantined=[each for each in overview.collectors if each.state == "quarantined"],
            oldbackup=_is_old(overview, overview.lastbackup, OLD_BACKUP),
            oldhead=_is_old(overview, overview.lasthead, OLD_HEAD),
            charts=self._pages.part(
                req,
                "overview/charts.html",
                (overview.today, overview.days),
                lambda: {"days": daily_chart(overview, language), "year": weekly_chart(overview, language)},
            ),
            today=_totals(overview, overview.today),
            yesterday=_totals(overview, overview.today - timedelta(days=1)),
        )

    def _tiles(self, overview: Overview) -> list[TypeTile]:
        """Return the types that have an asset, the one with the most first; erased assets are not counted."""
        tiles = [
            TypeTile(
                assettype,
                type_label(self._site.plugins, assettype),
                active := _number(overview.assets, assettype, lambda state: state == "active"),
                _number(overview.assets, assettype, lambda state: state not in ("active", "erased")),
                min(active, overview.silent.get(assettype, 0)),
            )
            for assettype in dict.fromkeys(each.assettype for each in overview.assets)
        ]
        return sorted((each for each in tiles if each.active or each.others), key=lambda each: -each.active)

    def _first_submission(self, req: falcon.Request, overview: Overview) -> dict[str, object]:
        """Return what the page of a site without assets shows: how to submit to each collector."""
        plugins = self._site.plugins
        return {
            "overview": overview,
            "quarantined": [each for each in overview.collectors if each.state == "quarantined"],
            "collectors": [
                (name, type_label(plugins, name), _first_snippet(absolute(req, each.endpoint), each))
                for name, each in plugins.collectors().items()
            ],
        }


def daily_chart(overview: Overview, language: "Language") -> ColumnChart:
    """Return the submissions of the last days, one column for each."""
    days = [overview.today - timedelta(days=back) for back in reversed(range(DAYS))]
    totals = {each.day: each for each in overview.days[-DAYS:]}
    columns = [
        (language.day(day, "d"), language.day(day), _outcomes([totals[day]] if day in totals else []))
        for day in days
    ]
    return stacked_columns(_series(language), columns)


def weekly_chart(overview: Overview, language: "Language") -> ColumnChart:
    """Return the submissions of a year, one column for each week from Monday on."""
    of_week: dict[date, list[DayTotals]] = defaultdict(list)
    for each in overview.days:
        of_week[_monday(each.day)].append(each)
    columns = []
    for back in reversed(range(WEEKS)):
        week = _monday(overview.today) - timedelta(weeks=back)
        last = week + timedelta(days=6)
        label = language.day(last, "MMM") if last.day <= 7 else ""  # noqa: PLR2004  # the month begins in it
        columns.append((label, language.day(week), _outcomes(of_week[week])))
    return stacked_columns(_series(language), columns)


def _monday(day: date) -> date:
    return day - timedelta(days=day.weekday())


def _series(language: "Language") -> Sequence[tuple[str, str]]:
    return [(name, language.gettext(label)) for name, label in SERIES]


def _outcomes(days: Sequence[DayTotals]) -> list[int]:
    return [sum(getattr(day, name) for day in days) for name, _ in SERIES]


def _totals(overview: Overview, day: date) -> DayTotals:
    return next((each for each in overview.days if each.day == day), DayTotals(day))


def _number(assets: Iterable[AssetCount], assettype: str, counts: Callable[[str], bool]) -> int:
    return sum(each.number for each in assets if each.assettype == assettype and counts(each.state))


def _is_old(overview: Overview, at: datetime | None, longest: timedelta) -> bool:
    return at is None or overview.at - at > longest


def _first_snippet(url: str, collector: Collector) -> str:
    """Return how to submit the required fields of an example."""
    example = next(iter(collector.examples), {collector.identityfield: "NAME-1"})
    least = {name: value for name, value in example.items() if name in collector.required}
    curl, *_ = snippets(url, least)
    return curl.text
