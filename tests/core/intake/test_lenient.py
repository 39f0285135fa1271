"""Dropping the fields and items that are at fault."""

import pytest

from shopdb_core.declarations.validation.validator import SubmissionValidator
from shopdb_core.intake.lenient import Leniency, LenientResult, drop_faulty
from shopdb_core.intake.scan import is_storable
from shopdb_hookspecs import Json, JsonObject

PROTECTED = frozenset({"hostname", "osname"})


@pytest.fixture
def validator() -> SubmissionValidator:
    """Return a validator with required and optional fields, programs, and at least two tags."""
    return SubmissionValidator(
        {
            "type": "object",
            "required": ["hostname", "osname"],
            "properties": {
                "hostname": {"type": "string"},
                "osname": {"type": "string"},
                "memorygb": {"type": "number"},
                "disk": {"type": "object", "properties": {"size": {"type": "number"}}},
                "tags": {"type": "array", "minItems": 2, "items": {"type": "string"}},
                "installedsoftware": {
                    "type": "array",
                    "items": {
                        "type": "object",
                        "required": ["name"],
                        "properties": {
                            "name": {"type": "string"},
                            "version": {"anyOf": [{"type": "string"}, {"type": "null"}]},
                        },
                        "additionalProperties": False,
                        "dependentRequired": {"version": ["name"]},
                    },
                },
                "adapters": {"anyOf": [{"$ref": "#/$defs/adapters"}, {"type": "null"}]},
                "ports": {"type": "array", "uniqueItems": True, "maxItems": 3, "items": {"type": "integer"}},
            },
            "additionalProperties": False,
            "$defs": {
                "adapters": {
                    "type": "array",
                    "items": {"oneOf": [{"$ref": "#/$defs/adapter"}, {"type": "null"}]},
                },
                "adapter": {
                    "allOf": [
                        {"type": "object", "minProperties": 1},
                        {
                            "properties": {
                                "speed": {"type": "integer"},
                                "addresses": {"items": {"type": "string"}},
                            }
                        },
                    ]
                },
            },
        }
    )


def submission(**fields: Json) -> dict[str, Json]:
    """Return a valid submission with further fields."""
    return {"hostname": "PC-1234", "osname": "Windows", **fields}


def lenient_result(
    submission: JsonObject, validator: SubmissionValidator, protected: frozenset[str] = PROTECTED
) -> LenientResult:
    """Drop what is at fault in a submission that needs no normalising."""
    storable = is_storable(submission)
    return drop_faulty(submission, validator, protected, lambda sent: sent, storable=storable)


def test_a_valid_submission_comes_back_itself(validator: SubmissionValidator) -> None:
    """Without faults nothing is dropped or copied."""
    valid = submission(memorygb=8)

    lenient = lenient_result(valid, validator)

    assert lenient.submission is valid
    assert (lenient.accepted, lenient.warnings) == (True, [])


@pytest.mark.parametrize(
    ("field", "value", "pointer"),
    [
        ("memorygb", "8 GB", "/memorygb"),
        ("disk", {"size": "x"}, "/disk/size"),
        ("colour/~", "red", "/colour~1~0"),
    ],
)
def test_an_optional_field_at_fault_is_dropped(
    validator: SubmissionValidator, field: str, value: Json, pointer: str
) -> None:
    """The whole field is dropped, at any depth of its fault, and the warning has the pointer."""
    lenient = lenient_result(submission(**{field: value}), validator)

    assert lenient.submission == submission()
    assert lenient.accepted
    (warning,) = lenient.warnings
    assert warning.startswith(f"{field}: {pointer} ")
    assert warning.endswith("; the field was left out")


def test_an_item_at_fault_is_dropped_alone(validator: SubmissionValidator) -> None:
    """Only the faulty items of an array are dropped; the warnings have their indexes as sent."""
    programs = [{"name": "a"}, {"name": 5}, {"name": "b"}, {}, "c"]

    lenient = lenient_result(submission(installedsoftware=programs), validator)

    assert lenient.submission == submission(installedsoftware=[{"name": "a"}, {"name": "b"}])
    assert [warning.split()[1] for warning in lenient.warnings] == [
        "/installedsoftware/1/name",
        "/installedsoftware/3/name",
        "/installedsoftware/4",
    ]


def test_an_array_that_becomes_too_short_is_dropped(validator: SubmissionValidator) -> None:
    """A fault that dropping causes is dropped in the next round."""
    lenient = lenient_result(submission(tags=["a", 5]), validator)

    assert lenient.submission == submission()
    assert len(lenient.warnings) == 2


def test_values_that_cannot_be_stored_are_dropped_too(validator: SubmissionValidator) -> None:
    """Faults found before validation are handled as the validator's."""
    hostile = submission(memorygb=2**64, installedsoftware=[{"name": "\ud800"}, {"name": "a"}, {}])

    lenient = lenient_result(hostile, validator)

    assert lenient.submission == submission(installedsoftware=[{"name": "a"}])
    assert lenient.accepted


@pytest.mark.parametrize("changes", [{"hostname": 5}, {"osname": None}, {"osname": ["x"]}])
def test_a_protected_field_at_fault_refuses_the_submission(
    validator: SubmissionValidator, changes: dict[str, Json]
) -> None:
    """For a fault of the identity or a required field nothing is dropped."""
    faulty = {**submission(memorygb="8 GB"), **changes}

    lenient = lenient_result(faulty, validator)

    assert not lenient.accepted
    assert lenient.submission is faulty
    assert lenient.warnings == []


