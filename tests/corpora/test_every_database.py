"""The same answers and the same rows, whichever database a site has: the corpora, sent to each kind.

What the answers must be, the other tests of this folder say, on SQLite.
"""

import json
from collections.abc import Callable, Iterator

import pytest
from databases import KINDS
from spellings import ONE, SEVERAL

OF_THE_CORE = {
    "asset": "SELECT identityvalue, identitykey, version FROM asset ORDER BY assetid",
    "attributes": "SELECT attributes FROM assetattributes ORDER BY assetid",
    "audit": "SELECT action, plugin, identityvalue, diff, volatileonly FROM auditentry ORDER BY auditid",
    "evidence": "SELECT field, value FROM assetevidence ORDER BY value, assetid",
}
OF_COMPUTERS = {
    "programs": "SELECT softwareid, name, version FROM computers_software ORDER BY softwareid",
    "installations": "SELECT computerid, softwareids FROM computers_inventory ORDER BY computerid",
}
OF_PRINTERS = {
    "devices": "SELECT model, location, pagecount, colorpagecount, needs FROM printers_device "
    "ORDER BY assetid",
    "supplies": "SELECT name, colorant, levelpercent, levelstate FROM printers_supply "
    "ORDER BY assetid, position",
}
"""A query for each thing that a submission writes, but for ids, times and what is computed of them."""

LISTS = ("assets?limit=1000", "audit?limit=1000", "duplicates?limit=1000", "assets?identityvalue=pc-1")

CHANGING = {"assetid", "requestid", "at", "auditid", "createdat", "updatedat", "lastseenat", "assetids"}

POWERSHELL = [
    '{"hostname": "pc-utf8", "osname": "Büro"}'.encode("utf-8-sig"),
    '{"hostname": "pc-utf16", "osname": "Büro \U0001f5a8"}'.encode("utf-16"),
    '{"hostname": "pc-latin", "osname": "Büro"}'.encode("iso-8859-1"),
    b'{"hostname": "pc-date", "lastboottime": "/Date(1704103200000+0100)/"}',
    b'{"hostname": "pc-cim", "lastboottime": "20240101110000.000000+060"}',
    b'{"hostname": "pc-list", "installedsoftware": {"value": [{"name": "7-Zip"}], "Count": 1}}',
    b'{"hostname": "pc-flat", "installedsoftware": "@{name=7-Zip; version=24}"}',
]

UNSTORABLE = ["a\x00b", "\x00a", "\ud800", "a\udfffb", "\udc00\ud800"]


@pytest.fixture
def everywhere(make_shop) -> Callable:
    """Return a function that posts bodies to a site on each database, and gives what came of them by kind."""

    def run(
        plugin: str,
        bodies: list[bytes],
        queries: dict[str, str] | None = None,
        reports: tuple[str, ...] = (),
        plugins: object = None,
    ) -> list[dict[str, list]]:
        asked = {**OF_THE_CORE, **(queries or {})}
        return [
            outcome(make_shop(plugins, kind), plugin, bodies, asked, (*LISTS, *reports)) for kind in KINDS
        ]

    return run


def outcome(
    shop, plugin: str, bodies: list[bytes], queries: dict[str, str], reads: tuple[str, ...]
) -> dict[str, list]:
    """Return the answers, then what is stored, then what readers see."""
    answers = [shop.post(plugin, body) for body in bodies]
    return {
        "answers": [(answer.status_code, lasting(answer.json)) for answer in answers],
        **{name: [tuple(map(plain, row)) for row in shop.query(sql)] for name, sql in queries.items()},
        **{path: seen(shop, path) for path in reads},
    }


def plain(cell: object) -> object:
    """Return Python's kind of bytes for that of a driver."""
    return bytes(cell) if isinstance(cell, memoryview) else cell


