"""Dropping the fields and items that are at fault."""

import pytest

from shopdb_core.declarations.validator import SubmissionValidator
from shopdb_core.errors import Fault
from shopdb_core.intake.lenient import drop_faulty
from shopdb_core.intake.scan import storable_faults
from shopdb_hookspecs import Json

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
                        "properties": {"name": {"type": "string"}},
                    },
                },
            },
            "additionalProperties": False,
        }
    )


def submission(**fields: Json) -> dict[str, Json]:
    """Return a valid submission with further fields."""
    return {"hostname": "PC-1234", "osname": "Windows", **fields}


def test_a_valid_submission_comes_back_itself(validator: SubmissionValidator) -> None:
    """Without faults nothing is dropped or copied."""
    valid = submission(memorygb=8)

    lenient = drop_faulty(valid, validator, PROTECTED, [])

    assert lenient.submission is valid
    assert (lenient.faults, lenient.warnings) == ([], [])


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
    lenient = drop_faulty(submission(**{field: value}), validator, PROTECTED, [])

    assert lenient.submission == submission()
    assert lenient.faults == []
    (warning,) = lenient.warnings
    assert warning.startswith(f"{field}: {pointer} ")
    assert warning.endswith("; the field was left out")


def test_an_item_at_fault_is_dropped_alone(validator: SubmissionValidator) -> None:
    """Only the faulty items of an array are dropped; the warnings have their indexes as sent."""
    programs = [{"name": "a"}, {"name": 5}, {"name": "b"}, {}, "c"]

    lenient = drop_faulty(submission(installedsoftware=programs), validator, PROTECTED, [])

    assert lenient.submission == submission(installedsoftware=[{"name": "a"}, {"name": "b"}])
    assert [warning.split()[1] for warning in lenient.warnings] == [
        "/installedsoftware/1/name",
        "/installedsoftware/3/name",
        "/installedsoftware/4",
    ]


def test_an_array_that_becomes_too_short_is_dropped(validator: SubmissionValidator) -> None:
    """A fault that dropping causes is dropped in the next round."""
    lenient = drop_faulty(submission(tags=["a", 5]), validator, PROTECTED, [])

    assert lenient.submission == submission()
    assert len(lenient.warnings) == 2


def test_values_that_cannot_be_stored_are_dropped_too(validator: SubmissionValidator) -> None:
    """Faults found before validation are handled as the validator's."""
    hostile = submission(memorygb=2**64, installedsoftware=[{"name": "\ud800"}, {"name": "a"}, {}])

    lenient = drop_faulty(hostile, validator, PROTECTED, storable_faults(hostile))

    assert lenient.submission == submission(installedsoftware=[{"name": "a"}])
    assert lenient.faults == []


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [({"hostname": 5}, "/hostname"), ({"osname": None}, "/osname"), ({"osname": ["x"]}, "/osname")],
)
def test_a_protected_field_at_fault_refuses_the_submission(
    validator: SubmissionValidator, changes: dict[str, Json], pointer: str
) -> None:
    """For a fault of the identity or a required field all faults are returned, and nothing is dropped."""
    faulty = {**submission(memorygb="8 GB"), **changes}

    lenient = drop_faulty(faulty, validator, PROTECTED, [])

    assert lenient.submission is faulty
    assert {fault.pointer for fault in lenient.faults} == {pointer, "/memorygb"}
    assert lenient.warnings == []


def test_a_missing_required_field_refuses_the_submission(validator: SubmissionValidator) -> None:
    """A missing field cannot be dropped."""
    lenient = drop_faulty({"hostname": "PC-1234"}, validator, PROTECTED, [])

    assert [fault.pointer for fault in lenient.faults] == ["/osname"]


def test_a_fault_of_the_whole_submission_refuses_it(validator: SubmissionValidator) -> None:
    """A fault with the empty pointer cannot be dropped."""
    lenient = drop_faulty(submission(), validator, PROTECTED, [Fault("", "string", "has a bad name")])

    assert [fault.pointer for fault in lenient.faults] == [""]


def test_a_required_array_loses_its_bad_items(validator: SubmissionValidator) -> None:
    """Faulty items of a required array are dropped, the array itself is not."""
    protected = PROTECTED | {"tags"}

    kept = drop_faulty(submission(tags=["a", 5, "b"]), validator, protected, [])
    refused = drop_faulty(submission(tags=["a", 5]), validator, protected, [])

    assert kept.submission == submission(tags=["a", "b"])
    assert [fault.pointer for fault in refused.faults] == ["/tags"]


def test_thousands_of_bad_items_take_one_pass_and_20_warnings(validator: SubmissionValidator) -> None:
    """At most 20 warnings are returned, and the number of the others."""
    programs: list[Json] = [{"name": "a"}, *({"name": 5} for _ in range(3_000))]

    lenient = drop_faulty(submission(installedsoftware=programs), validator, PROTECTED, [])

    assert lenient.submission == submission(installedsoftware=[{"name": "a"}])
    assert len(lenient.warnings) == 21
    assert lenient.warnings[-1] == "and 2980 more"


class AlwaysFaulty:
    """A validator that finds a fault in the first item while there is one."""

    calls = 0

    def faults(self, submission: dict[str, Json], limit: int | None) -> list[Fault]:
        """Count the call, and return one fault."""
        assert limit is None
        self.calls += 1
        return [Fault("/tags/0", "type", "is wrong")] if submission["tags"] else []


def test_rounds_are_bounded() -> None:
    """After five rounds the remaining faults are returned, and the submission is refused."""
    validator = AlwaysFaulty()

    lenient = drop_faulty({"tags": list("abcdefghij")}, validator, frozenset(), [])

    assert lenient.faults
    assert validator.calls == 6
