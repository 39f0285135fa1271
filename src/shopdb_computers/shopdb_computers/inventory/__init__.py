"""This machine's own inventory, as a computers submission."""

from shopdb_computers.inventory.hardware import hardware
from shopdb_computers.inventory.network import addresses, networkinterfaces
from shopdb_computers.inventory.software import installedsoftware
from shopdb_computers.inventory.system import (
    cputype,
    currentuser,
    hostname,
    lastboottime,
    memorygb,
    operatingsystem,
)
from shopdb_hookspecs import Json


def inventory() -> dict[str, Json]:
    """Return a submission with each field that this machine can determine."""
    fields: dict[str, Json] = {
        "hostname": hostname(),
        **hardware(),
        **operatingsystem(),
        "lastboottime": lastboottime(),
        "currentuser": currentuser(),
        **addresses(),
        "networkinterfaces": networkinterfaces(),
        "memorygb": memorygb(),
        "cputype": cputype(),
        "installedsoftware": installedsoftware(),
    }
    return {field: value for field, value in fields.items() if value}
