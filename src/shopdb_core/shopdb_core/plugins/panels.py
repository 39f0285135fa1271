"""`Panels` draws the panels of plugins on the page of an asset.

Templates are of the plugins, so they run in a sandbox, and every value in them is escaped. What fails is
logged as a failure of the plugin, and never breaks the page.
"""

import logging
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import orjson
from jinja2 import FileSystemLoader, StrictUndefined, TemplateNotFound, TemplateSyntaxError
from jinja2.sandbox import SandboxedEnvironment
from markupsafe import Markup

from shopdb_core.errors import PluginFailure, log_text
from shopdb_core.plugins.registry import Plugin, Plugins
from shopdb_hookspecs import JsonObject, Panel

_logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class DrawnPanel:
    """A panel as the page shows it: `html` under its title, or the sentence `failure` in its place."""

    name: str
    title: str
    html: Markup = field(default_factory=Markup)
    failure: str = ""


class Panels:
    """The panels of one site's active plugins; threads may share it."""

    def __init__(self, plugins: Plugins) -> None:
        self._plugins = plugins
        self._environment = cache(_environment)

    def of(self, assettype: str, attributes: JsonObject) -> list[DrawnPanel]:
        """Return the panels of an asset, those without data left out; raises nothing that a plugin raises.

        They get the attributes that fit the declaration, as the plugin's tables do.
        """
        plugin = self._plugins.get(assettype)
        if plugin is None or plugin.state != "active" or not plugin.panels:
            return []
        if plugin.collector is not None:
            attributes = plugin.collector.fitting(attributes, {plugin.collector.identityfield})
        return list(self._drawn(plugin, attributes))

    def draw(self, plugin: Plugin, panel: Panel, attributes: JsonObject) -> Markup | None:
        """Return one panel as HTML, `None` if it has no data; raises `PluginFailure`."""
        data = self.data(plugin, panel, attributes)
        return None if data is None else self.render(plugin, panel, data)

    def data(self, plugin: Plugin, panel: Panel, attributes: JsonObject) -> JsonObject | None:
        """Return the data of one panel, `None` if it has none; raises `PluginFailure`."""
        try:
            returned = panel.data(attributes)
        except (Exception, SystemExit) as error:  # a plugin must not end the server
            raise _failure(plugin, panel, error) from error
        if returned is None:
            return None
        try:
            # Through JSON, so that no value is an object that says of itself that it is HTML.
            data = orjson.loads(orjson.dumps(returned))
        except (TypeError, ValueError) as error:
            what = "returned data that JSON cannot hold: use dict, list, str, int, float, bool or None"
            raise plugin.candidate.failure(_named(panel), what) from error
        if not isinstance(data, dict):
            raise plugin.candidate.failure(_named(panel), "returned data that is not a dict")
        return data

    def render(self, plugin: Plugin, panel: Panel, data: JsonObject) -> Markup:
        """Return the template of a panel with these data as HTML; raises `PluginFailure`."""
        try:
            template = self._environment(panel.template.parent).get_template(panel.template.name)
            # Every value in it was escaped, so that it is HTML as a whole.
            return Markup(template.render(data))  # noqa: S704
        except (TemplateNotFound, TemplateSyntaxError) as error:
            raise plugin.candidate.failure(_named(panel), "has a template that cannot be read") from error
        except (Exception, SystemExit) as error:
            raise _failure(plugin, panel, error) from error

    def _drawn(self, plugin: Plugin, attributes: JsonObject) -> Iterator[DrawnPanel]:
        for panel in plugin.panels:
            try:
                html = self.draw(plugin, panel, attributes)
            except PluginFailure as failure:
                _logger.error("%s\n%s", failure, log_text(failure.__cause__))  # noqa: TRY400  # it may quote a payload
                yield DrawnPanel(panel.name, panel.title, failure=str(failure))
            else:
                if html is not None:
                    yield DrawnPanel(panel.name, panel.title, html)


def _environment(directory: Path) -> SandboxedEnvironment:
    """Return the environment of the templates of one directory, which may include each other."""
    return SandboxedEnvironment(
        autoescape=True,
        undefined=StrictUndefined,
        loader=FileSystemLoader(directory),
        auto_reload=False,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def _named(panel: Panel) -> str:
    return f"the panel {panel.name}"


def _failure(plugin: Plugin, panel: Panel, error: BaseException) -> PluginFailure:
    return plugin.candidate.failure(_named(panel), f"raised {type(error).__name__}", "raised")
