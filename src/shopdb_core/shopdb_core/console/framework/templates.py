"""The templates of the pages: Jinja, with every value escaped, and an error for a name that has no value.

A template is named by its path below `console/`. Filters: `time`, `ago`, `day`, `number` and
`sentence` write in the language and zone of the request; a macro that uses one is imported `with context`.
"""

from collections.abc import Callable, Mapping
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, pass_context
from jinja2.runtime import Context
from markupsafe import Markup

from shopdb_core.console.framework.language import Language
from shopdb_core.console.framework.static import CONSOLE

FILTERS = ("time", "ago", "day", "number", "sentence")
"""Methods of the language."""


class Templates:
    """The templates, compiled once for each language."""

    def __init__(self) -> None:
        self._environments: dict[str, Environment] = {}
        self._parts: dict[tuple[str, str, str], tuple[object, Markup]] = {}

    def render(self, name: str, language: Language, values: Mapping[str, Any]) -> str:
        """Return a page in a language."""
        environment = self._environments.get(language.code)
        if environment is None:
            environment = self._environments.setdefault(language.code, _environment(language))
        return environment.get_template(name).render(values, language=language)

    def part(
        self, name: str, language: Language, of: str, state: object, make: Callable[[], Mapping[str, Any]]
    ) -> Markup:
        """Return a part of a page, rendered again only when `state` is not the last one of the same `of`.

        It must be the same for everybody who reads the language: without times, which depend on the zone.
        """
        key = (name, language.code, of)
        kept = self._parts.get(key)
        if kept is None or kept[0] != state:
            html = Markup(self.render(name, language, make()))  # noqa: S704  # the template has escaped it
            kept = self._parts[key] = (state, html)
        return kept[1]


def _environment(language: Language) -> Environment:
    environment = Environment(
        loader=FileSystemLoader(CONSOLE),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
        extensions=["jinja2.ext.i18n"],
    )
    translations = language.translations
    # Methods that the extension adds.
    environment.install_gettext_translations(translations, newstyle=True)  # type: ignore[attr-defined]
    environment.filters.update({name: _filter(name) for name in FILTERS})
    return environment


def _filter(name: str) -> Callable[..., str]:
    """Return a filter that calls a method of the request's language."""

    @pass_context
    def call(context: Context, *arguments: Any) -> str:
        written: str = getattr(context["language"], name)(*arguments)
        return written

    return call
