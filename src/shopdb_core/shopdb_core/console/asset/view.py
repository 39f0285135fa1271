"""The pages that show one asset: its fields, one of its lists, its JSON."""

from functools import cached_property
from typing import TYPE_CHECKING, ClassVar

import falcon
import orjson

from shopdb_core.console.asset.fields import MOST_ITEMS_ON_PAGE, fields_of, site_fields_of
from shopdb_core.console.asset.frame import Frame, read_frame
from shopdb_core.console.asset.inputs import inputs_of, shown_by
from shopdb_core.console.asset.lists import table_of
from shopdb_core.console.asset.related import Related, read_related
from shopdb_core.console.framework.pages import PageResource
from shopdb_core.errors import NotFound
from shopdb_core.store import Connection
from shopdb_core.store.tables import LARGEST_ID
from shopdb_core.web.parameters import Queries, short_text, whole_number
from shopdb_core.web.request import Roles

if TYPE_CHECKING:
    from shopdb_core.plugins.panels import Panels

MOST_RAW = 60_000
"""How many characters of an asset's JSON its page shows."""


class AssetPage(PageResource):
    """One asset as it is now."""

    roles: ClassVar[Roles] = {"GET": "viewer"}

    @cached_property
    def _panels(self) -> "Panels":
        from shopdb_core.plugins.panels import Panels  # noqa: PLC0415  # with Jinja, as late as `Pages` does

        return Panels(self._site.plugins)

    def on_get(self, req: falcon.Request, resp: falcon.Response, assetid: int) -> None:
        """Show its fields, the panels of its plugin, its relationships, and a form for people's fields."""
        site = self._site

        def read(connection: Connection) -> tuple[Frame, Related]:
            return read_frame(connection, site.plugins, assetid), read_related(connection, site, assetid)

        frame, related = site.store.read(read)
        asset, document = frame.asset, frame.declaration or {}
        fields, kept = fields_of(asset, frame.declaration), asset["sitefields"]
        properties, definitions = site.sitefields.properties, site.sitefields.definitions
        inputs = [*inputs_of("sitefields", kept, properties, {"$defs": definitions})]
        self._pages.render(
            req,
            resp,
            "asset/page.html",
            frame=frame,
            fields=fields,
            sitefields=site_fields_of(kept, properties, definitions),
            inputs=inputs,
            shown=shown_by(inputs),
            panels=self._panels.of(asset["assettype"], asset["attributes"]),
            tables=[
                (each, table_of(each, document, limit=MOST_ITEMS_ON_PAGE))
                for each in fields.lists
                if not each.has_tab
            ],
            related=related,
            drawing=related.drawing(frame) if related.items else None,
        )


class ListPage(PageResource):
    """One list of an asset that is long, such as the programs of a computer."""

    roles: ClassVar[Roles] = {"GET": "viewer"}
    queries: ClassVar[Queries] = {"on_get": (short_text("filter"), whole_number("after", 0, LARGEST_ID, 0))}

    def on_get(self, req: falcon.Request, resp: falcon.Response, assetid: int, field: str) -> None:
        """Show a page of the items that have a text; raises `NotFound` for what is not such a list."""
        plugins, query = self._site.plugins, req.context.query
        frame = self._site.store.read(lambda connection: read_frame(connection, plugins, assetid))
        document = frame.declaration or {}
        found = next((each for each in frame.lists if each.name == field), None)
        if found is None:
            raise NotFound(f"Asset {assetid} has no list {field[:40]!r} now; its past may have one.")
        text = query["filter"] or ""
        self._pages.render(
            req,
            resp,
            "asset/list.html",
            frame=frame,
            listed=found,
            table=table_of(found, document, text=text, skip=query["after"]),
            text=text,
        )


class RawPage(PageResource):
    """One asset as the API shows it."""

    roles: ClassVar[Roles] = {"GET": "viewer"}

    def on_get(self, req: falcon.Request, resp: falcon.Response, assetid: int) -> None:
        """Show its JSON, the beginning of one that is long."""
        plugins = self._site.plugins
        frame = self._site.store.read(lambda connection: read_frame(connection, plugins, assetid))
        options = orjson.OPT_INDENT_2 | orjson.OPT_UTC_Z | orjson.OPT_NON_STR_KEYS
        text = orjson.dumps(frame.asset, option=options).decode()
        self._pages.render(
            req,
            resp,
            "asset/raw.html",
            frame=frame,
            text=text if len(text) <= MOST_RAW else text[: text.rfind("\n", 0, MOST_RAW)],
            iscut=len(text) > MOST_RAW,
            size=len(text),
        )
