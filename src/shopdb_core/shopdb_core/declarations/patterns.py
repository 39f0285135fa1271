"""Compile the patterns of declarations with an engine of linear time, and explain which it refuses."""

import re
import warnings
from collections.abc import Callable
from typing import Final

import jsonschema_rs

ENGINE: Final = jsonschema_rs.RegexOptions()
"""The engine of every pattern: Rust's `regex`, whose time is linear in the length of the text (ADR 0004)."""

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
        except ValueError:  # a lone surrogate, which Rust cannot read
            return False

    return occurs


def pattern_fault(pattern: str) -> str:
    """Return why the engine refuses the pattern and what to write instead, empty if it is accepted."""
    if _compiles(pattern):
        return ""
    parts = frozenset(_PARTS.findall(pattern))
    if parts & _LOOKAROUND:
        return (
            "uses look-around, which cannot be matched in linear time: describe only the text that may match"
        )
    if parts & _BACKREFERENCE:
        return "uses a back-reference, which cannot be matched in linear time: list the alternatives with |"
    if _compiles(_COUNTED.sub("*", pattern)):
        return (
            "has a counted repetition that is too large to compile, or whose minimum exceeds its maximum: "
            "lower the count, or limit the length by maxLength"
        )
    step = "correct the pattern, and put a backslash before a special character that is meant literally"
    return f"cannot be compiled{_syntax_error(pattern)}: {step}"


def _compiles(pattern: str) -> bool:
    try:
        compile_pattern(pattern)
    except jsonschema_rs.ValidationError:
        return False
    return True


def _syntax_error(pattern: str) -> str:
    """Return the error of Python's parser with its position; jsonschema-rs does not report its engine's."""
    try:
        with warnings.catch_warnings(action="ignore"):
            re.compile(pattern)
    except (re.error, OverflowError, RecursionError) as error:
        return f" ({error})"
    return ""
