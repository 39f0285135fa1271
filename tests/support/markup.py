"""What the tests of pages read in their HTML without a browser: links, forms, and elements that ask htmx."""

from dataclasses import dataclass, field
from html.parser import HTMLParser


@dataclass
class Form:
    """One form: how it is sent, and what it contains; `buttons` counts those that send it."""

    method: str
    action: str
    buttons: int = 0
    fields: list[str] = field(default_factory=list)


class Markup(HTMLParser):
    """The links, forms and files of a page, and the elements with attributes of htmx."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.files: list[str] = []
        self.forms: list[Form] = []
        self.asking: list[tuple[str, dict[str, str]]] = []
        self.named: dict[str, Form] = {}
        self._open: Form | None = None
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note what an element says."""
        attributes = {name: value or "" for name, value in attrs}
        if any(name.startswith("hx-") for name in attributes):
            self.asking.append((tag, attributes))
        if tag == "a":
            self.links.append(attributes.get("href", ""))
        elif tag in ("script", "img", "link"):
            self.files.append(attributes.get("src") or attributes.get("href", ""))
        elif tag == "form":
            self._open = Form(attributes.get("method", "get").lower(), attributes.get("action", ""))
            self.forms.append(self._open)
            self.named[attributes.get("id", "")] = self._open
        elif tag in ("button", "input", "select", "textarea"):
            self._control(tag, attributes)

    def handle_endtag(self, tag: str) -> None:
        """End a form."""
        if tag == "form":
            self._open = None

    def _control(self, tag: str, attributes: dict[str, str]) -> None:
        form = self.named.get(attributes["form"]) if "form" in attributes else self._open
        if form is None:
            return
        if attributes.get("name"):
            form.fields.append(attributes["name"])
        sends = attributes.get("type", "submit" if tag == "button" else "text") in ("submit", "image")
        form.buttons += tag in ("button", "input") and sends
