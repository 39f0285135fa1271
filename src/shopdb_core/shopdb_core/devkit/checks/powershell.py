"""The check `powershell shapes`: each example in the shapes that Windows PowerShell makes of JSON.

The shapes are those of docs/contract.md, section 2.
"""

import codecs
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from shopdb_core.devkit.differences import changes
from shopdb_core.devkit.results import Finding
from shopdb_core.devkit.subject import with_texts, with_value
from shopdb_core.devkit.trial import TrialSite, TrialSites
from shopdb_core.errors import PluginFailure, RequestError
from shopdb_core.intake.dates import read_date
from shopdb_core.intake.plan import Plan, field_plans, has_type
from shopdb_core.json_text import JsonPath, canonical, pointer
from shopdb_hookspecs import Json, JsonObject

CLIPPED = "@{name=7-Zip; version=24.09}"
"""What `ConvertTo-Json` makes of an object below its `-Depth`."""


@dataclass(frozen=True, slots=True)
class PowerShellShape:
    """A body that means the same as `submission`; with `islossy`, one that must be refused."""

    name: str
    submission: JsonObject
    body: bytes
    islossy: bool = False


def check_powershell(sites: TrialSites) -> Iterator[Finding]:
    """Yield each shape of an example that changes the asset, is answered with 500, or should be refused."""
    if sites.subject.plugin.collector is None:
        return
    declaration = sites.subject.collector.declaration
    with sites.open() as trial_site:
        for name, example in sites.subject.examples.items():
            for shape in powershell_shapes(example, declaration):
                yield from _faults(trial_site, f"{name} with {shape.name}", shape)


def _faults(trial_site: TrialSite, place: str, shape: PowerShellShape) -> Iterator[Finding]:
    try:
        trial_site.submit(shape.submission)
        result = trial_site.submit_body(shape.body)
    except RequestError:
        return
    except PluginFailure as failure:
        finding = Finding.of_failure(failure, trial_site.subject.candidate, place)
        yield Finding(finding.place, f"{finding.what}: the endpoint answers 500")
        return
    if shape.islossy:
        hint = (
            "normalize_submission must return a value of an unexpected type as it is, so that it is refused."
        )
        yield Finding(place, "is accepted, although a value was lost", hint)
    elif result.action != "noop":
        yield Finding(place, f"is {result.action} instead of noop: it changed {changes(result.diff)}")


def powershell_shapes(submission: JsonObject, declaration: JsonObject) -> Iterator[PowerShellShape]:
    """Yield the submission in every shape that applies to its values."""
    yield from _encoded(submission)
    padded = with_texts(submission, lambda text: f"  {text}\t")
    yield PowerShellShape("strings with blanks around them", submission, canonical(padded))
    for path, value, plan in _planned(submission, field_plans(declaration)):
        if isinstance(value, list) and plan.is_array():
            yield from _arrays(submission, path, value, plan)
        elif isinstance(value, str) and plan.is_date:
            yield from _dates(submission, path, value)
    yield from _clipped(submission)


def _encoded(submission: JsonObject) -> Iterator[PowerShellShape]:
    text = canonical(submission).decode()
    yield PowerShellShape("a byte order mark", submission, codecs.BOM_UTF8 + text.encode())
    yield PowerShellShape(
        "UTF-16 with a byte order mark", submission, codecs.BOM_UTF16_LE + text.encode("utf-16-le")
    )


def _planned(
    value: Json, plans: dict[str, Plan], path: JsonPath = ()
) -> Iterator[tuple[JsonPath, Json, Plan]]:
    """Yield path, value and plan wherever the endpoint converts arrays and date-times."""
    for name, plan in plans.items():
        if name in value:
            yield from _planned_below(value[name], plan, (*path, name))


def _planned_below(value: Json, plan: Plan, path: JsonPath) -> Iterator[tuple[JsonPath, Json, Plan]]:
    yield path, value, plan
    if isinstance(value, list) and plan.items is not None:
        for position, item in enumerate(value):
            yield from _planned_below(item, plan.items, (*path, position))
    elif isinstance(value, dict):
        yield from _planned(value, plan.properties, path)


def _arrays(
    submission: JsonObject, path: JsonPath, items: list[Json], plan: Plan
) -> Iterator[PowerShellShape]:
    if "object" not in plan.types:
        wrapper = {"value": items, "Count": len(items)}
        yield _at(f"an array as value and Count at {pointer(path)}", submission, path, wrapper)
    if items and has_type(items[0], plan.item_types) and not has_type(items[0], plan.types):
        plain = with_value(submission, path, items[:1])
        yield _at(f"an array of one as its element at {pointer(path)}", plain, path, items[0])


def _dates(submission: JsonObject, path: JsonPath, text: str) -> Iterator[PowerShellShape]:
    reading = read_date(text, ZoneInfo("UTC"))
    if reading is None:
        return
    moment = datetime.fromisoformat(reading.text).astimezone(UTC).replace(microsecond=0)
    plain = with_value(submission, path, moment.isoformat().replace("+00:00", "Z"))
    milliseconds = f"/Date({int(moment.timestamp()) * 1000})/"
    forms: dict[str, Json] = {
        milliseconds: milliseconds,
        "an object with /Date()/": {"value": milliseconds, "DisplayHint": 2, "DateTime": "Monday"},
        "a CIM date-time": f"{moment:%Y%m%d%H%M%S}.000000+000",
        "a date-time with a blank": f"{moment:%Y-%m-%d %H:%M:%SZ}",
    }
    for name, form in forms.items():
        yield _at(f"{name} at {pointer(path)}", plain, path, form)


def _clipped(submission: JsonObject) -> Iterator[PowerShellShape]:
    for name, value in submission.items():
        if isinstance(value, list) and value and isinstance(value[0], dict):
            lossy = {**submission, name: [CLIPPED, *value[1:]]}
            yield PowerShellShape(
                f"@{{…}} in place of an object in /{name}", submission, canonical(lossy), islossy=True
            )


def _at(name: str, plain: JsonObject, path: JsonPath, form: Json) -> PowerShellShape:
    return PowerShellShape(name, plain, canonical(with_value(plain, path, form)))
