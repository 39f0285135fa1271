"""Shaping a submission."""

from copy import deepcopy
from datetime import UTC

import pytest

from shopdb_core.intake.scan import scan_document
from shopdb_core.intake.shape import Shaper
from shopdb_hookspecs import Json, JsonObject


def test_a_clean_submission_comes_back_itself(shaper: Shaper) -> None:
    """A submission that needs no change is not copied."""
    submission = {
        "hostname": "PC-1234",
        "memorygb": 7.6,
        "lastboottime": "2024-01-01T11:00:00Z",
        "tags": None,
        "updates": [{"installedat": "2024-01-01T11:00:00Z"}],
        "installedsoftware": [{"name": "7-Zip", "version": "23.01", "extra": [True, 1, None]}],
    }

    shaped = shaper.shape(submission)

    assert shaped.submission is submission
    assert (shaped.storable, shaped.warnings) == (True, [])


def test_the_submission_that_arrived_is_never_altered(shaper: Shaper) -> None:
    """Every kind of change is made in a copy."""
    submission = {
        "hostname": " Büro ",
        "unknown": 1,
        "lastboottime": "2024-01-01 12:00:00",
        "tags": " a ",
        "updates": [{"installedat": "2024-01-01 12:00:00"}, {"installedat": " "}],
    }
    before = deepcopy(submission)

    shaped = shaper.shape(submission)

    assert shaped.submission != before
    assert submission == before


def test_unknown_fields_are_dropped_with_a_warning(shaper: Shaper) -> None:
    """Each unknown field is named; its value is not checked."""
    shaped = shaper.shape({"hostname": "PC-1234", "osnam": "Windows", "colour": "\ud800"})

    assert shaped.submission == {"hostname": "PC-1234"}
    assert shaped.warnings == [
        'osnam: is not a declared field; dropped; did you mean "osname"?',
        "colour: is not a declared field; dropped",
    ]
    assert shaped.storable


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("HostName", "hostname"),
        ("HOSTNAME", "hostname"),
        ("hostnam", "hostname"),
        ("host_name", "hostname"),
        ("hastname", "hostname"),
        ("hostnaem", None),
        ("host", None),
        ("memory_gb", "memorygb"),
        ("x" * 100, None),
    ],
)
def test_an_unknown_field_like_a_declared_one_is_named(shaper: Shaper, name: str, meant: str | None) -> None:
    """A name that differs only in case or by one letter suggests the declared one."""
    (warning,) = shaper.shape({name: 1}).warnings

    assert warning.endswith(f'; dropped; did you mean "{meant}"?' if meant else "; dropped")


def test_unknown_fields_are_kept_for_validation_to_refuse(declaration: JsonObject) -> None:
    """A collector that rejects additional fields sees them in validation."""
    strict = Shaper({**declaration, "additionalfields": "reject"}, UTC)

    shaped = strict.shape({"hostname": "PC-1234", "osnam": "Windows"})

    assert shaped.submission == {"hostname": "PC-1234", "osnam": "Windows"}


@pytest.mark.parametrize(
    ("value", "trimmed"),
    [
        (" PC-1234\r\n", "PC-1234"),
        ("\u00a0\u3000x\u2003", "x"),
        ([" a", "", {"b": " c ", "d": "\t"}, [" "]], ["a", {"b": "c"}, []]),
        ({"a": {"b": " "}, "c": None}, {"a": {}, "c": None}),
    ],
)
def test_strings_are_trimmed_everywhere(shaper: Shaper, value: Json, trimmed: Json) -> None:
    """Strings are trimmed at every depth, and empty strings left out; empty objects and arrays stay."""
    shaped = shaper.shape({"osname": value})

    assert shaped.submission == {"osname": trimmed}


def test_an_empty_field_counts_as_absent(shaper: Shaper) -> None:
    """The stored value is kept, unlike with `null`, which stays and clears it."""
    shaped = shaper.shape({"hostname": "PC-1234", "osname": "  ", "macaddress": None})

    assert shaped.submission == {"hostname": "PC-1234", "macaddress": None}
    assert shaped.warnings == ["osname: an empty string counts as absent"]


@pytest.mark.parametrize("text", ["PC-1\x00", "PC-1\x00\x00", " PC-1 \x00 \x00\n", "PC-1\n\x00"])
def test_nul_characters_at_the_end_are_removed(shaper: Shaper, text: str) -> None:
    """Devices pad octet strings with NUL: the text before it is kept, with a warning."""
    shaped = shaper.shape({"hostname": text, "installedsoftware": [{"name": text}]})

    assert shaped.submission == {"hostname": "PC-1", "installedsoftware": [{"name": "PC-1"}]}
    assert shaped.storable
    assert shaped.warnings == [
        "hostname: NUL characters at the end were removed",
        "installedsoftware: NUL characters at the end were removed (at /installedsoftware/0/name)",
    ]


