"""Each field of a computer and of a printer with odd values: what is stored of it, or where it is refused."""

import pytest

pytestmark = pytest.mark.every_database

LONG = "x" * 256
MAC = "00:1A:2B:3C:4D:5E"
BOX = "receptaclethatisfilled"


def named(**members: object) -> list[dict[str, object]]:
    """Return a list of one object with a name."""
    return [{"name": "a", **{member.rstrip("_"): value for member, value in members.items()}}]


STORED_OF_COMPUTERS = [
    ("serialnumber", "To be filled by O.E.M.", "To be filled by O.E.M."),
    ("serialnumber", "  5CG8\u0000\u0000", "5CG8"),
    ("serialnumber", "", None),
    ("serialnumber", None, None),
    ("uuid", "Not Settable", "Not Settable"),
    ("uuid", "FFFFFFFF-FFFF-FFFF-FFFF-FFFFFFFFFFFF", "ffffffff-ffff-ffff-ffff-ffffffffffff"),
    ("manufacturer", "Gigabyte \U0001f5a8", "Gigabyte \U0001f5a8"),
    ("model", "System Product Name", "System Product Name"),
    ("architecture", 9, "x86_64"),
    ("architecture", -1, "unknown"),
    ("architecture", 2**63 - 1, "unknown"),
    ("architecture", "64-Bit", "64-Bit"),
    ("formfactor", [10], "notebook"),
    ("formfactor", [200], "unknown"),
    ("formfactor", 0, "unknown"),
    ("formfactor", "Rack Mount Chassis", "rackmountchassis"),
    ("biosversion", "U70\tVer. 01", "U70\tVer. 01"),
    ("disks", [], []),
    ("disks", {"name": "sda"}, [{"name": "sda"}]),
    ("disks", [{"name": "sda"}, {"name": "sda"}], [{"name": "sda"}]),
    ("disks", [{"name": None, "sizebytes": 0}, {}], [{"sizebytes": 0}]),
    ("disks", [{"sizebytes": 2**63 - 1, "mediatype": 99}], [{"sizebytes": 2**63 - 1}]),
    ("disks", [{"serialnumber": "None", "mediatype": "HDD"}], [{"serialnumber": "None", "mediatype": "hdd"}]),
    ("networkinterfaces", [{"macaddress": "00-1a-2b-3c-4d-5e"}], [{"macaddress": MAC}]),
    ("networkinterfaces", [{"macaddress": "", "name": "ppp0"}], [{"name": "ppp0"}]),
    ("networkinterfaces", [{"macaddress": "00:00:00:00:00:00"}], [{"macaddress": "00:00:00:00:00:00"}]),
    (
        "networkinterfaces",
        [{"name": "isatap", "macaddress": "00-00-00-00-00-00-00-E0"}],
        [{"name": "isatap"}],
    ),
    ("networkinterfaces", [{"addresses": "10.0.0.7"}], [{"addresses": ["10.0.0.7"]}]),
    ("networkinterfaces", [{"addresses": ["FE80::1%12", "fe80::1/64"]}], [{"addresses": ["fe80::1"]}]),
    ("networkinterfaces", [{"addresses": []}], [{"addresses": []}]),
    (
        "installedsoftware",
        [{"name": "a", "installdate": "20250317"}],
        [{"name": "a", "installdate": "2025-03-17"}],
    ),
    (
        "installedsoftware",
        [{"name": "a", "installdate": "/Date(1742169600000)/"}],
        [{"name": "a", "installdate": "2025-03-17"}],
    ),
    ("installedsoftware", named(installdate="", source=None), named()),
    ("installedsoftware", named(architecture=0), named(architecture="x86")),
    (
        "installedsoftware",
        [{"name": "a", "publisher": "\u202eevil"}],
        [{"name": "a", "publisher": "\u202eevil"}],
    ),
]

REFUSED_OF_COMPUTERS = [
    ("serialnumber", LONG, "", "maxLength"),
    ("serialnumber", 12345, "", "type"),
    ("uuid", {"value": "x"}, "", "type"),
    ("manufacturer", ["HP"], "", "type"),
    ("model", LONG, "", "maxLength"),
    ("architecture", True, "", "type"),
    ("architecture", "x" * 41, "", "maxLength"),
    ("formfactor", "toaster", "", "enum"),
    ("formfactor", ["Laptop"], "", "type"),
    ("formfactor", -3, "", "type"),
    ("biosversion", 1.5, "", "type"),
    ("disks", "@{name=sda}", "", "type"),
    ("disks", [{"name": "sda", "sizebytes": "512 GB"}], "/0/sizebytes", "type"),
    ("disks", [{"name": "sda"}, {"sizebytes": -1}], "/1/sizebytes", "minimum"),
    ("disks", [{"sizebytes": 0.5}], "/0/sizebytes", "type"),
    ("disks", [{"Size": 1}], "/0/Size", "additionalProperties"),
    ("disks", [{"name": "sda"}, "sdb"], "/1", "type"),
    ("disks", [{"name": str(number)} for number in range(201)], "", "maxItems"),
    ("networkinterfaces", [{"macaddress": "eth0"}], "/0/macaddress", "pattern"),
    ("networkinterfaces", [{"macaddress": 7}], "/0/macaddress", "type"),
    ("networkinterfaces", [{"addresses": ["10.0.0.256"]}], "/0/addresses/0", "anyOf"),
    ("networkinterfaces", [{"addresses": [7]}], "/0/addresses/0", "type"),
    ("installedsoftware", named(installdate="17.03.2025"), "/0/installdate", "format"),
    ("installedsoftware", named(installdate="20250230"), "/0/installdate", "format"),
    ("installedsoftware", named(publisher=LONG), "/0/publisher", "maxLength"),
    ("installedsoftware", named(architecture=[]), "/0/architecture", "type"),
    ("installedsoftware", named(source=7), "/0/source", "type"),
]

