"""A reader that follows the feed of a site inside the test's own process."""

from dataclasses import dataclass
from typing import Any

from shops import Shop


@dataclass
class Reader:
    """Follows the feed of a site over HTTP."""

    shop: Shop
    query: str = ""
    after: str | None = None

    def page(self, limit: int = 1000) -> list[dict[str, Any]]:
        """Return the next page, and go on after it."""
        after = "" if self.after is None else f"&after={self.after}"
        answer = self.shop.get(f"/api/changes?limit={limit}{after}{self.query}")
        assert answer.status_code == 200, answer.text
        self.after = answer.json["next"]
        return answer.json["items"]

    def rest(self, limit: int = 1000) -> list[dict[str, Any]]:
        """Return everything up to the end."""
        items, before = [], None
        while before != self.after or before is None:
            before = self.after
            items += self.page(limit)
        return items
