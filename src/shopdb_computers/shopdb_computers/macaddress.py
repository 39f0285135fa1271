"""One spelling for a MAC address."""

import re


def canonical_macaddress(text: str) -> str:
    """Give `00:1A:2B:3C:4D:5E` for any usual spelling of six octets, any other text unchanged.

    Usual are groups that colons, hyphens, dots or blanks separate, and bare digits; net-snmp leaves
    out the leading zero of an octet (`0:1a:...`).
    """
    digits = "".join(group.zfill(2) for group in re.split("[:. -]", text))
    if not re.fullmatch("[0-9A-Fa-f]{12}", digits):
        return text
    return ":".join(re.findall("..", digits.upper()))
