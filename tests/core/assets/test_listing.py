"""The ids of assets by their identities, as the pages of reports link them."""

import pytest
from shops import Shop

from shopdb_core.assets.listing import find_assetids

pytestmark = pytest.mark.every_database


def test_identities_lead_to_their_assets(shop: Shop) -> None:
    """In any spelling; those of another type and unknown ones lead nowhere."""
    for name in ("PC-1", "Straße"):
        shop.submit("computers", {"hostname": name})
    shop.submit("printers", {"serialnumber": "PC-9"})
    asked = ["pc-1", "STRASSE", "PC-9", "", "x" * 500]

    found = shop.store.read(lambda connection: find_assetids(connection, "computers", asked))

    assert found == {"pc-1": 1, "STRASSE": 2}
    assert shop.store.read(lambda connection: find_assetids(connection, "computers", [])) == {}
