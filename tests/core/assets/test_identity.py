"""Equal identities, and placeholder values."""

import pytest

from shopdb_core.assets.identity import IDENTITY_KEY_BYTES, fits, identity_key, is_placeholder


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("PC-1234", "pc-1234"),
        ("PC-1", "  PC-1 "),
        ("stra\u00dfe", "STRASSE"),
        ("caf\u00e9", "cafe\u0301"),
        ("\u03a3\u03c2", "\u03c3\u03c3"),
    ],
)
def test_spellings_of_one_identity(one, other):
    """Case, surrounding blanks and Unicode composition make no difference."""
    assert identity_key(one) == identity_key(other)


@pytest.mark.parametrize(
    ("one", "other"), [("pc-1", "pc-10"), ("a b", "ab"), ("e", "\u00e9"), ("\U0001f600", "\U0001f601")]
)
def test_different_identities_stay_different(one, other):
    """Some database's collation compares each pair as equal."""
    assert identity_key(one) != identity_key(other)


@pytest.mark.parametrize("character", ["a", "\u0390", "\ufb03", "\U0001f600", "\u1f80", "\u0149"])
def test_255_characters_always_fit(character):
    """The longest key of 255 characters fits into the column."""
    assert fits(identity_key(character * 255))
    assert not fits(b"x" * (IDENTITY_KEY_BYTES + 1))


@pytest.mark.parametrize(
    "value",
    [
        "00:00:00:00:00:00",
        "FF:FF:FF:FF:FF:FF",
        "02:00:00:00:00:01",
        "01:00:5E:00:00:FB",
        "33-33-00-00-00-01",
        "To be filled by O.E.M.",
        "Default string",
        "xxxxxxxx",
        "0",
        "",
    ],
)
def test_placeholders_are_recognised(value):
    """All-zero, broadcast, local and group addresses, vendors' default texts, one repeated character."""
    assert is_placeholder(value)


@pytest.mark.parametrize("value", ["00:1A:2B:3C:4D:5E", "68:B5:99:E6:84:EB", "PHCVN191TG"])
def test_real_values_are_not_placeholders(value):
    """A universal MAC address or a serial number identifies one device."""
    assert not is_placeholder(value)
