"""The contract between ShopDB and its plugins, as every plugin's own tests check it."""

from shopdb_core.testing import assert_conforms


def test_the_plugin_keeps_the_contract() -> None:
    """Every check of the conformance kit passes."""
    assert_conforms("computers")
