"""A site whose assets people edit."""

import pytest
from editing import PC
from fleet import Fleet
from shops import Shop


@pytest.fixture
def stocked(shop: Shop) -> Shop:
    """Return a site with two computers and a printer."""
    shop.submit("computers", PC)
    shop.submit("computers", {**PC, "hostname": "PC-2", "macaddress": "3C:52:82:11:22:44"})
    shop.submit("printers", {"serialnumber": "SN1", "supplies": [{"name": "Drum", "levelpercent": 1}]})
    return shop


@pytest.fixture
def fleet(shop: Shop) -> Fleet:
    """Return an empty site with the installed plugins."""
    return Fleet(shop)
