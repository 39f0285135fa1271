"""The collectors of a site: of each, what it accepts, snippets that submit, and a place to try one."""

import json
from typing import ClassVar

import falcon

from shopdb_core.console.collectors.contract import contract_rows
from shopdb_core.console.collectors.snippets import snippets
from shopdb_core.console.collectors.trial import Verdict, try_submission
from shopdb_core.console.framework.pages import PageResource, absolute
from shopdb_core.operations.records import last_submissions, newest_submissions
from shopdb_core.plugins.collector import Collector
from shopdb_core.submissions import Origin
from shopdb_core.web.browsers.forms import read_form
from shopdb_core.web.request import Roles


class CollectorsPage(PageResource):
    """Every collector, with those that are not served now."""

    roles: ClassVar[Roles] = {"GET": "viewer"}

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        """List them with their last submissions."""
        shown = [each for each in self._site.plugins.all() if each.collector or each.state != "active"]
        names = [plugin.name for plugin in shown]
        newest, last = self._site.store.read(
            lambda connection: (newest_submissions(connection, names), last_submissions(connection))
        )
        self._pages.render(
            req,
            resp,
            "collectors/page.html",
            plugins=shown,
            newest=newest,
            sources={plugin.name: [each for each in last if each.plugin == plugin.name] for plugin in shown},
            broken=self._site.broken,
        )


class CollectorPage(PageResource):
    """One collector. A submission that is posted here is only tried, so that the answer is a page."""

    # A trial runs the hooks of the plugin in a transaction that writes, and is rolled back. So it takes the
    # role of those who may write.
    roles: ClassVar[Roles] = {"GET": "viewer", "POST": "editor"}

    def on_get(self, req: falcon.Request, resp: falcon.Response, plugin: str) -> None:
        """Show what it accepts."""
        self._show(req, resp, plugin)

    def on_post(self, req: falcon.Request, resp: falcon.Response, plugin: str) -> None:
        """Try a submission, and show what it would do."""
        fields = read_form(req, self._site.settings.max_body_bytes)
        text = fields.get("submission", "").removeprefix("\ufeff")
        lenient = "lenient" in fields
        context = req.context
        origin = Origin(f"user:{context.bearer.subject}", context.requestid, context.clientaddress)
        verdict = try_submission(self._site, plugin, text, origin, lenient=lenient)
        self._show(req, resp, plugin, verdict, text, lenient=lenient)

    def _show(
        self,
        req: falcon.Request,
        resp: falcon.Response,
        plugin: str,
        verdict: Verdict | None = None,
        text: str = "",
        *,
        lenient: bool = False,
    ) -> None:
        found = self._site.plugins.get(plugin)
        if found is not None and found.state != "active":
            self._pages.render(req, resp, "collectors/unavailable.html", plugin=found)
            return
        collector = self._site.plugins.collector(plugin)
        self._pages.render(
            req,
            resp,
            "collectors/collector.html",
            collector=collector,
            contract=self._contract(req, collector),
            broken=self._site.broken.get(plugin),
            verdict=verdict,
            text=text,
            lenient=lenient,
            limit=self._site.settings.max_body_bytes,
        )

    def _contract(self, req: falcon.Request, collector: Collector) -> str:
        """Return what the collector accepts; the address in its snippets is that of the request."""
        url = absolute(req, collector.endpoint)
        return self._pages.part(
            req, "collectors/contract.html", url, lambda: _contract_values(collector, url), collector.name
        )


def _contract_values(collector: Collector, url: str) -> dict[str, object]:
    example = next(iter(collector.examples), {collector.identityfield: "…"})
    return {
        "collector": collector,
        "rows": contract_rows(collector.declaration),
        "examples": [_indented(each) for each in collector.examples],
        "schema": _indented(collector.schema),
        "snippets": snippets(url, example),
    }


def _indented(value: object) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False)
