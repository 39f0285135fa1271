"""Which passwords are accepted, and how they are hashed."""

import pytest
from argon2 import PasswordHasher, extract_parameters

from shopdb_core.access.sign_in import passwords
from shopdb_core.access.sign_in.passwords import DECOY, LONGEST, Passwords, check_password
from shopdb_core.errors import InvalidParameter, Unavailable


@pytest.mark.parametrize(
    "password",
    ["purple-horse-battery-9", "静かな海辺の小さな家の窓辺", " leading and trailing ", "a7f3x" * 25],
)
def test_a_password_needs_length_and_nothing_else(password):
    """There are no rules of composition, and blanks and all alphabets count."""
    check_password(password, "ann")


@pytest.mark.parametrize(
    "password",
    [
        "",
        "elevenchars",
        "x1y2z3w4" * (LONGEST // 8) + "x",
        "purple-horse-\ud800-battery",
        "qwerty123456",
        "Password2026!!",
        "ababababababab",
        "my-ShopDB-entry",
        "annabelle-is-me",
    ],
)
def test_a_password_that_is_guessed_first_is_refused(password):
    """Short, long, undecodable, common, common with digits around, repeated, or with the username."""
    with pytest.raises(InvalidParameter) as refusal:
        check_password(password, "Annabelle")

    assert not password or password not in str(refusal.value)


def test_a_hash_matches_its_password_alone():
    """Each hash has a salt of its own; composed and decomposed characters are one password."""
    hashes = Passwords()
    first, second = hashes.hash("büffel-auf-der-weide"), hashes.hash("büffel-auf-der-weide")

    assert first != second
    assert hashes.matches("bu\u0308ffel-auf-der-weide", first)
    assert not hashes.matches("Büffel-auf-der-weide", first)
    assert not hashes.matches("büffel-auf-der-weide", None)
    assert not hashes.matches("büffel-auf-der-weide", "not a hash")


def test_the_decoy_costs_what_a_hash_costs():
    """An unknown user takes as long as a wrong password."""
    assert extract_parameters(DECOY) == extract_parameters(Passwords().hash("purple-horse-battery-9"))


def test_a_hash_of_other_parameters_is_outdated():
    """It still matches, and is replaced at the next sign-in."""
    hashes, older = Passwords(), PasswordHasher(1, 8192, 1).hash("purple-horse-battery-9")

    assert hashes.matches("purple-horse-battery-9", older)
    assert hashes.is_outdated(older)
    assert not hashes.is_outdated(DECOY)


def test_few_are_checked_at_once(monkeypatch):
    """What has waited too long is refused before anything is computed."""
    monkeypatch.setattr(passwords, "PATIENCE_SECONDS", 0.01)
    hashes = Passwords()
    with hashes._turn(), hashes._turn(), pytest.raises(Unavailable, match="Too many sign-ins"):
        hashes.matches("purple-horse-battery-9", None)
