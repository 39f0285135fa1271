"""Hostile strings: stored exactly, or refused; as values, as identities and as names."""

import unicodedata

import pytest

from shopdb_core.assets.identity import has_control, is_placeholder

pytestmark = pytest.mark.every_way

LONGEST_OSNAME = 200
LONGEST_IDENTITY = 255

UNSTORABLE = ["a\x00b", "\x00a", "\ud800", "a\udfffb", "\udc00\ud800"]


def key_of(identity: str) -> str:
    """Compute an identity key as the contract words it: trim, NFC, fold the case, NFC."""
    normal = unicodedata.normalize("NFC", identity.strip())
    return unicodedata.normalize("NFC", normal.casefold())


def test_values(shop, strings) -> None:
    """A string is stored as it came but for the blanks around it; an empty one is absent; none is altered."""
    answers = [
        shop.submit("computers", {"hostname": f"pc-{number}", "osname": string})
        for number, string in enumerate(strings)
    ]

    fitting = {f"pc-{number}": string.strip() for number, string in enumerate(strings) if fits(string)}
    stored = {identity: attributes.get("osname", "") for identity, attributes in shop.attributes().items()}
    assert stored == fitting
    assert [answer.status_code for answer in answers] == [201 if fits(string) else 422 for string in strings]


def fits(string: str) -> bool:
    return len(string.strip()) <= LONGEST_OSNAME


def test_unstorable_strings(shop, anyshop) -> None:
    """A NUL or half a surrogate pair is a 422 anywhere: in a value, an identity, a name, or deep inside."""
    answers = [
        answer
        for string in UNSTORABLE
        for answer in (
            shop.submit("computers", {"hostname": "pc-1", "osname": string}),
            shop.submit("computers", {"hostname": string}),
            shop.submit("computers", {"hostname": "pc-1", "installedsoftware": [{"name": string}]}),
            anyshop.submit("anyjson", {"name": "one", "field": {string: 1}}),
            anyshop.submit("anyjson", {"name": "one", "field": [[{"a": {string: 1}}]]}),
        )
    ]

    assert {answer.status_code for answer in answers} == {422}
    assert shop.attributes() == anyshop.attributes() == {}


def test_identities(anyshop, strings) -> None:
    """There are as many assets as distinct identity keys, each with an identity that was submitted."""
    submitted = [string.strip() for string in strings]
    fitting = [
        identity
        for identity in submitted
        if 0 < len(identity) <= LONGEST_IDENTITY and not (is_placeholder(identity) or has_control(identity))
    ]

    answers = [anyshop.submit("anyjson", {"name": string}) for string in strings]

    statuses = [answer.status_code for answer in answers]
    assert {status for status in statuses if status >= 300} == {422}
    assert len([status for status in statuses if status < 300]) == len(fitting)
    stored = anyshop.attributes()
    assert len(stored) == len({key_of(identity) for identity in fitting})
    assert {key_of(identity) for identity in stored} == {key_of(identity) for identity in fitting}
    assert stored.keys() <= {unicodedata.normalize("NFC", identity) for identity in fitting}


def test_unknown_names(anyshop, strings) -> None:
    """An undeclared field with a hostile name is dropped, with a warning that is printable."""
    answers = [anyshop.submit("anyjson", {"name": "one", string: 1}) for string in strings]

    assert {answer.status_code for answer in answers} == {200, 201}
    warnings = [warning for answer in answers for warning in answer.json["warnings"]]
    assert len(warnings) == len(strings)
    assert all(warning.isprintable() and len(warning) < 200 for warning in warnings)
    assert anyshop.attributes() == {"one": {"name": "one"}}


def test_names_inside_objects(anyshop, strings) -> None:
    """A string as a name inside a field's value is stored exactly."""
    objects = {f"object {number}": {string: {string: 1}} for number, string in enumerate(strings)}

    answers = [anyshop.submit("anyjson", {"name": name, "field": value}) for name, value in objects.items()]

    assert {answer.status_code for answer in answers} == {201}
    stored = anyshop.attributes()
    assert {name: attributes["field"] for name, attributes in stored.items()} == objects


def test_faults_do_not_repeat_strings(shop, strings) -> None:
    """A refusal quotes at most 80 characters of a string, and none that cannot be printed."""
    long = [f"{string}{'x' * 500}" for string in strings]

    answers = [shop.submit("computers", {"hostname": "pc-1", "macaddress": string}) for string in long]

    assert {answer.status_code for answer in answers} == {422}
    messages = [fault["message"] for answer in answers for fault in answer.json["errors"]]
    assert all("x" * 81 not in message and message.isprintable() for message in messages)
