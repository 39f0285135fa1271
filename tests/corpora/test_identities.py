"""Which identities are one: Python decides, never a database's collation."""

import pytest

ONE = [
    ["pc-1", "PC-1", "Pc-1", " pc-1 ", "\u00a0pc-1\n"],
    ["stra\u00dfe", "STRASSE", "Stra\u1e9ee"],
    ["\u00e9cran", "e\u0301cran", "\u00c9CRAN", "E\u0301cran"],
    ["\u1f88", "\u1f80", "\u1f00\u03b9"],
    ["\u212b1", "\u00c51", "A\u030a1"],
    ["\ufb01le", "FILE", "file"],
    ["\u0149\u0323", "\u02bc\u1e47"],
]

SEVERAL = [
    ["\U0001f600", "\U0001f601", "\U0001f602"],
    ["\U00020000", "\U00020001"],
    ["pc-1", "pc-\u0661", "pc-\uff11"],
    ["a", "\u0430", "\u00e0", "\u0101"],
    ["pc 1", "pc  1", "pc1", "pc\u200b1"],
    ["1", "01", "1.0", "+1"],
    ["true", "null", "none", "0"],
    ["o'neil", 'o"neil', "o\\neil", "o%neil", "o_neil"],
    ["stra\u00dfe", "strase"],
    ["\u0131", "i", "i\u0307"],
]


@pytest.mark.parametrize("identities", ONE, ids=ascii)
def test_spellings_of_one_identity(anyshop, identities) -> None:
    """Case, blanks around and composition make no difference; the first spelling is kept."""
    answers = [anyshop.submit("anyjson", {"name": identity}) for identity in identities]

    assert len({answer.json["assetid"] for answer in answers}) == 1
    assert [answer.json["action"] for answer in answers] == ["created", *["noop"] * (len(answers) - 1)]
    assert len(anyshop.attributes()) == 1


@pytest.mark.parametrize("identities", SEVERAL, ids=ascii)
def test_identities_that_only_look_alike(anyshop, identities) -> None:
    """What differs after folding is an asset of its own, whatever a database would think."""
    answers = [anyshop.submit("anyjson", {"name": identity}) for identity in identities]

    assert [answer.status_code for answer in answers] == [201] * len(identities)
    assert anyshop.attributes().keys() == set(identities)


def test_plugins_do_not_share_identities(shop) -> None:
    """The same identity of two plugins is two assets."""
    one = shop.submit("computers", {"hostname": "same"})
    other = shop.submit("printers", {"serialnumber": "same"})

    assert one.json["assetid"] != other.json["assetid"]
