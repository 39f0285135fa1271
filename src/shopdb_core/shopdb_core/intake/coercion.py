"""Values that pipelines write in another form than the schema asks for, brought into that form."""

from datetime import tzinfo
from operator import is_

from shopdb_core.intake.dates import read_date
from shopdb_core.intake.kinds import is_of
from shopdb_core.intake.notes import Notes
from shopdb_core.intake.plan import Plan
from shopdb_core.intake.powershell import wrapped_array, wrapped_date
from shopdb_core.intake.quoting import Path
from shopdb_hookspecs import Json


class Coercion:
    """The coercions of one submission; what is not recognised stays for validation to explain."""

    def __init__(self, zone: tzinfo, notes: Notes) -> None:
        self._zone = zone
        self._notes = notes

    def members(self, value: dict[str, Json], plans: dict[str, Plan], path: Path = ()) -> dict[str, Json]:
        """Coerce the members that have a plan; gives the same object where nothing changes."""
        changed = {}
        for name, plan in plans.items():
            if name in value:
                coerced = self._value(value[name], plan, (*path, name))
                if coerced is not value[name]:
                    changed[name] = coerced
        return {**value, **changed} if changed else value

    def _value(self, value: Json, plan: Plan, path: Path) -> Json:
        if value is None:
            return value
        if plan.isdate:
            value = self._date(value, plan, path)
        if plan.isarray() and not is_of(value, plan.kinds):
            value = self._array(value, plan, path)
        if plan.items is not None and isinstance(value, list):
            return self._items(value, plan.items, path)
        if plan.properties and isinstance(value, dict):
            return self.members(value, plan.properties, path)
        return value

    def _items(self, value: list[Json], plan: Plan, path: Path) -> list[Json]:
        items = [self._value(item, plan, (*path, position)) for position, item in enumerate(value)]
        return value if all(map(is_, items, value)) else items

    def _date(self, value: Json, plan: Plan, path: Path) -> Json:
        text = wrapped_date(value) if isinstance(value, dict) and not is_of(value, plan.kinds) else value
        reading = read_date(text, self._zone) if isinstance(text, str) else None
        if reading is None:
            return value
        if reading.remark is not None:
            self._notes.add(path, reading.remark)
        return value if reading.text == value else reading.text

    def _array(self, value: Json, plan: Plan, path: Path) -> Json:
        items = wrapped_array(value) if isinstance(value, dict) else None
        if items is not None:
            self._notes.add(path, "an object with value and Count was read as the array in it")
            return items
        single = self._date(value, plan.items, (*path, 0)) if plan.items and plan.items.isdate else value
        if not is_of(single, plan.itemkinds):
            return value
        self._notes.add(path, "a single value was read as an array of one")
        return [single]
