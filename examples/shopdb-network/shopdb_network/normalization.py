"""Bring a submission into canonical form, so that another spelling of a value is not a change."""

import json
import re

from shopdb_hookspecs import Json, JsonObject


def normalized(submission: JsonObject) -> JsonObject:
    """Return the submission with one spelling of its MAC address, and its ports in order.

    Pure and idempotent. It runs before validation: a value of an unexpected type is returned as it is.
    """
    canonical = dict(submission)
    if isinstance(macaddress := submission.get("macaddress"), str):
        canonical["macaddress"] = canonical_macaddress(macaddress)
    if isinstance(ports := submission.get("ports"), list):
        canonical["ports"] = _in_order(ports)
    return canonical


def canonical_macaddress(text: str) -> str:
    """Return `00:1A:2B:3C:4D:5E` for any usual spelling of six octets, any other text unchanged.

    Usual are groups that colons, hyphens, dots or blanks separate, and bare digits; net-snmp leaves
    out the leading zero of an octet (`0:1a:...`).
    """
    digits = "".join(group.zfill(2) for group in re.split("[:. -]", text))
    if not re.fullmatch("[0-9A-Fa-f]{12}", digits):
        return text
    return ":".join(re.findall("..", digits.upper()))


def _in_order(ports: list[Json]) -> list[Json]:
    """Sort by number; leave a faulty list alone, so that validation reports the right place in it."""
    if not all(isinstance(port, dict) and type(port.get("ifindex")) is int for port in ports):
        return ports
    return sorted(ports, key=lambda port: (port["ifindex"], json.dumps(port, sort_keys=True)))
