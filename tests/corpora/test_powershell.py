"""What PowerShell 5.1 really sends, over HTTP: accepted, each liberty with a warning, and stored clean."""

import codecs
import json

import pytest

pytestmark = pytest.mark.every_way

SUBMISSION = {"hostname": "pc-1", "osname": "Büro-Windows"}
TEXT = json.dumps(SUBMISSION, ensure_ascii=False)

ENCODINGS = {
    "byte order mark": (codecs.BOM_UTF8 + TEXT.encode(), "application/json", 1),
    "UTF-16, little end first": (TEXT.encode("utf-16"), "application/json", 1),
    "UTF-16, big end first": (codecs.BOM_UTF16_BE + TEXT.encode("utf-16-be"), "application/json", 1),
    "Latin-1": (TEXT.encode("iso-8859-1"), "application/json", 1),
    "declared Latin-1": (TEXT.encode("iso-8859-1"), "application/json; charset=iso-8859-1", 0),
    "declared UTF-8": (TEXT.encode(), 'application/json; charset="utf-8"', 0),
}

DATES = {
    "milliseconds": "/Date(1704103200000)/",
    "milliseconds with an offset": "/Date(1704103200000+0100)/",
    "wrapped": {"value": "/Date(1704103200000)/", "DisplayHint": 2, "DateTime": "Monday, January 1, 2024"},
    "CIM": "20240101110000.000000+060",
    "without offset": "2024-01-01T10:00:00",
    "blank for the T": "2024-01-01 10:00:00Z",
}

LISTS = {
    "one element": {"name": "7-Zip", "version": "24"},
    "wrapped": {"value": [{"name": "7-Zip", "version": "24"}], "Count": 1},
}

FLATTENED = ["@{name=7-Zip; version=24}", "System.Collections.Hashtable", ["@{name=7-Zip}"]]


@pytest.mark.parametrize(("content", "mediatype", "warnings"), ENCODINGS.values(), ids=ENCODINGS)
def test_encodings(shop, content, mediatype, warnings) -> None:
    """A body in another encoding is read, with a warning unless its charset was declared."""
    answer = shop.post("computers", content, Content_Type=mediatype)

    assert answer.status_code == 201
    assert len(answer.json["warnings"]) == warnings
    assert shop.attributes() == {"pc-1": SUBMISSION}


@pytest.mark.parametrize("date", DATES.values(), ids=DATES)
def test_dates(shop, date) -> None:
    """A date-time as Windows writes it is stored in UTC, with a warning that names the field."""
    answer = shop.submit("computers", {"hostname": "pc-1", "lastboottime": date})

    assert answer.status_code == 201
    (warning,) = answer.json["warnings"]
    assert warning.startswith("lastboottime: ")
    assert shop.attributes()["pc-1"]["lastboottime"] == "2024-01-01T10:00:00Z"


@pytest.mark.parametrize("programs", LISTS.values(), ids=LISTS)
def test_lists(shop, programs) -> None:
    """A list that arrived as its only element, or in a wrapper, is stored as a list, with a warning."""
    answer = shop.submit("computers", {"hostname": "pc-1", "installedsoftware": programs})

    assert answer.status_code == 201
    (warning,) = answer.json["warnings"]
    assert warning.startswith("installedsoftware: ")
    assert shop.attributes()["pc-1"]["installedsoftware"] == [{"name": "7-Zip", "version": "24"}]


@pytest.mark.parametrize("programs", FLATTENED, ids=str)
def test_flattened_objects(shop, programs) -> None:
    """An object that ConvertTo-Json flattened to a string is a 422 that says how to send it whole."""
    answer = shop.submit("computers", {"hostname": "pc-1", "installedsoftware": programs})

    assert answer.status_code == 422
    assert "ConvertTo-Json -Depth 6" in answer.json["errors"][0]["message"]
    assert shop.attributes() == {}


def test_blanks(shop) -> None:
    """Strings are trimmed; an empty one counts as absent, with a warning, and clears nothing."""
    shop.submit("computers", {"hostname": "pc-1", "osname": "Windows"})

    answer = shop.submit("computers", {"hostname": "pc-1 ", "osname": " ", "cputype": " i5 "})

    (warning,) = answer.json["warnings"]
    assert warning.startswith("osname: ")
    assert shop.attributes() == {"pc-1": {"hostname": "pc-1", "osname": "Windows", "cputype": "i5"}}
