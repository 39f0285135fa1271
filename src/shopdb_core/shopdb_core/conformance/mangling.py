"""What Windows PowerShell makes of a submission (contract, section 2), shape by shape."""

import codecs
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from shopdb_core.canonical import canonical
from shopdb_core.conformance.places import Place, replaced
from shopdb_core.intake.dates import read_date
from shopdb_core.intake.kinds import is_of
from shopdb_core.intake.plan import Plan, field_plans
from shopdb_core.plugins.pointers import pointer
from shopdb_hookspecs import Json, JsonObject

CLIPPED = "@{name=7-Zip; version=24.09}"
"""What `ConvertTo-Json` makes of an object below its `-Depth`."""


@dataclass(frozen=True, slots=True)
class Mangled:
    """A body that tells the same as `plain`; or, if it `lost` something, one that must be refused."""

    shape: str
    plain: JsonObject
    content: bytes
    lost: bool = False


def mangled(submission: JsonObject, declaration: JsonObject) -> Iterator[Mangled]:
    """Yield the submission in every shape that can be made of it."""
    yield from _encoded(submission)
    yield Mangled("strings with blanks around them", submission, canonical(_padded(submission)))
    for place, value, plan in _spots(submission, field_plans(declaration)):
        if isinstance(value, list) and plan.isarray():
            yield from _arrays(submission, place, value, plan)
        elif isinstance(value, str) and plan.isdate:
            yield from _dates(submission, place, value)
    yield from _clipped(submission)


def _encoded(submission: JsonObject) -> Iterator[Mangled]:
    text = canonical(submission).decode()
    yield Mangled("a byte order mark", submission, codecs.BOM_UTF8 + text.encode())
    yield Mangled("UTF-16 with a byte order mark", submission, codecs.BOM_UTF16_LE + text.encode("utf-16-le"))


def _padded(value: Json) -> Json:
    if isinstance(value, str):
        return f"  {value}\t"
    if isinstance(value, dict):
        return {name: _padded(member) for name, member in value.items()}
    return [*map(_padded, value)] if isinstance(value, list) else value


def _spots(value: Json, plans: dict[str, Plan], path: Place = ()) -> Iterator[tuple[Place, Json, Plan]]:
    """Yield the places where the endpoint looks for arrays and date-times, and what stands there."""
    for name, plan in plans.items():
        if name in value:
            yield from _below(value[name], plan, (*path, name))


def _below(value: Json, plan: Plan, path: Place) -> Iterator[tuple[Place, Json, Plan]]:
    yield path, value, plan
    if isinstance(value, list) and plan.items is not None:
        for position, item in enumerate(value):
            yield from _below(item, plan.items, (*path, position))
    elif isinstance(value, dict):
        yield from _spots(value, plan.properties, path)


def _arrays(submission: JsonObject, place: Place, items: list[Json], plan: Plan) -> Iterator[Mangled]:
    if "object" not in plan.kinds:
        wrapper = {"value": items, "Count": len(items)}
        yield _at(f"an array as value and Count at {pointer(place)}", submission, place, wrapper)
    if items and is_of(items[0], plan.itemkinds) and not is_of(items[0], plan.kinds):
        plain = replaced(submission, place, items[:1])
        yield _at(f"an array of one as its element at {pointer(place)}", plain, place, items[0])


def _dates(submission: JsonObject, place: Place, text: str) -> Iterator[Mangled]:
    reading = read_date(text, ZoneInfo("UTC"))
    if reading is None:
        return
    moment = datetime.fromisoformat(reading.text).astimezone(UTC).replace(microsecond=0)
    plain = replaced(submission, place, moment.isoformat().replace("+00:00", "Z"))
    milliseconds = f"/Date({int(moment.timestamp()) * 1000})/"
    forms: dict[str, Json] = {
        milliseconds: milliseconds,
        "an object with /Date()/": {"value": milliseconds, "DisplayHint": 2, "DateTime": "Monday"},
        "a CIM date-time": f"{moment:%Y%m%d%H%M%S}.000000+000",
        "a date-time with a blank": f"{moment:%Y-%m-%d %H:%M:%SZ}",
    }
    for name, form in forms.items():
        yield _at(f"{name} at {pointer(place)}", plain, place, form)


def _clipped(submission: JsonObject) -> Iterator[Mangled]:
    for name, value in submission.items():
        if isinstance(value, list) and value and isinstance(value[0], dict):
            lossy = {**submission, name: [CLIPPED, *value[1:]]}
            yield Mangled(f"@{{…}} in place of an object in /{name}", submission, canonical(lossy), lost=True)


def _at(shape: str, plain: JsonObject, place: Place, form: Json) -> Mangled:
    return Mangled(shape, plain, canonical(replaced(plain, place, form)))
