"""Patterns of a declaration: matched in linear time, refused where the engine cannot compile them."""

import re
import warnings
from collections.abc import Callable
from typing import Final

import jsonschema_rs

ENGINE: Final = jsonschema_rs.RegexOptions()
"""The engine of every pattern here: Rust's `regex`, whose time grows linearly with the length of the text."""

_PARTS = re.compile(r"\\.|\(\?(?:<?[=!]|P=)?|.", re.DOTALL)
_LOOKAROUND = frozenset({"(?=", "(?!", "(?<=", "(?<!"})
_BACKREFERENCE = frozenset({"(?P=", r"\k", *(rf"\{digit}" for digit in range(1, 10))})
_COUNTED = re.compile(r"\{\d+(,\d*)?\}")


def compile_pattern(pattern: str) -> Callable[[str], bool]:
    """Return a function that says whether the pattern occurs in a text.

    Raises `jsonschema_rs.ValidationError` for a pattern that cannot be compiled.
    """
    compiled = jsonschema_rs.Draft202012Validator({"pattern": pattern}, offline=True, pattern_options=ENGINE)

    def occurs(text: str) -> bool:
        try:
            return compiled.is_valid(text)
        except ValueError:  # half a surrogate pair, which Rust cannot read
            return False

    return occurs


def pattern_reason(pattern: str) -> str:
    """Say why the engine refuses the pattern and what to write instead; empty if it is accepted."""
    if _compiles(pattern):
        return ""
    parts = frozenset(_PARTS.findall(pattern))
    if parts & _LOOKAROUND:
        return "uses look-around, which cannot be matched in linear time: write what may be there instead"
    if parts & _BACKREFERENCE:
        return "uses a back-reference, which cannot be matched in linear time: write the alternatives out"
    if _compiles(_COUNTED.sub("*", pattern)):
        return (
            "has a counted repetition that is too large to compile, or that runs from more to less: "
            "lower it, or bound the length by maxLength"
        )
    advice = "put a backslash before a character that stands for itself"
    return f"cannot be compiled{_syntax_error(pattern)}: {advice}"


def _compiles(pattern: str) -> bool:
    try:
        compile_pattern(pattern)
    except jsonschema_rs.ValidationError:
        return False
    return True


def _syntax_error(pattern: str) -> str:
    """Say what Python's parser finds, and where: jsonschema-rs does not pass on what its engine finds."""
    try:
        with warnings.catch_warnings(action="ignore"):
            re.compile(pattern)
    except (re.error, OverflowError, RecursionError) as error:
        return f" ({error})"
    return ""