def seen(shop, path: str) -> list[object]:
    """Return what a reader sees: the items of a list, the lines of a file."""
    answer = shop.client.simulate_get(f"/api/{path}", headers={"Authorization": f"Bearer {shop.token()}"})
    assert answer.status_code == 200
    return answer.text.splitlines() if ".csv" in path else [lasting(item) for item in answer.json["items"]]


def lasting(item: object) -> object:
    """Leave out what differs from one run to the next, inside too."""
    if isinstance(item, list):
        return [lasting(each) for each in item]
    if isinstance(item, dict):
        return {name: lasting(value) for name, value in item.items() if name not in CHANGING}
    return item


def assert_same(outcomes: list[dict[str, list]]) -> None:
    """Compare each kind with the first, so that a failure shows the pair that differs."""
    first, *others = outcomes
    assert first["asset"]
    for other in others:
        for name, expected in first.items():
            pairs = zip(expected, other[name], strict=True)
            assert [(name, *pair) for pair in pairs if pair[0] != pair[1]] == []


def test_json_files(everywhere, anyjson, parsing_files) -> None:
    """Every file of JSONTestSuite: bare, in a field, and in an undeclared field."""
    bodies = [
        body
        for name, content in parsing_files.items()
        for body in (
            content,
            b'{"name": "%s", "field": %s}' % (name.encode(), content),
            b'{"name": "%s", "unknown": %s}' % (name.encode(), content),
        )
    ]

    assert_same(everywhere("anyjson", bodies, plugins=anyjson))


def test_identities(everywhere, anyjson, strings) -> None:
    """Each string as an identity and as a name inside a value; spellings, twice; what no database stores."""
    identities = [*strings, *(name for group in [*ONE, *SEVERAL] for name in group), *UNSTORABLE]
    bodies = [dumped({"name": name, "field": {name: [name]}}) for name in identities]

    assert_same(everywhere("anyjson", [*bodies, *bodies[-80:]], plugins=anyjson))


def test_computers(everywhere, strings) -> None:
    """Strings as an operating system, as programs and their versions; what PowerShell sends."""
    bodies = [
        dumped({"hostname": f"pc-{number}", "osname": names[0][:200], "installedsoftware": programs(names)})
        for number, names in enumerate(by_four(strings))
    ]
    reports = ("software.csv", "software.csv?name=%EF%BC%A1", "software.csv?name=p", "software?limit=1000")
    paths = tuple(f"reports/computers/{report}" for report in reports)

    assert_same(everywhere("computers", [*bodies, *POWERSHELL], OF_COMPUTERS, paths))


def programs(names: list[str]) -> list[dict[str, str]]:
    """Return programs some of whose names are equal but for case."""
    spelt = sorted({each for name in names for each in (name, name.upper(), name.lower())})
    return [{"name": name[:400], "version": name[:200]} for name in spelt if name.strip()]


def test_printers(everywhere, strings) -> None:
    """Strings as places and as supplies with odd levels; some of them low, some equal."""
    bodies = [
        dumped({"serialnumber": f"sn-{number}", "location": names[0][:255], "supplies": supplies(names)})
        for number, names in enumerate(by_four(strings))
    ]
    reports = ("supplies_low.csv", "supplies_low?below=33.3&limit=1000", "pages?limit=1000")
    paths = tuple(f"reports/printers/{report}" for report in reports)

    assert_same(everywhere("printers", bodies, OF_PRINTERS, paths))


def supplies(names: list[str]) -> list[dict[str, object]]:
    """Return a supply for each name, and one without a level."""
    levels = (len(names[0]) / 7 % 100, len(names[0]) % 10, 1e-300, 0.1 + 0.2)
    named = zip([name for name in names if name.strip()], levels, strict=False)
    return [{"name": name[:255], "levelpercent": level} for name, level in named] + [{"name": "Drum"}]


def by_four(strings: list[str]) -> Iterator[list[str]]:
    """Yield the strings four at a time, so that fewer submissions carry them all."""
    for start in range(0, len(strings), 4):
        yield strings[start : start + 4]


def dumped(submission: object) -> bytes:
    return json.dumps(submission).encode()
