"""Retiring several assets: what was selected, a look at the effect on each, and then one after the other."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar
from urllib.parse import urlencode

import falcon

from shopdb_core.assets.listing import names_of
from shopdb_core.console.assets.asked import LARGEST_LIMIT
from shopdb_core.console.framework.pages import N_, PageResource
from shopdb_core.edits.retiring import Retire
from shopdb_core.errors import Conflict, Gone, InvalidParameter, NotFound, PluginFailure, Unavailable
from shopdb_core.store.tables import LARGEST_ID, REASON_LENGTH
from shopdb_core.web.browsers.forms import local_page, read_form
from shopdb_core.web.editing import answer_of, editor
from shopdb_core.web.json_schema import TEXT
from shopdb_core.web.parameters import Queries, as_given
from shopdb_core.web.request import Roles

LIST = "/assets"
LONGEST_BACK = 1_000
"""Characters of the address of the list to return to; servers limit how long an address is."""

REFUSALS = (Conflict, Gone, NotFound, PluginFailure, Unavailable)
"""Why one asset is not retired, while the others are."""

_BOX = re.compile(r"asset-([1-9][0-9]{0,18})")
_IDS = re.compile(r"[1-9][0-9]{0,18}(,[1-9][0-9]{0,18})*")


@dataclass(frozen=True, slots=True)
class Outcome:
    """What becomes of one asset: `refusal` says why it is not retired; `lastseenat` is `None` then."""

    assetid: int
    assettype: str
    name: str
    lastseenat: datetime | None = None
    refusal: str = ""


class SelectionPage(PageResource):
    """Takes the boxes of the list to the page that shows the effect."""

    roles: ClassVar[Roles] = {"POST": "editor"}

    def on_post(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Go on with the assets whose boxes were ticked; without any, back to the list."""
        form = read_form(req)
        ids = [found[1] for name in form if (found := _BOX.fullmatch(name))]
        back = _back(form.get("back"))
        address = f"{LIST}/retire?{urlencode({'assets': ','.join(ids), 'back': back})}" if ids else back
        self._pages.go_on(req, resp, address, None if ids else "nothingselected")


class RetireSeveralPage(PageResource):
    """Shows what retiring would do to each, and does it."""

    roles: ClassVar[Roles] = {"GET": "editor", "POST": "editor"}
    queries: ClassVar[Queries] = {
        "on_get": (
            as_given("assets", "be ids of assets, separated by commas", TEXT),
            as_given("back", "be the address of the list", TEXT),
        )
    }

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Try it on each asset."""
        query = req.context.query
        self._show(req, resp, _read_ids(query["assets"]), _back(query["back"]))

    def on_post(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Retire one asset after the other; those that were refused are named."""
        form = read_form(req)
        ids, back, reason = (
            _read_ids(form.get("assets")),
            _back(form.get("back")),
            form.get("reason", "").strip(),
        )
        if not 0 < len(reason) <= REASON_LENGTH:
            needed = N_("Say why, for those who look for the assets.")
            self._show(req, resp, ids, back, reason=reason, problem=needed)
            resp.status = falcon.HTTP_422
            return
        outcomes = [*self._outcomes(req, ids, reason, dryrun=False)]
        if any(each.refusal for each in outcomes):
            self._pages.render(req, resp, "assets/retired.html", outcomes=outcomes, back=back)
            resp.status = falcon.HTTP_409
            return
        self._pages.go_on(req, resp, back, "retired")

    def _show(
        self,
        req: falcon.Request,
        resp: falcon.Response,
        ids: Sequence[int],
        back: str,
        *,
        reason: str = "",
        problem: str = "",
    ) -> None:
        outcomes = [*self._outcomes(req, ids, reason or "…", dryrun=True)]
        self._pages.render(
            req,
            resp,
            "assets/retire.html",
            possible=[each for each in outcomes if not each.refusal],
            refused=[each for each in outcomes if each.refusal],
            back=back,
            reason=reason,
            problem=problem,
            longest=REASON_LENGTH,
        )

    def _outcomes(
        self, req: falcon.Request, ids: Sequence[int], reason: str, *, dryrun: bool
    ) -> Iterator[Outcome]:
        """Yield what becomes of each asset; each is a transaction of its own."""
        store, person = self._site.store, editor(req, self._site)
        names = store.read(lambda connection: names_of(connection, ids))
        for assetid in ids:
            known: Mapping[str, str] = names.get(assetid) or {"assettype": "", "identityvalue": str(assetid)}
            name = known["assettype"], known["identityvalue"]
            try:
                after = answer_of(store, Retire(assetid, reason, person), dryrun=dryrun)
            except REFUSALS as error:
                yield Outcome(assetid, *name, refusal=str(error))
            else:
                yield Outcome(assetid, *name, lastseenat=after["lastseenat"])


def _read_ids(text: str | None) -> list[int]:
    """Return the ids in a text; raises `InvalidParameter`."""
    found = [int(each) for each in text.split(",")] if text and _IDS.fullmatch(text) else []
    if not 0 < len(found) <= LARGEST_LIMIT or len({*found}) < len(found) or max(found) > LARGEST_ID:
        raise InvalidParameter(
            f"assets must be 1 to {LARGEST_LIMIT} ids of assets, with commas: select them in the list."
        )
    return found


def _back(address: str | None) -> str:
    """Return the address of the list to return to."""
    if not address or len(address) > LONGEST_BACK or address.partition("?")[0] != LIST:
        return LIST
    return local_page(address)
