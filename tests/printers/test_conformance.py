"""The contract between ShopDB and its plugins, as every plugin's own tests check it."""

from collections.abc import Callable

from databases import SERVERS
from sqlalchemy import URL

from shopdb_core.testing import assert_conforms


def test_the_plugin_keeps_the_contract(server_url: Callable[[str], URL]) -> None:
    """Every check of the conformance kit passes on every database."""
    urls = [server_url(kind).render_as_string(hide_password=False) for kind in SERVERS]

    assert_conforms("printers", database_urls=urls)
