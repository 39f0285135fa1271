"""Values that cannot be stored."""

import pytest

from shopdb_core.intake.scan import is_storable, storable_faults
from shopdb_hookspecs import Json


@pytest.mark.parametrize(
    ("value", "keyword"),
    [
        ("a\x00b", "string"),
        ("\ud800", "string"),
        ("\udc00\ud800", "string"),
        (2**63, "number"),
        (-(2**63) - 1, "number"),
        (float("inf"), "number"),
        (float("nan"), "number"),
    ],
)
@pytest.mark.parametrize("depth", [0, 1])
def test_a_value_that_cannot_be_stored_is_reported_with_its_pointer(
    value: Json, keyword: str, depth: int
) -> None:
    """NUL, half a surrogate pair and numbers beyond 64 bits are faults with a pointer and a keyword."""
    document = {"a": [{"b/c~d": value}] if depth else value}

    (fault,) = storable_faults(document)

    assert not is_storable(document)
    assert (fault.pointer, fault.keyword) == ("/a/0/b~1c~0d" if depth else "/a", keyword)


@pytest.mark.parametrize(
    "value", ["", "\x01\x1b\r\n", "\U0010ffff", "\ufffe", 2**63 - 1, -(2**63), 1.7e308, True, None, [], {}]
)
def test_everything_else_can_be_stored(value: Json) -> None:
    """Control characters, noncharacters and the largest numbers are not faults."""
    assert list(storable_faults({"a": value})) == []
    assert is_storable({"a": value})


@pytest.mark.parametrize(("document", "pointer"), [({"\x00": 1}, ""), ({"a": {"\ud800": 1}}, "/a")])
def test_a_name_that_cannot_be_stored_is_reported_at_its_object(document: Json, pointer: str) -> None:
    """The pointer and the message stay printable."""
    (fault,) = storable_faults(document)

    assert not is_storable(document)
    assert fault.pointer == pointer
    assert fault.message.isprintable()


def test_every_fault_is_reported() -> None:
    """All faults are returned, in the order of the document."""
    faults = storable_faults({"a": ["\x00", "x", "\ud800"], "b": 2**64})

    assert [fault.pointer for fault in faults] == ["/a/0", "/a/2", "/b"]
