"""JSON exactly as PowerShell 5.1 writes it is coerced to the schema."""

import pytest

from shopdb_core.intake.decoding import read_document
from shopdb_core.intake.http_body import Body
from shopdb_core.intake.shape import Shaped, Shaper
from shopdb_hookspecs import JsonObject


def read(text: str) -> JsonObject:
    """Return the object of a body in UTF-8."""
    return read_document(Body(text.encode(), "utf-8")).content


def shape(shaper: Shaper, member: str) -> Shaped:
    """Shape a submission with one more member, in the layout of `ConvertTo-Json`."""
    return shaper.shape(read(f'{{\r\n    "hostname":  "PC-1234",\r\n    {member}\r\n}}'))


ONE_PROGRAM = """"installedsoftware":  {
                              "name":  "7-Zip 23.01 (x64)",
                              "version":  "23.01"
                          }"""

COUNTED_PROGRAMS = """"installedsoftware":  {
                              "value":  [
                                            {
                                                "name":  "7-Zip 23.01 (x64)",
                                                "version":  "23.01"
                                            },
                                            {
                                                "name":  "Notepad++",
                                                "version":  ""
                                            }
                                        ],
                              "Count":  2
                          }"""

GET_DATE = r""""lastboottime":  {
                         "value":  "\/Date(1704106800123)\/",
                         "DisplayHint":  2,
                         "DateTime":  "Monday, January 1, 2024 12:00:00 PM"
                     }"""


def test_an_array_of_one_that_came_as_its_element(shaper: Shaper) -> None:
    """A pipeline unrolls an array of one object: it becomes an array again."""
    shaped = shape(shaper, ONE_PROGRAM)

    assert shaped.submission["installedsoftware"] == [{"name": "7-Zip 23.01 (x64)", "version": "23.01"}]
    assert shaped.warnings == ["installedsoftware: a single value was read as an array of one"]


def test_an_array_of_one_string_that_came_as_its_element(shaper: Shaper) -> None:
    """A single string becomes an array of one string."""
    shaped = shape(shaper, '"tags":  "cell-7"')

    assert shaped.submission["tags"] == ["cell-7"]
    assert shaped.warnings == ["tags: a single value was read as an array of one"]


def test_an_array_that_came_with_its_count(shaper: Shaper) -> None:
    """The wrapper is removed, and the strings in the array are trimmed."""
    shaped = shape(shaper, COUNTED_PROGRAMS)

    assert shaped.submission["installedsoftware"] == [
        {"name": "7-Zip 23.01 (x64)", "version": "23.01"},
        {"name": "Notepad++"},
    ]
    assert shaped.warnings == [
        "installedsoftware: an empty string counts as absent (at /installedsoftware/value/1/version)",
        "installedsoftware: an object with value and Count was read as the array in it",
    ]


def test_an_empty_array_that_came_with_its_count(shaper: Shaper) -> None:
    """A wrapper without items becomes an empty array, which replaces the stored one."""
    shaped = shape(shaper, '"tags":  {\r\n "value":  [\r\n\r\n ],\r\n "Count":  0\r\n }')

    assert shaped.submission["tags"] == []


def test_a_date_of_net(shaper: Shaper) -> None:
    """`[DateTime]` is written as milliseconds since 1970, with escaped slashes."""
    shaped = shape(shaper, r'"lastboottime":  "\/Date(1704106800000)\/"')

    assert shaped.submission["lastboottime"] == "2024-01-01T11:00:00Z"
    assert shaped.warnings == ["lastboottime: a date as /Date(milliseconds)/ was converted"]


def test_a_date_of_get_date(shaper: Shaper) -> None:
    """`Get-Date` is written as an object with the date and a text."""
    shaped = shape(shaper, GET_DATE)

    assert shaped.submission["lastboottime"] == "2024-01-01T11:00:00.123Z"
    assert shaped.warnings == ["lastboottime: a date as /Date(milliseconds)/ was converted"]


def test_a_date_of_wmi(shaper: Shaper) -> None:
    """`Get-WmiObject` writes dates in CIM form, with the offset in minutes."""
    shaped = shape(shaper, '"lastboottime":  "20240101120000.500000+060"')

    assert shaped.submission["lastboottime"] == "2024-01-01T11:00:00.5Z"
    assert shaped.warnings == ["lastboottime: a CIM date-time was converted"]


@pytest.mark.parametrize(
    "value",
    [
        r'"\/Date(1782770400000)\/"',
        r'{"value":  "\/Date(1782770400000)\/", "DisplayHint":  2, "DateTime":  "Tuesday"}',
        '"20260630000000.000000+120"',
    ],
)
def test_a_date_in_a_field_of_days(shaper: Shaper, value: str) -> None:
    """A field with the format `date` takes the day of what Windows writes for midnight in the site's zone."""
    shaped = shape(shaper, f'"warrantyends":  {value}')

    assert shaped.submission["warrantyends"] == "2026-06-30"
    assert len(shaped.warnings) == 1
    assert shaped.warnings[0].startswith("warrantyends: a ")


def test_dates_inside_are_found(shaper: Shaper) -> None:
    """Coercion follows properties, items, references and alternatives; equal warnings become one."""
    member = r""""updates":  [
        {"installedat":  "\/Date(1704106800000)\/"},
        {"installedat":  null},
        {"installedat":  "\/Date(1704106801000)\/"}
    ]"""

    shaped = shape(shaper, member)

    assert shaped.submission["updates"] == [
        {"installedat": "2024-01-01T11:00:00Z"},
        {"installedat": None},
        {"installedat": "2024-01-01T11:00:01Z"},
    ]
    assert shaped.warnings == [
        "updates: a date as /Date(milliseconds)/ was converted (2 times, first at /updates/0/installedat)",
    ]


def test_an_array_of_one_with_a_date(shaper: Shaper) -> None:
    """An array of one with a date in it is wrapped and its date converted."""
    shaped = shape(shaper, r'"updates":  {"installedat":  "\/Date(1704106800000)\/"}')

    assert shaped.submission["updates"] == [{"installedat": "2024-01-01T11:00:00Z"}]
    assert len(shaped.warnings) == 2


@pytest.mark.parametrize(
    "member",
    [
        '"installedsoftware":  "@{name=7-Zip; version=23.01}"',
        '"installedsoftware":  "System.Object[]"',
        '"tags":  {"value":  ["a"], "Count":  1, "more":  2}',
        '"tags":  {"value":  "a b", "Count":  2}',
        '"tags":  7',
        '"lastboottime":  {"value":  "Monday", "DisplayHint":  2}',
        '"lastboottime":  "Monday, January 1, 2024 12:00:00 PM"',
        '"lastboottime":  1704106800',
        r'"osname":  "\/Date(1704106800000)\/"',
        '"osname":  {"value":  ["Windows"], "Count":  1}',
    ],
)
def test_an_unrecognised_value_is_not_changed(shaper: Shaper, member: str) -> None:
    """An unrecognised value is left for validation to report."""
    submission = read(f'{{"hostname": "PC-1234", {member}}}')

    shaped = shaper.shape(submission)

    assert shaped.submission is submission
    assert shaped.warnings == []