def test_a_missing_required_field_refuses_the_submission(validator: SubmissionValidator) -> None:
    """A missing field cannot be dropped."""
    assert not lenient_result({"hostname": "PC-1234"}, validator).accepted


@pytest.mark.parametrize(
    ("field", "items", "kept", "pointers"),
    [
        ("installedsoftware", [{"name": "a", "version": 5}], [{"name": "a"}], ["/0/version"]),
        ("installedsoftware", [{"name": "a", "Version": "5"}], [{"name": "a"}], ["/0/Version"]),
        ("installedsoftware", [{"name": 5, "version": "5"}, {"name": "b"}], [{"name": "b"}], ["/0"]),
        ("installedsoftware", [{"version": 5}, {"name": "b"}], [{"name": "b"}], ["/0"]),
        (
            "installedsoftware",
            [{"name": "a", "version": 5, "x": 6}, 7],
            [{"name": "a"}],
            ["/0/version", "/0/x", "/1"],
        ),
        ("adapters", [{"speed": 10, "addresses": ["a", 1]}], [{"speed": 10}], ["/0/addresses"]),
        ("adapters", [{"speed": "10"}, None], [None], ["/0"]),
    ],
)
def test_an_optional_member_of_an_item_is_dropped_alone(
    validator: SubmissionValidator, field: str, items: list[Json], kept: list[Json], pointers: list[str]
) -> None:
    """If an item is valid without its faulty members, only these are dropped; else the item is."""
    lenient = lenient_result(submission(**{field: items}), validator)

    assert lenient.accepted
    assert lenient.submission == submission(**{field: kept})
    places = [warning.split()[1].removeprefix(f"/{field}") for warning in lenient.warnings]
    assert all(place.startswith(pointer) for place, pointer in zip(places, pointers, strict=True))
    ends = [f"the {'member' if pointer.count('/') > 1 else 'item'} was left out" for pointer in pointers]
    assert [warning.rsplit("; ")[-1] for warning in lenient.warnings] == ends


def test_repeated_items_are_dropped_before_they_are_counted(validator: SubmissionValidator) -> None:
    """Each item that repeats an earlier one is dropped, with its index as sent."""
    lenient = lenient_result(submission(ports=[1, "x", 1, 2, 2, 3]), validator)

    assert lenient.submission == submission(ports=[1, 2, 3])
    assert [warning.split()[1] for warning in lenient.warnings] == ["/ports/1", "/ports/2", "/ports/4"]


def test_an_unstorable_member_is_dropped_alone(validator: SubmissionValidator) -> None:
    """A member that cannot be stored is dropped as one that does not fit its schema."""
    lenient = lenient_result(
        submission(installedsoftware=[{"name": "a", "version": "\x00"}, {"name": "b", "\ud800": 1}]),
        validator,
    )

    assert lenient.submission == submission(installedsoftware=[{"name": "a"}, {"name": "b"}])
    assert [warning.split()[1] for warning in lenient.warnings] == [
        "/installedsoftware/0/version",
        "/installedsoftware/1",
    ]


def test_a_required_array_loses_its_bad_items(validator: SubmissionValidator) -> None:
    """Faulty items of a required array are dropped, the array itself is not."""
    protected = PROTECTED | {"tags"}

    kept = lenient_result(submission(tags=["a", 5, "b"]), validator, protected)
    refused = lenient_result(submission(tags=["a", 5]), validator, protected)

    assert kept.submission == submission(tags=["a", "b"])
    assert not refused.accepted


def test_thousands_of_bad_items_take_one_pass_and_20_warnings(validator: SubmissionValidator) -> None:
    """At most 20 warnings are returned, and the number of the others."""
    programs: list[Json] = [{"name": "a"}, *({"name": 5} for _ in range(3_000))]

    lenient = lenient_result(submission(installedsoftware=programs), validator)

    assert lenient.submission == submission(installedsoftware=[{"name": "a"}])
    assert len(lenient.warnings) == 21
    assert lenient.warnings[-1] == "and 2980 more"


def test_rounds_are_bounded(validator: SubmissionValidator) -> None:
    """A submission that is still at fault after five rounds is refused."""
    rounds = []

    def spoil(sent: JsonObject) -> JsonObject:
        rounds.append(sent)
        return {**sent, min(sent.keys() - PROTECTED): False}

    sent = submission(adapters=None, disk={}, memorygb=8, ports=[], tags=["a", "b"], installedsoftware=[])

    assert not drop_faulty(sent, validator, PROTECTED, spoil).accepted
    assert len(rounds) == 6


@pytest.mark.parametrize(
    ("field", "items", "sentence"),
    [
        ("tags", ["a", 5, "b"], "leaves out /tags/1"),
        ("tags", ["a", 5], "does not help: tags is required"),
        ("ports", [1, 1], "leaves out /ports/1"),
        ("ports", [1, 2, 3, 4], "leaves out ports"),
        (
            "adapters",
            [{"speed": 10, "addresses": ["a", 1]}],
            "leaves out the member addresses of /adapters/0",
        ),
        ("adapters", [{"speed": "10"}], "leaves out /adapters/0"),
    ],
)
def test_a_refusal_says_what_is_dropped(
    validator: SubmissionValidator, field: str, items: list[Json], sentence: str
) -> None:
    """The sentence is true of lenient handling, also for a required list and for items that are repeated."""
    protected = PROTECTED | {"tags"}
    sent = {**submission(tags=["a", "b"]), field: items}

    leniency = Leniency(sent, sent, validator, protected, storable=True)

    assert leniency.sentence(validator.faults(sent)) == f"Prefer: handling=lenient {sentence}"
    assert lenient_result(sent, validator, protected).accepted == ("does not help" not in sentence)
