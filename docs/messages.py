"""Bring the catalogues of the console up to date with the texts of its code and its templates.

python docs/messages.py
python docs/messages.py --check

A new text has no translation at first, and a text that is no longer used is dropped. `tests/console` fails
while a text is not translated. This needs Babel and Jinja, and not ShopDB.
"""

import sys
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po, write_po

ROOT = Path(__file__).parents[1]
CONSOLE = ROOT / "src/shopdb_core/shopdb_core/console"
CATALOGUES = CONSOLE / "translations"

METHODS = [("**.py", "python"), ("**.html", "jinja2")]
OPTIONS = {"**.html": {"newstyle_gettext": "true", "silent": "false"}}
KEYWORDS = {"_": None, "N_": None, "gettext": None, "ngettext": (1, 2)}
"""What marks a text, and which of its arguments are texts; `None` is the first."""

HEADER = """msgid ""
msgstr ""
"Language: {code}\\n"
"MIME-Version: 1.0\\n"
"Content-Type: text/plain; charset=utf-8\\n"
"Content-Transfer-Encoding: 8bit\\n"
"Plural-Forms: {plurals}\\n"

"""


def texts() -> Catalog:
    """Return a catalogue of all texts, without translations."""
    catalogue = Catalog()
    found = extract_from_dir(CONSOLE, METHODS, OPTIONS, KEYWORDS, strip_comment_tags=True)
    for file, _, message, _, context in found:
        # Without the number of the line, which every change above it would change.
        catalogue.add(message, locations=[(f"console/{file}", None)], context=context)
    return catalogue


def updated(path: Path) -> str:
    """Return what a catalogue must contain: the texts as they are now, with the translations that it has."""
    with path.open("rb") as file:
        catalogue = read_po(file, locale=path.stem)
    catalogue.update(texts(), no_fuzzy_matching=True)
    written = BytesIO()
    write_po(written, catalogue, width=110, omit_header=True, sort_output=True, ignore_obsolete=True)
    return HEADER.format(code=path.stem, plurals=catalogue.plural_forms) + written.getvalue().decode()


def stale() -> Iterator[tuple[Path, str]]:
    """Yield each catalogue that differs from what it must contain, and that."""
    for path in sorted(CATALOGUES.glob("*.po")):
        text = updated(path)
        if path.read_text(encoding="utf-8") != text:
            yield path, text


def main(arguments: list[str]) -> int:
    """Write the catalogues; with `--check` name those that differ, and return 1 if there are any."""
    found = list(stale())
    for path, text in found:
        if "--check" in arguments:
            sys.stderr.write(f"{path.name} is out of date: run nox -s messages\n")
        else:
            path.write_text(text, encoding="utf-8")
    return 1 if found and "--check" in arguments else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
