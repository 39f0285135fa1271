"""Whether docs/plugins.md links every page about plugins, and lists every state."""

import re
from typing import get_args

from documents import code, table

from shopdb_core.plugins.registry import State


def test_every_page_about_plugins_is_listed(docs):
    """The table of pages has each, so that an author who begins here finds it."""
    rows = table((docs / "plugins.md").read_text(), "| page | describes |")

    listed = {page for row in rows for page in re.findall(r"\]\((plugin-[\w-]+\.md)\)", row[0])}

    assert listed == {page.name for page in docs.glob("plugin-*.md")}


def test_every_state_is_documented(docs):
    """The table of states has exactly those that a plugin may be in."""
    rows = table((docs / "plugins.md").read_text(), "| state | means |")

    assert [code(row[0])[0] for row in rows] == list(get_args(State))
