"""Which step lies between two versions, and whether it is the one that was needed."""

import pytest
from packaging.version import Version

from shopdb_core.declarations.compatibility import Step
from shopdb_core.devkit.comparing import shortfall, step_made


@pytest.mark.parametrize(
    ("old", "new", "step"),
    [
        ("1.0.0", "1.0.0", Step.NONE),
        ("1.1.0", "1.0.9", Step.NONE),
        ("1.0.0", "1.0.1", Step.PATCH),
        ("1.0.9", "1.1.0", Step.MINOR),
        ("1.9.0", "2.0.0", Step.MAJOR),
        ("1.9.0", "2.0.0rc1", Step.MAJOR),
        ("1.9", "1!1.9", Step.MAJOR),
        ("0.1.0", "0.1.1", Step.MINOR),
        ("0.1.1", "0.2.0", Step.MAJOR),
        ("0.9", "1.0", Step.MAJOR),
        ("2.0.0rc1", "2.0.0", Step.MAJOR),
    ],
)
def test_the_step_between_two_versions(old: str, new: str, step: Step) -> None:
    """The first number that grew decides; other rules hold below 1.0 and after a pre-release."""
    assert step_made(Version(old), Version(new)) is step


@pytest.mark.parametrize(
    ("needed", "old", "new", "least"),
    [
        (Step.MAJOR, "1.2.3", "1.3.0", "2.0.0"),
        (Step.MINOR, "1.2.3", "1.2.4", "1.3.0"),
        (Step.PATCH, "1.2.3", "1.2.3", "1.2.4"),
        (Step.MAJOR, "0.2.3", "0.2.4", "0.3.0"),
        (Step.MINOR, "0.2.3", "0.2.3", "0.2.4"),
    ],
)
def test_a_step_that_falls_short(needed: Step, old: str, new: str, least: str) -> None:
    """The sentence names both versions, both steps, and the smallest version that is enough."""
    sentence = shortfall(needed, old, new)

    assert sentence.startswith(f"from {old} to {new} is ")
    assert sentence.endswith(f"need a {needed} one: release {least}")
    assert shortfall(needed, old, least) == ""


@pytest.mark.parametrize(("old", "new"), [("", "1.0"), ("1.0", "")])
def test_a_plugin_without_a_version(old: str, new: str) -> None:
    """A plugin that a program passes in has no version, and nothing is reported."""
    assert shortfall(Step.MAJOR, old, new) == ""


def test_an_invalid_version() -> None:
    """The sentence names it and the rule that it breaks."""
    assert "'soon'" in shortfall(Step.MINOR, "1.0", "soon")
    assert "PEP 440" in shortfall(Step.MINOR, "1.0", "soon")
