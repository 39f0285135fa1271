"""The list of assets: a search, its filters, a table, and the links that go on from there."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, ClassVar

import falcon

from shopdb_core.assets.listed_ids import STATES, count_first
from shopdb_core.assets.listing import asset_types
from shopdb_core.console.assets.asked import BY_IDENTITY, LIST, Asked
from shopdb_core.console.assets.columns import Column, Declared
from shopdb_core.console.assets.examples import examples
from shopdb_core.console.assets.table import show_row
from shopdb_core.console.framework.pages import N_, PageResource, type_label
from shopdb_core.errors import InvalidParameter
from shopdb_core.search.conditions import Condition
from shopdb_core.search.grammar import LONGEST_QUERY
from shopdb_core.search.query import Search, Show
from shopdb_core.store import Connection
from shopdb_core.store.paging import Page
from shopdb_core.web.parameters import Queries
from shopdb_core.web.request import Roles

MOST_COUNTED = 10_000
"""Up to this number assets are counted, by an index; more of them are "more than"."""

MOST_NAMES = 100
"""How many names of fields the help lists."""

STATE_TEXTS = {
    "active": N_("Active"),
    "retired": N_("Retired"),
    "merged": N_("Merged"),
    "erased": N_("Erased"),
    "all": N_("All states"),
}
SORT_TEXTS = {
    "-assetid": N_("Newest first"),
    "assetid": N_("Oldest first"),
    "identityvalue": N_("Identity A to Z"),
    "-identityvalue": N_("Identity Z to A"),
}
SORTS = {"assetid": "assetid", "createdat": "assetid", "created": "assetid", "identityvalue": "identityvalue"}
"""By what a column is sorted: ids are given in the order of creation."""


@dataclass(frozen=True, slots=True)
class QueryFault:
    """What is wrong with a query: the text before, at and after the character at fault, and a sentence."""

    before: str
    at: str
    after: str
    reason: str


@dataclass(frozen=True, slots=True)
class Found:
    """What was read: a page, the start of the one before it if that is known, and how many there are.

    `total` is `None` if that was not counted. `types` are those of all assets.
    """

    page: Page
    previous: int | None
    total: int | None
    types: Sequence[str]


@dataclass(frozen=True, slots=True)
class Heading:
    """A column with what it sorts by, if it can: the `sort` of a click, and its order now for `aria-sort`."""

    column: Column
    sort: str | None = None
    order: str | None = None


class AssetsPage(PageResource):
    """The list."""

    roles: ClassVar[Roles] = {"GET": "viewer"}
    queries: ClassVar[Queries] = {"on_get": LIST}

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Show a page of the list; a query that is not valid is marked where it is wrong."""
        asked = Asked.read(req.context.query)
        possible, declared = asked.possible(), Declared(self._site)
        columns, described, fields_fault = self._columns(declared, possible)
        conditions, query_fault = self._conditions(asked.q)
        show = show_row(columns, described, partial(type_label, self._site.plugins))
        found = self._site.store.read(
            lambda connection: _read(connection, self._site.search, possible, conditions, show)
        )
        fields = ",".join(columns.names)
        self._pages.render(
            req,
            resp,
            "assets/page.html",
            asked=asked,
            possible=possible,
            found=found,
            headings=[_heading(column, possible) for column in described],
            states={state: STATE_TEXTS[state] for state in STATES},
            sorts=SORT_TEXTS,
            types=self._types(found.types, asked.assettype),
            queryfault=query_fault,
            fieldsfault=fields_fault,
            api=possible.of_api(fields),
            examples=examples(self._site.plugins.collectors(), asked.assettype),
            names=[*_names(declared, asked.assettype)],
            longest=LONGEST_QUERY,
            mostcounted=MOST_COUNTED,
        )

    def _columns(self, declared: Declared, asked: Asked) -> tuple[Any, list[Column], str]:
        """Return the columns, those of the type if a chosen one is not known now, and what is wrong then."""
        try:
            return *declared.shown(asked.fields, asked.assettype, asked.state), ""
        except InvalidParameter as error:
            return *declared.shown(None, asked.assettype, asked.state), str(error)

    def _types(self, types: Sequence[str], asked: str | None) -> dict[str, str]:
        """Return the labels of the types of assets, also of the one that was asked for."""
        names = [*types, *([asked] if asked else [])]
        return {name: type_label(self._site.plugins, name) for name in names}

    def _conditions(self, query: str | None) -> tuple[Sequence[Condition] | None, QueryFault | None]:
        """Return the conditions of a query; `None` if it is not valid, and what is wrong then."""
        text = query or ""
        try:
            return self._site.search.conditions(text), None
        except InvalidParameter as error:
            at = error.at or 1
            reason = str(error).removeprefix(f"q: at character {at}: ")
            return None, QueryFault(text[: at - 1], text[at - 1 : at], text[at:], reason)


def _read(
    connection: Connection,
    search: Search,
    asked: Asked,
    conditions: Sequence[Condition] | None,
    show: Show,
) -> Found:
    """Read a page on one snapshot; an empty one for a query that is not valid."""
    types = asset_types(connection)
    if conditions is None:
        return Found(Page([], None), None, None, types)
    order, limit = asked.order, asked.limit
    page = search.page(
        connection, conditions, asked.filters, order=order, after=asked.after, limit=limit, show=show
    )
    previous = None
    if asked.after and page.items:
        first = page.items[0]["assetid"]
        previous = search.start_of_previous(
            connection, conditions, asked.filters, order=order, first=first, limit=limit
        )
    return Found(page, previous, _total(connection, asked, conditions, page), types)


def _total(connection: Connection, asked: Asked, conditions: Sequence[Condition], page: Page) -> int | None:
    """Return how many assets the list has, if that is known or counted quickly."""
    if asked.after == 0 and page.next is None:
        return len(page.items)
    return None if conditions else count_first(connection, **asked.filters, most=MOST_COUNTED + 1)


def _heading(column: Column, asked: Asked) -> Heading:
    by = SORTS.get(column.name)
    if by is None or (by in BY_IDENTITY and not asked.can_sort_by_identity):
        return Heading(column)
    order = {by: "ascending", f"-{by}": "descending"}.get(asked.sort)
    return Heading(column, f"-{by}" if order == "ascending" else by, order)


def _names(declared: Declared, assettype: str | None) -> Sequence[str]:
    groups = declared.groups(assettype)
    return [column.name for group in groups for column in group.columns][:MOST_NAMES]
