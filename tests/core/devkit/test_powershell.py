"""The findings of the check `powershell shapes`."""

import itertools
from collections.abc import Callable
from typing import Any

from shopdb_core.devkit.checks.powershell import check_powershell, powershell_shapes
from shopdb_core.devkit.trial import TrialSites

MakeSites = Callable[..., TrialSites]
Json = dict[str, Any]


def test_a_hook_that_raises_for_a_shape(sites: MakeSites) -> None:
    """The endpoint would answer 500 to a submission that it must refuse."""

    def normalize_submission(submission: Json) -> Json:
        trays = submission.get("trays") or []
        return {**submission, "trays": sorted(trays, key=lambda tray: tray["name"])}

    (fault,) = check_powershell(sites(normalize_submission=normalize_submission))

    assert fault.place == "normalize_submission, example 1 with @{…} in place of an object in /trays"
    assert fault.what.endswith(": the endpoint answers 500")


def test_a_hook_that_drops_a_lossy_value(sites: MakeSites) -> None:
    """A submission that ConvertTo-Json cut must be refused."""

    def normalize_submission(submission: Json) -> Json:
        trays = submission.get("trays") or []
        return {**submission, "trays": [tray for tray in trays if isinstance(tray, dict)]}

    (fault,) = check_powershell(sites(normalize_submission=normalize_submission))

    assert str(fault).endswith("is accepted, although a value was lost")


def test_a_hook_that_changes_a_shape(sites: MakeSites) -> None:
    """The same submission in another shape must be a noop."""
    numbers = itertools.count()

    def normalize_submission(submission: Json) -> Json:
        return {**submission, "place": f"hall {next(numbers)}"}

    faults = list(check_powershell(sites(normalize_submission=normalize_submission)))

    assert "is updated instead of noop: " in str(faults[0])


def test_a_plugin_without_the_hook_accepts_every_shape(
    sites: MakeSites, declaration: Json, example: Json
) -> None:
    """The shapes are all those of the contract, and each ends in the same asset."""
    shapes = [shape.name for shape in powershell_shapes(example, declaration)]

    assert list(check_powershell(sites())) == []
    texts = ("byte order mark", "UTF-16", "blanks around")
    for kind in (*texts, "value and Count", "array of one", "/Date(", "CIM", "@{"):
        assert any(kind in shape for shape in shapes), kind
