"""Sentences of the layers below, in the language of the page."""

import ast
import re
from urllib.parse import urlencode

import pytest
from browsing import FORM, Browsing
from people import PASSWORD, add_user, cookie, login

import shopdb_core
from shopdb_core.console.framework.sentences import SENTENCES
from shopdb_core.console.framework.static import CONSOLE

GERMAN = {"Accept": "text/html", "Accept-Language": "de"}
COMPOSED = {"%(name)s must be a whole number from %(smallest)s to %(largest)s."}
"""Sentences that the sources have in two parts."""


def written(node):
    """Return the text of a string of the sources, with a sign for each value."""
    if isinstance(node, ast.Constant):
        return node.value if isinstance(node.value, str) else ""
    values = {-1: "§", ord("r"): "'§'"}
    return "".join(
        values.get(each.conversion, "") if isinstance(each, ast.FormattedValue) else written(each)
        for each in node.values
    )


def texts_of_sources():
    """Return the strings of the sources, without the list of sentences itself."""
    package = CONSOLE.parent
    paths = [path for path in package.rglob("*.py") if path.name != "sentences.py"]
    trees = [ast.parse(path.read_text(encoding="utf-8")) for path in paths]
    nodes = [node for tree in trees for node in ast.walk(tree)]
    return {written(node) for node in nodes if isinstance(node, ast.Constant | ast.JoinedStr)}


def test_each_sentence_is_one_of_the_sources():
    """A sentence that changes there would be in English everywhere, and nobody would see it."""
    assert shopdb_core.__file__.startswith(str(CONSOLE.parent))
    texts = texts_of_sources()
    wanted = {each: re.sub(r"%\(\w+\)s", "§", each) for each in SENTENCES if each not in COMPOSED}
    # A length is a constant of its module or a value; both are a sign here.
    assert [each for each, text in wanted.items() if text not in texts] == []


@pytest.mark.parametrize(
    ("path", "status", "sentence"),
    [
        ("/assets/17", 404, "Das Asset 17 gibt es nicht."),
        ("/nowhere", 404, "Diese Adresse gibt es nicht."),
        (
            "/collectors/tablets",
            404,
            "Einen Collector „tablets“ gibt es nicht; <code>shopdb plugin",
        ),
        ("/assets?limit=0", 400, "limit muss eine ganze Zahl von 1 bis"),
        ("/admin", 403, "Dies erfordert die Rolle admin; „ann“ hat die Rolle viewer."),
        ("/assets?lim=1", 400, "Unbekannter Parameter „lim“; diese Adresse kennt:"),
    ],
)
def test_pages_of_errors_are_in_the_language(shop, path, status, sentence):
    """With the values that the sentence has."""
    add_user(shop, "ann", "viewer")

    answer = shop.client.simulate_get(path, headers={**GERMAN, **cookie(login(shop, "ann", cookies=True))})

    assert answer.status_code == status
    assert sentence in answer.text


def test_a_refused_sign_in_is_in_the_language(shop):
    """It says what is wrong, and what the browser typed stays."""
    body = urlencode({"username": "nobody", "password": PASSWORD})

    answer = shop.client.simulate_post("/sign-in", body=body, headers={**GERMAN, **FORM})

    assert answer.status_code == 401
    assert "Benutzername oder Passwort ist falsch" in answer.text


def test_a_value_with_a_percent_sign_is_shown_as_it_is(shop):
    """A name that looks like a place for a value is not one."""
    user = {
        "username": "50%(s)s",
        "role": "viewer",
        "password": "horse-staple-17",
        "again": "horse-staple-17",
    }
    admin = Browsing(shop, "admin")
    admin.post("/admin/users", user)

    answer = admin.post("/admin/users", user)

    assert answer.status_code == 422
    assert "There is a user &#39;50%(s)s&#39; already; <code>shopdb user list</code>" in answer.text
