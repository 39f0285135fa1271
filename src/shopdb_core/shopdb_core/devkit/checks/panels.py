"""The check `panels`: each can be drawn, shows text as text, and has nothing that the page forbids."""

from collections.abc import Iterator
from contextlib import suppress
from html.parser import HTMLParser
from itertools import chain

from shopdb_core.devkit.results import Finding
from shopdb_core.devkit.strategies.generating import samples
from shopdb_core.devkit.subject import Subject, with_texts
from shopdb_core.errors import PluginFailure, raised_at
from shopdb_core.plugins.panels import Panels
from shopdb_hookspecs import JsonObject, Panel

GENERATED_ASSETS = 20
"""How many generated submissions are drawn, besides the examples."""

PLANTED = "shopdb-planted"
"""The element that is put into every text of a panel's data."""

_MISSING = "Every optional field may be missing; a template must not use a name that `data` does not return."
_FORBIDDEN_ELEMENTS = ("script", "style", "link", "iframe", "object", "embed", "base", "meta", "form")
_ADDRESSES = ("src", "href", "xlink:href", "data", "poster")


def check_panels(subject: Subject) -> Iterator[Finding]:
    """Yield the first fault of each panel: with the examples, with generated assets, with planted HTML."""
    panels, assets = Panels(subject.plugins()), list(_assets(subject))
    for panel in subject.plugin.panels:
        faults = (
            fault
            for name, attributes in assets
            for fault in _faults(panels, subject, panel, attributes, name)
        )
        yield from _first(faults)


def _first(findings: Iterator[Finding]) -> Iterator[Finding]:
    for finding in findings:
        yield finding
        return


def _assets(subject: Subject) -> Iterator[tuple[str, JsonObject]]:
    """Yield the attributes of assets with a name for findings: of the examples, and generated ones."""
    if subject.plugin.collector is None:
        yield "no field", {}
        return
    generated = samples(subject.values.submissions(), GENERATED_ASSETS)
    for name, submission in chain(
        subject.examples.items(), (("a generated asset", each) for each in generated)
    ):
        with suppress(PluginFailure):  # another check reports it
            yield name, subject.collector.normalize(submission)


def _faults(
    panels: Panels, subject: Subject, panel: Panel, attributes: JsonObject, name: str
) -> Iterator[Finding]:
    place = f"panel {panel.name} of {name}"
    try:
        data = panels.data(subject.plugin, panel, attributes)
        html = None if data is None else panels.render(subject.plugin, panel, data)
    except PluginFailure as failure:
        yield Finding(place, _explained(subject, failure), _MISSING if failure.kind == "raised" else "")
        return
    if data is None or html is None:
        return
    for what in _Elements.of(html).forbidden:
        hint = "The page's policy ignores it: draw with SVG and the classes of the console."
        yield Finding(place, f"has {what}", hint)
    with suppress(PluginFailure):  # a template may use a text as a key, which the changed text is not
        planted = panels.render(subject.plugin, panel, with_texts(data, lambda text: f'{text}"><{PLANTED}>'))
        if PLANTED in _Elements.of(planted).names:
            yield Finding(
                place, "shows a text as HTML", "Remove `|safe` and Markup: a collector sends the text."
            )


def _explained(subject: Subject, failure: PluginFailure) -> str:
    """Return what happened, with the line of the plugin's code, or else of its template."""
    text = subject.candidate.explain(failure)
    cause = failure.__cause__
    # Jinja puts a frame for the line of the template into the traceback.
    return text + raised_at(cause, lambda frame: "__jinja_exception__" in frame.f_globals) if cause else text


class _Elements(HTMLParser):
    """The elements of a panel: their `names`, and what the policy of the page forbids."""

    def __init__(self) -> None:
        super().__init__()
        self.names: set[str] = set()
        self.forbidden: list[str] = []

    @classmethod
    def of(cls, html: str) -> "_Elements":
        found = cls()
        found.feed(html)
        found.close()
        return found

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note an element."""
        self.names.add(tag)
        if tag in _FORBIDDEN_ELEMENTS:
            self.forbidden.append(f"the element {tag}")
        for name, value in attrs:
            if name == "style" or name.startswith("on"):
                self.forbidden.append(f"the attribute {name} in {tag}")
            elif name in _ADDRESSES and not _is_of_site(value or ""):
                self.forbidden.append(f"the address {(value or '')[:80]!r}, which is not of this site")


def _is_of_site(address: str) -> bool:
    return address.startswith(("/", "#")) and not address.startswith("//")