@pytest.mark.parametrize("text", ["\x00PC", "P\x00C", "P\x00C\x00"])
def test_other_nul_characters_cannot_be_stored(shaper: Shaper, text: str) -> None:
    """A NUL character that is not at the end cannot be stored."""
    assert not shaper.shape({"osname": text}).storable


def test_only_nul_characters_are_an_empty_string(shaper: Shaper) -> None:
    """A string of NUL characters counts as absent."""
    shaped = shaper.shape({"hostname": "PC-1", "osname": "\x00\x00"})

    assert shaped.submission == {"hostname": "PC-1"}
    assert "osname: an empty string counts as absent" in shaped.warnings


@pytest.mark.parametrize(
    "date",
    [
        "0001-01-01T00:00:00",
        "0001-01-01T00:00:00Z",
        "0001-01-01 00:00:00.0000000+01:00",
        "/Date(-62135596800000)/",
        "/Date(-62135575200000)/",
        "00010101000000.000000+000",
        {"value": "/Date(-62135596800000)/", "DisplayHint": 2},
    ],
)
def test_the_least_date_of_dotnet_counts_as_absent(shaper: Shaper, date: Json) -> None:
    """`DateTime.MinValue` means that there is no date; other members and items are kept."""
    submission = {
        "hostname": "PC-1",
        "lastboottime": date,
        "updates": [{"installedat": date, "title": "KB1"}, {"installedat": "2024-01-01T11:00:00Z"}],
    }

    shaped = shaper.shape(submission)

    assert shaped.submission == {
        "hostname": "PC-1",
        "updates": [{"title": "KB1"}, {"installedat": "2024-01-01T11:00:00Z"}],
    }
    counts = "the date 0001-01-01 (DateTime.MinValue) counts as absent"
    assert shaped.warnings == [f"lastboottime: {counts}", f"updates: {counts} (at /updates/0/installedat)"]


@pytest.mark.parametrize("schema", [{"format": "date"}, {"$ref": "#/$defs/day"}])
def test_the_least_date_counts_as_absent_in_a_field_of_days(declaration: JsonObject, schema: Json) -> None:
    """A field of the format `date` has it without a time; an array of them loses the item."""
    fields = {"day": {"type": "string", **schema}, "days": {"type": "array", "items": schema}}
    day = {"type": "string", "format": "date"}
    shaper = Shaper({**declaration, "fields": fields, "$defs": {"day": day}}, UTC)

    shaped = shaper.shape({"day": "0001-01-01", "days": ["0001-01-01", "2024-02-29"]})

    assert shaped.submission == {"days": ["2024-02-29"]}
    assert shaper.shape({"days": "0001-01-01"}).submission == {}
    assert shaper.shape({"day": "/Date(-62135596800000)/"}).submission == {}
    assert shaper.shape({"days": "/Date(1704067200000)/"}).submission == {"days": ["2024-01-01"]}
    assert shaper.shape({"day": "0001-01-02"}).submission == {"day": "0001-01-02"}
    assert shaper.shape({"day": "2024-01-01 12:00:00"}).warnings == []


def test_equal_warnings_are_one_sentence(shaper: Shaper) -> None:
    """5,000 programs without version are reported once, with their number."""
    programs = [{"name": f"program {number}", "version": ""} for number in range(5_000)]

    shaped = shaper.shape({"installedsoftware": programs})

    (warning,) = shaped.warnings
    assert warning.startswith("installedsoftware: an empty string counts as absent")
    assert warning.endswith("(5000 times, first at /installedsoftware/0/version)")


def test_at_most_20_warnings_are_given(shaper: Shaper) -> None:
    """The others are counted."""
    shaped = shaper.shape({f"unknown{number}": 1 for number in range(50)})

    assert len(shaped.warnings) == 21
    assert shaped.warnings[-1] == "and 30 more"


def test_warnings_show_hostile_names_safely(shaper: Shaper) -> None:
    """A name with control characters or a lone surrogate is escaped, and a long name is cut."""
    shaped = shaper.shape({"\x1b[31m\ud800": 1, "x" * 10_000: 1})

    assert all(warning.isprintable() and len(warning) < 150 for warning in shaped.warnings)


def test_only_identities_are_normalised(shaper: Shaper) -> None:
    """The identity and the secondary identity are put into NFC; other strings are stored as sent."""
    decomposed, composed = "Bu\u0308ro", "B\u00fcro"

    shaped = shaper.shape({"hostname": decomposed, "macaddress": decomposed, "osname": decomposed})

    assert shaped.submission == {"hostname": composed, "macaddress": composed, "osname": decomposed}
    assert shaped.warnings == []


def test_a_too_long_identity_is_left_for_validation(shaper: Shaper) -> None:
    """A text too long for an identity is not normalised: that takes quadratic time."""
    endless = "a" + "\u0315\u0300" * 200_000

    assert shaper.shape({"hostname": endless}).submission == {"hostname": endless}


