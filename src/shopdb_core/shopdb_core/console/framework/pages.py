"""`Pages` writes a page as the answer to a request: the template, with what every page shows."""

from collections.abc import Callable, Mapping
from datetime import timedelta
from functools import cached_property, partial
from importlib.metadata import version
from typing import TYPE_CHECKING
from urllib.parse import urlencode

import falcon

from shopdb_core.access.tokens import Bearer
from shopdb_core.console.framework.static import StaticFiles
from shopdb_core.errors import ConfigurationError
from shopdb_core.plugins.registry import Plugins
from shopdb_core.site import Site
from shopdb_core.web.browsers.cookies import read_cookie, set_cookie, unset_cookie
from shopdb_core.web.request import public_url

if TYPE_CHECKING:
    from shopdb_core.console.framework.language import Language, Languages
    from shopdb_core.console.framework.templates import Templates

CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'; "
    "require-trusted-types-for 'script'; trusted-types default"
)
"""Pages load their own style and scripts, and nothing else; no text becomes a script."""

_HEADERS = (
    ("Content-Security-Policy", CONTENT_SECURITY_POLICY),
    ("Cross-Origin-Opener-Policy", "same-origin"),
    ("Vary", "Accept-Language, Cookie"),
)

LANGUAGE_COOKIE = "shopdb-language"
THEME_COOKIE = "shopdb-theme"

DONE = "shopdb-done"
"""The cookie that takes to the next page what was done."""

DONE_FOR = timedelta(seconds=30)


def N_(message: str) -> str:  # noqa: N802  # the name that gettext's tools know
    """Mark a text for the catalogue; `_` of the template translates it."""
    return message


DONE_TEXTS = {
    "saved": N_("Saved."),
    "retired": N_("Retired. The list of retired assets has them, and each can be restored."),
    "nothingselected": N_("Nothing was selected: tick the boxes of assets first."),
    "signedout": N_("You have signed out."),
    "ignored": N_("Ignored. The finding is in no list any more."),
    "merged": N_("Merged. The page of merges can undo it."),
    "undone": N_("The merge was undone."),
    "released": N_("The name was released."),
    "useradded": N_("The user was added, and may sign in."),
    "userchanged": N_("The user was changed. Every server applies it within five seconds."),
    "sessionsended": N_("Ended. Within five seconds every server refuses it."),
    "passwordchanged": N_("The password was changed, and every other session has ended."),
    "tokenrevoked": N_("Revoked. Within five seconds every server refuses the token."),
    "resumed": N_("The webhook is delivered again."),
}
"""What a page says after a form, by the key that `go_on` takes."""


class Pages:
    """The pages of one site; threads may share it.

    Jinja and Babel are imported with the first page: most servers receive submissions alone.

    Raises `ConfigurationError` if the folder of the site's translations does not exist.
    """

    def __init__(self, site: Site) -> None:
        folder = site.settings.translations
        if folder is not None and not folder.is_dir():
            raise ConfigurationError(f"SHOPDB_TRANSLATIONS is not a folder: {folder}")
        self.site = site

    @cached_property
    def static(self) -> StaticFiles:
        """The style and the scripts, read with the first page."""
        return StaticFiles()

    @cached_property
    def languages(self) -> "Languages":
        """The languages of the site."""
        from shopdb_core.console.framework.language import Languages  # noqa: PLC0415

        settings = self.site.settings
        return Languages(settings.translations, settings.timezone, self.site.clock)

    @cached_property
    def templates(self) -> "Templates":
        """The templates."""
        from shopdb_core.console.framework.templates import Templates  # noqa: PLC0415

        return Templates()

    @cached_property
    def version(self) -> str:
        """The version of ShopDB, which is read from the files of its distribution."""
        return version("shopdb-core")

    def language(self, req: falcon.Request) -> "Language":
        """Return the language of a request."""
        if not hasattr(req.context, "language"):
            req.context.language = self.languages.of(req)
        language: Language = req.context.language
        return language

    def render(self, req: falcon.Request, resp: falcon.Response, template: str, **values: object) -> None:
        """Answer with a page; `values` are what its template needs beside the context of every page."""
        bearer: Bearer | None = getattr(req.context, "bearer", None)
        language = self.language(req)
        context = {
            "viewer": bearer,
            "can": lambda role: bearer is not None and bearer.includes(role),
            "csrftoken": self._csrftoken(bearer),
            "address": lambda **changed: changed_address(req, changed),
            "here": req.relative_uri,
            "path": req.path,
            "static": self.static.address,
            "type_label": partial(type_label, self.site.plugins),
            "languages": self.languages.names,
            "shopdbversion": self.version,
            "done": self._take_done(req, resp),
            "provider": self.site.settings.oidc is not None,
            **values,
        }
        resp.content_type = falcon.MEDIA_HTML
        resp.set_headers(_HEADERS)
        resp.data = self.templates.render(template, language, context).encode()

    def part(
        self,
        req: falcon.Request,
        template: str,
        state: object,
        make: Callable[[], Mapping[str, object]],
        of: str = "",
    ) -> str:
        """Return HTML that pages show again and again, rendered when `state` has changed since.

        `make` returns what its template needs; `of` says of what it is, if there are several.
        """
        return self.templates.part(template, self.language(req), of, state, make)

    def go_on(
        self, req: falcon.Request, resp: falcon.Response, address: str, done: str | None = None
    ) -> None:
        """Let the browser open a page after a form; it says what was done, by a key of `DONE_TEXTS`."""
        if done is not None:
            set_cookie(req, resp, DONE, done, DONE_FOR)
        resp.status, resp.location = falcon.HTTP_303, address

    def _csrftoken(self, bearer: Bearer | None) -> str:
        grant = bearer.grant if bearer else None
        return self.site.access.csrf.issue(grant.id if grant else "")

    def _take_done(self, req: falcon.Request, resp: falcon.Response) -> str | None:
        found = read_cookie(req, DONE)
        if found is None:
            return None
        unset_cookie(req, resp, DONE)
        return DONE_TEXTS.get(found)


class PageResource:
    """A resource that answers with pages of a site."""

    def __init__(self, pages: Pages) -> None:
        self._pages = pages
        self._site = pages.site


def type_label(plugins: Plugins, assettype: str) -> str:
    """Return what people call an asset of a type; the type itself, if no plugin says it."""
    plugin = plugins.get(assettype)
    declaration = plugin.collector.declaration if plugin and plugin.collector else {}
    return str(declaration.get("x-label") or assettype)


def changed_address(req: falcon.Request, changed: Mapping[str, object]) -> str:
    """Return the address of the request with some parameters of its query changed, `None` for left out."""
    kept = {name: value for name, value in {**req.params, **changed}.items() if value not in (None, "")}
    return f"{req.path}?{urlencode(kept, doseq=True)}" if kept else req.path


def absolute(req: falcon.Request, path: str) -> str:
    """Return the whole address of a page of this site."""
    return public_url(req) + path
