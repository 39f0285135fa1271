"""Which identities are one: Python decides, never a database's collation."""

import pytest
from spellings import ONE, SEVERAL

pytestmark = pytest.mark.every_way


@pytest.mark.parametrize("identities", ONE, ids=ascii)
def test_spellings_of_one_identity(anyshop, identities) -> None:
    """Case, blanks around and composition make no difference; the first spelling is kept."""
    answers = [anyshop.submit("anyjson", {"name": identity}) for identity in identities]

    assert len({answer.json["assetid"] for answer in answers}) == 1
    assert [answer.json["action"] for answer in answers] == ["created", *["noop"] * (len(answers) - 1)]
    assert len(anyshop.attributes()) == 1


@pytest.mark.parametrize("identities", SEVERAL, ids=ascii)
def test_identities_that_only_look_alike(anyshop, identities) -> None:
    """Identities that differ after folding are two assets, whatever the database's collation is."""
    answers = [anyshop.submit("anyjson", {"name": identity}) for identity in identities]

    assert [answer.status_code for answer in answers] == [201] * len(identities)
    assert anyshop.attributes().keys() == set(identities)


def test_plugins_do_not_share_identities(shop) -> None:
    """The same identity of two plugins is two assets."""
    one = shop.submit("computers", {"hostname": "same"})
    other = shop.submit("printers", {"serialnumber": "same"})

    assert one.json["assetid"] != other.json["assetid"]