STORED_OF_PRINTERS = [
    ("counters", [], []),
    ("counters", [{"kind": "Color-Copy", "count": 2**63 - 1}], [{"kind": "colorcopy", "count": 2**63 - 1}]),
    ("counters", [{"kind": "a", "count": 7}, {"kind": "A", "count": 3}], [{"kind": "a", "count": 7}]),
    (
        "supplies",
        [{"name": "a", "type": 0, "class": 0, "unit": 0}],
        [{"name": "a", "type": "unknown", "class": "other", "unit": "unknown"}],
    ),
    ("supplies", named(type=2**63 - 1), named(type="unknown")),
    (
        "supplies",
        [{"name": "a", "class": "receptacleThatIsFilled"}],
        [{"name": "a", "class": "receptaclethatisfilled"}],
    ),
    (
        "supplies",
        [{"name": "a", "capacity": -2, "serialnumber": "None"}],
        [{"name": "a", "serialnumber": "None"}],
    ),
    (
        "supplies",
        [{"name": "a", "class": 4, "levelpercent": -3}],
        [{"name": "a", "class": "receptaclethatisfilled", "levelstate": "someremaining"}],
    ),
    ("trays", [{}], [{}]),
    ("trays", [{"level": -3}, {"level": -99}], [{"levelstate": "someremaining"}, {"levelstate": "unknown"}]),
    (
        "trays",
        [{"name": "", "type": -1, "level": 700, "capacity": 500}],
        [{"type": "unknown", "level": 700, "capacity": 500}],
    ),
    ("alerts", [], []),
    ("alerts", [{}, {"code": -1}], []),
    (
        "alerts",
        [{"severity": 2, "training": 0, "group": 99, "code": 2**31 - 1}],
        [{"severity": "other", "training": "unknown", "group": "other", "code": 2**31 - 1}],
    ),
    (
        "alerts",
        [{"description": "Papier leer \U0001f4c4\u0000"}],
        [{"description": "Papier leer \U0001f4c4"}],
    ),
]

REFUSED_OF_PRINTERS = [
    ("counters", [{"kind": "copy"}], "/0/count", "required"),
    ("counters", [{"kind": "-", "count": 1}], "/0/kind", "pattern"),
    ("counters", [{"kind": "copy", "count": -1}], "/0/count", "minimum"),
    ("counters", [{"kind": "copy", "count": 0.5}], "/0/count", "type"),
    ("counters", {"copy": 7}, "/0/copy", "additionalProperties"),
    ("supplies", named(type="beans"), "/0/type", "enum"),
    ("supplies", named(class_="full"), "/0/class", "enum"),
    ("supplies", named(unit=1.5), "/0/unit", "enum"),
    ("supplies", named(capacity=0.5), "/0/capacity", "type"),
    ("supplies", named(capacity=2**32), "/0/capacity", "maximum"),
    ("supplies", named(serialnumber=7), "/0/serialnumber", "type"),
    ("trays", [{"level": "full"}], "/0/level", "type"),
    ("trays", [{"name": LONG}], "/0/name", "maxLength"),
    ("trays", [{"Name": "a"}], "/0/Name", "additionalProperties"),
    ("trays", ["Tray 1"], "/0", "type"),
    ("alerts", [{"code": "coverOpen"}], "/0/code", "type"),
    ("alerts", [{"severity": "grave"}], "/0/severity", "enum"),
    ("alerts", [{"description": 7}], "/0/description", "type"),
]


@pytest.mark.parametrize(
    ("plugin", "identity", "rows"),
    [("computers", "hostname", STORED_OF_COMPUTERS), ("printers", "serialnumber", STORED_OF_PRINTERS)],
    ids=["computers", "printers"],
)
def test_what_is_stored(shop, plugin, identity, rows) -> None:
    """One odd value does not refuse the device, and the same again is a noop."""
    for number, (field, value, _) in enumerate(rows):
        submission = {identity: f"odd-{number:03}", field: value}
        answers = [shop.submit(plugin, submission) for _ in range(2)]
        actions = [answer.json.get("action", answer.json) for answer in answers]
        assert actions == ["created", "noop"], (field, value)

    stored = shop.attributes()
    found = [stored[f"odd-{number:03}"].get(field) for number, (field, _, _) in enumerate(rows)]
    assert found == [expected for _, _, expected in rows]


@pytest.mark.parametrize(
    ("plugin", "identity", "rows"),
    [("computers", "hostname", REFUSED_OF_COMPUTERS), ("printers", "serialnumber", REFUSED_OF_PRINTERS)],
    ids=["computers", "printers"],
)
def test_what_is_refused(shop, plugin, identity, rows) -> None:
    """422 with the place and the keyword; leniently the device is stored without the part."""
    found = []
    for number, (field, value, _, _) in enumerate(rows):
        submission = {identity: f"odd-{number:03}", field: value}
        answer = shop.submit(plugin, submission)
        assert answer.status_code == 422, (field, value)
        (error, *_) = answer.json["errors"]
        found.append((field, value, error["pointer"].removeprefix(f"/{field}"), error["keyword"]))
        assert shop.submit(plugin, submission, Prefer="handling=lenient").status_code == 201, (field, value)

    assert found == rows
