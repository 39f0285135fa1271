"""What the address of the list asks for: the parameters of `GET /api/assets`, some of them left empty."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlencode

from shopdb_core.assets.listed_ids import ORDERS, STATES, Order
from shopdb_core.search.query import Filters
from shopdb_core.web.json_schema import TEXT
from shopdb_core.web.parameters import PAGE, as_given, choice, short_text, whole_number

LIMIT = 100
LARGEST_LIMIT = 150
"""A form has at most 200 fields, and one of them selects each asset."""

TEXTS = ("q", "fields", "assettype", "identityvalue")
NEWEST = "-assetid"
ACTIVE = "active"
BY_IDENTITY = ("identityvalue", "-identityvalue")

LIST = (
    as_given("q", "be a query (docs/search.md)", TEXT),
    as_given("fields", "be names of fields, separated by commas", TEXT),
    short_text("assettype"),
    short_text("identityvalue"),
    choice("state", STATES, ACTIVE),
    choice("sort", [*ORDERS], NEWEST),
    whole_number("limit", 1, LARGEST_LIMIT, LIMIT),
    PAGE[1],
)
"""The parameters of the list, as the API has them; the newest are first."""


@dataclass(frozen=True, slots=True)
class Asked:
    """The list that an address asks for; what is left empty is `None`."""

    q: str | None
    fields: str | None
    assettype: str | None
    identityvalue: str | None
    state: Any
    sort: str
    limit: int
    after: int

    @classmethod
    def read(cls, query: Mapping[str, Any]) -> "Asked":
        """Return what the parameters of `LIST` say."""
        texts: dict[str, Any] = {name: query[name] or None for name in TEXTS}
        return cls(**texts, **{each.name: query[each.name] for each in LIST if each.name not in TEXTS})

    @property
    def filters(self) -> Filters:
        """The filters of the list."""
        return {"assettype": self.assettype, "identityvalue": self.identityvalue, "state": self.state}

    @property
    def order(self) -> Order:
        """The order of the list."""
        return ORDERS[self.sort]

    @property
    def can_sort_by_identity(self) -> bool:
        """Whether an index has this list by identity: it is no search, and most of its assets are shown."""
        return self.q is None and self.state in (ACTIVE, "all")

    @property
    def is_filtered(self) -> bool:
        """Whether the list may leave out active assets."""
        return bool(self.q or self.assettype or self.identityvalue) or self.state not in (ACTIVE, "all")

    def possible(self) -> "Asked":
        """Return the same list, the newest first if no index has the order that was asked for."""
        if self.sort in BY_IDENTITY and not self.can_sort_by_identity:
            return replace(self, sort=NEWEST, after=0)
        return self

    def parameters(self, **changed: object) -> str:
        """Return the query of an address, with some parameters changed, without those that are not needed."""
        values = {name: getattr(self, name) for name in self.__slots__} | changed
        unneeded: dict[str, object] = {"state": ACTIVE, "sort": NEWEST, "limit": LIMIT, "after": 0}
        return urlencode(
            {
                name: value
                for name, value in values.items()
                if value not in (None, "") and unneeded.get(name) != value
            }
        )

    def of_api(self, fields: str) -> str:
        """Return the query with which the API answers what this page shows."""
        needed = {"sort": self.sort, "limit": self.limit, "fields": fields}
        values = {name: getattr(self, name) for name in self.__slots__} | needed
        return urlencode({name: value for name, value in values.items() if value not in (None, 0)})
