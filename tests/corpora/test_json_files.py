"""JSONTestSuite: JSON is read, anything else is refused, and no file makes the server fail."""

import json

import pytest

pytestmark = pytest.mark.every_way

DUPLICATE_NAMES = {"y_object_duplicated_key", "y_object_duplicated_key_and_value"}
"""JSON that the contract refuses: a duplicate name."""

NUL = {"y_object_escaped_null_in_key"}
"""JSON that no database stores; NUL characters at the end of a value are removed."""

EITHER = {
    400: {
        "i_string_UTF-16LE_with_BOM",
        "i_string_utf16BE_no_BOM",
        "i_string_utf16LE_no_BOM",
        "i_structure_500_nested_arrays",
        "i_structure_UTF-8_BOM_empty_object",
    },
    422: {
        "i_number_huge_exp",
        "i_number_neg_int_huge_exp",
        "i_number_pos_double_huge_exp",
        "i_number_real_neg_overflow",
        "i_number_real_pos_overflow",
        "i_number_too_big_neg_int",
        "i_number_too_big_pos_int",
        "i_number_very_big_negative_int",
        "i_object_key_lone_2nd_surrogate",
        "i_string_1st_surrogate_but_2nd_missing",
        "i_string_1st_valid_surrogate_2nd_invalid",
        "i_string_incomplete_surrogate_and_escape_valid",
        "i_string_incomplete_surrogate_pair",
        "i_string_incomplete_surrogates_escape_valid",
        "i_string_invalid_lonely_surrogate",
        "i_string_invalid_surrogate",
        "i_string_inverted_surrogates_U+1D11E",
        "i_string_lone_second_surrogate",
    },
    201: {
        "i_number_double_huge_neg_exp",
        "i_number_real_underflow",
        "i_string_UTF-8_invalid_sequence",
        "i_string_UTF8_surrogate_U+D800",
        "i_string_invalid_utf-8",
        "i_string_iso_latin_1",
        "i_string_lone_utf8_continuation_byte",
        "i_string_not_in_unicode_range",
        "i_string_overlong_sequence_2_bytes",
        "i_string_overlong_sequence_6_bytes",
        "i_string_overlong_sequence_6_bytes_null",
        "i_string_truncated-utf-8",
    },
}
"""What we make of the files that a reader may take or refuse, the same on every database."""


def wrapped(name: str, content: bytes, field: str = "field") -> bytes:
    """Return a submission that carries `content` as it is."""
    return b'{"name": "%s", "%s": %s}' % (name.encode(), field.encode(), content)


def expected_status(name: str) -> int:
    """Return the answer for a file as the value of a field."""
    if name.startswith("i_"):
        return next(status for status, names in EITHER.items() if name in names)
    if name.startswith("n_") or name in DUPLICATE_NAMES:
        return 400
    return 422 if name in NUL else 201


def test_bare_files(anyshop, parsing_files) -> None:
    """No file is a submission by itself: each is a 400, or a 422 if it is an object; nothing is stored."""
    statuses = {name: anyshop.post("anyjson", content).status_code for name, content in parsing_files.items()}

    assert {status for name, status in statuses.items() if name.startswith("n_")} == {400}
    assert set(statuses.values()) == {400, 422}
    assert anyshop.attributes() == {}


def test_files_in_a_field(anyshop, parsing_files) -> None:
    """As a field's value, JSON is stored, anything else refused, and what is refused leaves no trace."""
    statuses = {
        name: anyshop.post("anyjson", wrapped(name, content)).status_code
        for name, content in parsing_files.items()
    }

    assert statuses == {name: expected_status(name) for name in parsing_files}
    accepted = {name for name, status in statuses.items() if status == 201}
    assert anyshop.attributes().keys() == accepted
    assert anyshop.counts()["auditentry"] == len(accepted)


def test_files_in_an_unknown_field(anyshop, parsing_files) -> None:
    """In an undeclared field, JSON is dropped with a warning; anything else is a 400."""
    answers = {
        name: anyshop.post("anyjson", wrapped(name, content, "unknown"))
        for name, content in parsing_files.items()
    }

    refused = {name for name, answer in answers.items() if answer.status_code != 201}
    assert refused == {name for name in parsing_files if expected_status(name) == 400}
    assert {answers[name].status_code for name in refused} == {400}
    warned = [answer.json["warnings"][-1] for name, answer in answers.items() if name not in refused]
    assert all(warning.startswith("unknown: ") for warning in warned)
    assert all(stored.keys() == {"name"} for stored in anyshop.attributes().values())


def test_transformed_files(anyshop, testdata) -> None:
    """Where readers differ in what they make of JSON, ours stores what it says, or refuses it."""
    files = {path.stem: path.read_bytes() for path in testdata.glob("jsontestsuite/test_transform/*.json")}
    assert len(files) == 22

    statuses = {
        name: anyshop.post("anyjson", wrapped(name, content)).status_code for name, content in files.items()
    }

    same_key = {name for name in files if name.startswith("object_same_key")}
    beyond_storage = {name for name in files if "escaped" in name} | {
        "number_-9223372036854775809",
        "number_10000000000000000999",
        "number_9223372036854775808",
    }
    assert {name for name, status in statuses.items() if status == 400} == same_key
    assert {name for name, status in statuses.items() if status == 422} == beyond_storage
    stored = {name: attributes["field"] for name, attributes in anyshop.attributes().items()}
    readable = files.keys() - same_key - beyond_storage
    assert stored == {name: json.loads(text_of(files[name])) for name in readable}


def text_of(content: bytes) -> str:
    try:
        return content.decode()
    except UnicodeDecodeError:
        return content.decode("iso-8859-1")