def test_an_identity_of_another_type_is_left_for_validation(shaper: Shaper) -> None:
    """A number as identity is not changed."""
    assert shaper.shape({"hostname": 1234}).submission == {"hostname": 1234}


@pytest.mark.parametrize("value", [2**63, float("inf"), "\x00a", {"\x00": 1}], ids=repr)
def test_no_kind_of_fault_is_overlooked(shaper: Shaper, value: Json) -> None:
    """Integers, floats, strings and names are checked in objects and in arrays."""
    assert not shaper.shape({"osname": value}).storable
    assert not shaper.shape({"osname": [value]}).storable


def test_shaping_twice_changes_nothing_more(shaper: Shaper) -> None:
    """A shaped submission is shaped into itself."""
    once = shaper.shape({"hostname": " a ", "tags": "x", "lastboottime": "20240101120000.000000+***"})

    twice = shaper.shape(once.submission)

    assert twice.submission is once.submission
    assert twice.warnings == []


def test_recursive_schemas_are_followed_to_the_depth_of_the_submission() -> None:
    """A recursive object and a recursive array are shaped at every depth."""
    tree = {
        "type": "object",
        "properties": {
            "at": {"type": "string", "format": "date-time"},
            "inner": {"type": "array", "items": {"$ref": "#/$defs/tree"}},
        },
    }
    rows = {"type": "array", "items": {"$ref": "#/$defs/rows"}}
    shaper = Shaper(
        {
            "identityfield": "name",
            "fields": {
                "name": {"type": "string"},
                "tree": {"$ref": "#/$defs/tree"},
                "rows": {"$ref": "#/$defs/rows"},
            },
            "$defs": {"tree": tree, "rows": rows},
        },
        UTC,
    )

    shaped = shaper.shape({"tree": {"inner": {"inner": [{"at": "2024-01-01 12:00:00"}]}}, "rows": "x"})

    assert shaped.submission == {
        "tree": {"inner": [{"inner": [{"at": "2024-01-01T12:00:00Z"}]}]},
        "rows": "x",
    }


def test_a_field_that_may_be_one_or_many_is_left_alone() -> None:
    """Where the schema allows both a string and an array, neither is changed."""
    field = {"anyOf": [{"type": "array", "items": {"type": "string"}}, {"type": "string"}]}
    shaper = Shaper({"identityfield": "name", "fields": {"name": {"type": "string"}, "alias": field}}, UTC)

    assert shaper.shape({"alias": "x"}).submission == {"alias": "x"}


def test_null_does_not_become_an_item() -> None:
    """`null` clears a field whose array allows any item."""
    fields = {"name": {"type": "string"}, "notes": {"type": "array"}}
    shaper = Shaper({"identityfield": "name", "fields": fields}, UTC)

    assert shaper.shape({"notes": None}).submission == {"notes": None}


def test_an_array_of_dates_takes_a_single_date() -> None:
    """A wrapped date is both unwrapped and put into an array."""
    dates = {"type": "array", "items": {"type": "string", "format": "date-time"}}
    shaper = Shaper({"identityfield": "name", "fields": {"name": {"type": "string"}, "dates": dates}}, UTC)

    shaped = shaper.shape({"dates": {"value": "/Date(0)/", "DisplayHint": 2, "DateTime": "then"}})

    assert shaped.submission == {"dates": ["1970-01-01T00:00:00Z"]}


@pytest.mark.parametrize(
    "submission", [{"osname": " W ", "osnam": 2**64}, {"osname": " W "}, {"osname": "W\x00"}]
)
def test_a_given_scan_does_not_change_the_result(shaper: Shaper, submission) -> None:
    """The result is the same with the scan of the submission, also where a field is dropped."""
    assert shaper.shape(submission, scan_document(submission)) == shaper.shape(submission)


@pytest.mark.parametrize(
    ("parts", "shaped"),
    [
        (
            [{"name": "a"}, {"name": "b", "since": "/Date(0)/"}],
            [{"name": "a"}, {"name": "b", "since": "1970-01-01"}],
        ),
        ([{"name": "a"}, {"name": "b", "tags": "x"}], [{"name": "a"}, {"name": "b", "tags": ["x"]}]),
        ([{"name": "a"}, "b", {"since": "/Date(0)/"}], [{"name": "a"}, "b", {"since": "1970-01-01"}]),
        ([], []),
    ],
)
def test_one_item_of_a_list_may_need_a_coercion(parts: list[Json], shaped: list[Json]) -> None:
    """Though the others have no member that is a date or an array."""
    members = {
        "name": {"type": "string"},
        "since": {"type": "string", "format": "date"},
        "tags": {"type": "array", "items": {"type": "string"}},
    }
    items = {"type": "object", "properties": members}
    declaration = {
        "identityfield": "id",
        "fields": {"id": {"type": "string"}, "parts": {"type": "array", "items": items}},
    }

    assert Shaper(declaration, UTC).shape({"id": "1", "parts": parts}).submission["parts"] == shaped
