"""The checks that ShopDB has for every plugin."""

from shopdb_core.testing import assert_conforms


def test_it_conforms() -> None:
    """Declaration, examples, normalisation, tables, reports and endpoint pass every check."""
    assert_conforms("network")
