"""Every text of the pages is in the catalogues, translated, and nothing is written beside them."""

import importlib.util
import re
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.pofile import read_po

from shopdb_core.console.framework.static import CONSOLE

REPOSITORY = Path(__file__).parents[2]
GERMAN = CONSOLE / "translations/de.po"
TEMPLATES = sorted(CONSOLE.rglob("*.html"))

PLACEHOLDER = re.compile(r"%\(\w+\)[sd]|%%")
ELEMENT = re.compile(r"</?[a-z]+[^>]*>")

TRANSLATED = re.compile(r"(?s){%-?\s*trans\b.*?{%-?\s*endtrans\s*-?%}")
CODE = re.compile(r"(?s){#.*?#}|{%.*?%}|{{.*?}}")
LITERAL = re.compile(r"(?s)<(pre|code|kbd)\b.*?</\1>")
TAG = re.compile(r"(?s)<[!/]?[a-zA-Z][^>]*>|&\w+;|[\w-]+=\"[^\"]*\"")
SHOWN = re.compile(r"\b(?:title|placeholder|alt|aria-label|label|aria-roledescription)=\"([^\"]*)\"")
WORD = re.compile(r"(?<![\w/.-])[^\W\d_]{2,}(?!\w)")

NAMES = {"ShopDB", "CSV", "JSON", "Schema", "curl", "PowerShell", "Python", "UTC", "API", "MB", "POST"}
"""Words that are the same in every language, and names of characters."""


def messages_script():
    """Return docs/messages.py as a module."""
    spec = importlib.util.spec_from_file_location("messages", REPOSITORY / "docs/messages.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def german() -> Catalog:
    with GERMAN.open("rb") as file:
        return read_po(file, locale="de")


def strings(text: object) -> list[str]:
    """Return the forms of a message or of its translation."""
    return list(text) if isinstance(text, tuple | list) else [text]


def blanks(text: str) -> tuple[bool, bool]:
    """Return whether a text begins and ends with a blank."""
    return text[:1].isspace(), text[-1:].isspace()


def faults(message: Message) -> list[str]:
    """Return what is wrong with a translation."""
    sources, translated = strings(message.id), strings(message.string)
    found = ["not translated"] * any(not each for each in translated) + ["fuzzy"] * message.fuzzy
    for source, each in zip(sources, translated, strict=False):
        wanted, given = set(PLACEHOLDER.findall(source)), set(PLACEHOLDER.findall(each))
        found += [f"without {name}" for name in wanted - given] + [f"with {name}" for name in given - wanted]
        found += [f"with {tag}" for tag in set(ELEMENT.findall(each)) - set(ELEMENT.findall(source))]
        found += ["other blanks at its ends"] * (blanks(each) != blanks(source))
    return found


def test_the_catalogues_are_up_to_date():
    """Each has exactly the texts of the code and the templates, as `nox -s messages` writes them."""
    assert [path.name for path, _ in messages_script().stale()] == []


def test_every_text_is_translated():
    """German is complete: no text without a translation, no guess, and the same placeholders."""
    wrong = {str(message.id): faults(message) for message in german() if message.id}

    assert len(wrong) > 30
    assert {text: found for text, found in wrong.items() if found} == {}


def test_english_is_what_the_code_says():
    """A catalogue of English would be a second place for the same texts."""
    assert not (GERMAN.parent / "en.po").exists()


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: str(path.relative_to(CONSOLE)))
def test_templates_have_no_text_beside_the_catalogue(template):
    """What a template says itself, as text or in an attribute that is shown or read aloud, is marked."""
    text = CODE.sub(" ", TRANSLATED.sub(" ", template.read_text(encoding="utf-8")))
    said = [TAG.sub(" ", LITERAL.sub(" ", text)), *SHOWN.findall(text)]

    assert [word for each in said for word in WORD.findall(each) if word not in NAMES] == []


def test_a_site_adds_a_language_and_changes_a_word(make_shop, tmp_path):
    """A catalogue of the site goes before ours; what it does not translate falls back."""
    entry = 'msgid ""\nmsgstr ""\n"Content-Type: text/plain; charset=utf-8\\n"\n\nmsgid "{}"\nmsgstr "{}"\n'
    (tmp_path / "fr.po").write_text(entry.format("Username", "Utilisateur"), encoding="utf-8")
    (tmp_path / "de.po").write_text(entry.format("Username", "Kennung"), encoding="utf-8")
    (tmp_path / "notes.po").write_text("not a language")
    shop = make_shop(translations=tmp_path)

    def page(language):
        headers = {"Accept": "text/html", "Accept-Language": language}
        return shop.client.simulate_get("/sign-in", headers=headers).text

    assert '<html lang="fr"' in page("fr-CA, en;q=0.5")
    assert "Utilisateur" in page("fr")
    assert "Password" in page("fr")
    assert "Kennung" in page("de")
    assert "Passwort" in page("de")
    assert "Username" in page("en-GB, fr;q=0.9")


def test_a_translation_that_would_break_its_page_is_left_out(make_shop, tmp_path, caplog):
    """The text is in English then, and the log names the file and the text."""
    (tmp_path / "fr.po").write_text(
        'msgid ""\nmsgstr ""\n"Content-Type: text/plain; charset=utf-8\\n"\n\n'
        'msgid "Times are in %(zone)s."\nmsgstr "Heures de %(fuseau)s."\n\n'
        'msgid "Theme"\nmsgstr "Couleurs"\n',
        encoding="utf-8",
    )
    shop = make_shop(translations=tmp_path)

    page = shop.client.simulate_get("/sign-in", headers={"Accept": "text/html", "Accept-Language": "fr"})

    assert page.status_code == 200
    assert "Times are in UTC." in page.text
    assert "Couleurs" in page.text
    assert "fr.po: the translation of 'Times are in %(zone)s.' is left out" in caplog.text
