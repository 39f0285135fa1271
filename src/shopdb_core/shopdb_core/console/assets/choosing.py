"""Choosing the columns of the list: a page of boxes, and the address of the list that shows those ticked."""

from collections.abc import Sequence
from typing import ClassVar

import falcon

from shopdb_core.console.assets.asked import LIST, Asked
from shopdb_core.console.assets.columns import IDENTITY, Declared, chosen_fields
from shopdb_core.console.framework.pages import PageResource
from shopdb_core.errors import InvalidParameter
from shopdb_core.search.columns import MOST_FIELDS
from shopdb_core.web.json_schema import TEXT
from shopdb_core.web.parameters import Queries, QueryParameter, as_given
from shopdb_core.web.request import Roles

BOX = "column."
"""Before the name of a field, the name of its box."""


class ColumnsPage(PageResource):
    """The columns of a list, grouped, with those ticked that it shows."""

    roles: ClassVar[Roles] = {"GET": "viewer"}
    queries: ClassVar[Queries] = {"on_get": LIST}

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Show the boxes."""
        asked = Asked.read(req.context.query)
        declared = Declared(self._site)
        try:
            columns, _ = declared.shown(asked.fields, asked.assettype, asked.state)
        except InvalidParameter:
            columns, _ = declared.shown(None, asked.assettype, asked.state)
        self.show(req, resp, asked, columns.names)

    def show(
        self,
        req: falcon.Request,
        resp: falcon.Response,
        asked: Asked,
        ticked: Sequence[str],
        problem: str = "",
    ) -> None:
        """Show the boxes, and what is wrong with those that were ticked."""
        groups = Declared(self._site).groups(asked.assettype)
        offered = {column.name for group in groups for column in group.columns}
        self._pages.render(
            req,
            resp,
            "assets/columns.html",
            asked=asked,
            groups=groups,
            ticked=ticked,
            others=[name for name in ticked if name not in offered and name != IDENTITY],
            box=BOX,
            most=MOST_FIELDS,
            problem=problem,
        )


class ChosenColumnsPage(ColumnsPage):
    """Takes the boxes that were ticked, since an address has each parameter once.

    `fields` are those that have no box: what follows `attributes.` need not be declared.
    """

    def parameters(self) -> Sequence[QueryParameter]:
        """Return the parameters of the list, and a box of each known field."""
        boxes = [as_given(BOX + name, "be on", TEXT) for name in self._site.search.fields.all()]
        return [*LIST, *boxes]

    queries: ClassVar[Queries] = {"on_get": parameters}

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Go on to the list with these columns."""
        asked = Asked.read(req.context.query)
        ticked = [name.removeprefix(BOX) for name in req.params if name.startswith(BOX)]
        ticked += [name for name in (asked.fields or "").split(",") if name]
        try:
            fields = chosen_fields([IDENTITY, *ticked], self._site)
        except InvalidParameter as error:
            self.show(req, resp, asked, ticked, str(error))
            resp.status = falcon.HTTP_400
            return
        self._pages.go_on(req, resp, f"/assets?{asked.parameters(fields=fields)}")
