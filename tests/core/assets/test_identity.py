"""Equal identities, and placeholder values."""

import pytest

from shopdb_core.assets.identity import IDENTITY_KEY_BYTES, fits, identity_key, is_evidence, is_placeholder


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("PC-1234", "pc-1234"),
        ("PC-1", "  PC-1 "),
        ("stra\u00dfe", "STRASSE"),
        ("caf\u00e9", "cafe\u0301"),
        ("\u03a3\u03c2", "\u03c3\u03c3"),
        ("\u0390", "\u03aa\u0301"),
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


DEFAULT_TEXTS = (
    """
To be filled by O.E.M.|To Be Filled By O.E.M|to be filled by oem|Default string|System Serial Number
System Product Name|Chassis Serial Number|Base Board Serial Number|Not Specified|Not Available|Not Applicable
None|(none)|null|N/A|n.a.|NA|Unknown|UNKNOW|Undefined|INVALID|O.E.M.|TBD by OEM|Type1ProductConfigId
Type2 - Board Serial Number|MB-1234567890|SSN12345678901234567|Asset-1234567890|No Asset Tag|Serial Number
0|1111|00000000|XXXXXXXX|xxxxxxxxxxx|........|--|?????|FFFFFFFF|0123456789|123456789|0x00000000
00000000-0000-0000-0000-000000000000|03000200-0400-0500-0006-000700080009
""".strip()
    .replace("\n", "|")
    .split("|")
)
"""What real firmware reports where a maker did not write a serial number (SMBIOS types 1 to 3)."""

SHARED_MACS = (
    *("00:00:00:00:00:00", "FF:FF:FF:FF:FF:FF", "02:00:00:00:00:01", "01:00:5E:00:00:FB"),
    *("33-33-00-00-00-01", "00:15:5D:00:00:01", "00:05:9A:3C:7A:00", "00:09:0F:FE:00:01"),
    *("00:50:56:C0:00:08", "00:1C:42:00:00:08", "50:50:54:50:30:30", "00:00:5E:00:01:0A"),
)
"""All-zero, broadcast, local and group addresses, and the fixed ones of virtual switches and VPN adapters."""


@pytest.mark.parametrize("value", ["", *DEFAULT_TEXTS, *SHARED_MACS])
def test_placeholders_are_recognised(value):
    """A default text, one repeated character, or an address of many devices; it is never evidence."""
    assert is_placeholder(value)
    assert not is_evidence(value)


@pytest.mark.parametrize(
    "value", ["00:1A:2B:3C:4D:5E", "00:15:5D:12:34:56", "68:B5:99:E6:84:EB", "PHCVN191TG", "123456789012"]
)
def test_real_values_are_not_placeholders(value):
    """A universal MAC address or a serial number, also one of twelve digits, identifies one device."""
    assert not is_placeholder(value)
    assert is_evidence(value)


@pytest.mark.parametrize("name", ["B", "7", "22", "\U0001f600"])
def test_a_short_name_identifies_an_asset_and_is_no_evidence(name):
    """People call a machine 7 or B; a serial number of one repeated character is a maker's default."""
    assert not is_placeholder(name)
    assert not is_evidence(name)


def test_the_table_has_forty_values_of_real_firmware():
    """No value is listed twice in the same spelling."""
    assert len({*DEFAULT_TEXTS}) == len(DEFAULT_TEXTS) >= 40
