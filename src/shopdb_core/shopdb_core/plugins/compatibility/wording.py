"""One sentence for each way in which a schema became narrower or wider: what changed, and who notices."""

from collections.abc import Callable, Mapping
from types import MappingProxyType

from shopdb_core.plugins.compatibility.gap import Gap
from shopdb_core.plugins.messages import shown
from shopdb_hookspecs import Json

_LISTED = 5

_COMBINED = frozenset({"anyOf", "oneOf", "not", "if"})


def narrowed(gap: Gap) -> str:
    """Say what the newer schema refuses; `gap.rule` is its rule, `gap.had` the older one."""
    word = _NARROWED.get(gap.keyword)
    if word:
        return word(gap)
    if gap.keyword in _COMBINED:
        return f"{gap.keyword} changed, and may refuse what was taken"
    change = "is new" if gap.had is None else f"was {shown(gap.had)}"
    return f"{gap.keyword} is {shown(gap.rule)} and {change}: values that do not fit are refused"


def widened(gap: Gap) -> str:
    """Say what the newer schema takes besides; `gap.rule` is the older rule, `gap.had` the newer one."""
    word = _WIDENED.get(gap.keyword)
    if word:
        return word(gap)
    change = "is gone" if gap.had is None else f"is {shown(gap.had)}"
    was = "" if gap.keyword in _COMBINED else f" was {shown(gap.rule)} and"
    return f"{gap.keyword}{was} {change}: readers may meet values that were refused"


def _narrower_type(gap: Gap) -> str:
    took = "" if gap.had is None else f" and took {_types(gap.had)}"
    return f"takes {_types(gap.rule)}{took}: other values are refused"


def _wider_type(gap: Gap) -> str:
    if gap.had is None:
        return f"is {_types(gap.rule)} no longer: readers may meet another type"
    return f"takes {_types(gap.had)} and took {_types(gap.rule)}: readers may meet another type"


def _types(types: Json) -> str:
    return types if isinstance(types, str) else " or ".join(types)


def _listed(values: list[Json]) -> str:
    more = [f"{len(values) - _LISTED} more"] if len(values) > _LISTED else []
    return ", ".join([*map(shown, values[:_LISTED]), *more])


_NARROWED: Mapping[str, Callable[[Gap], str]] = MappingProxyType(
    {
        "dependentRequired": lambda gap: f"{shown(gap.subject)} is required beside {shown(gap.rule)}",
        "enum": lambda gap: f"takes nothing but {_listed(gap.rule)}",
        "false": lambda _: "takes no value any more",
        "member": lambda gap: f"the member {shown(gap.subject)} is refused",
        "required": lambda gap: f"{shown(gap.subject)} is required: what comes without it is refused",
        "size": lambda _: "is too large to be compared, and counts as breaking",
        "type": _narrower_type,
        "value": lambda gap: f"takes {_listed(gap.rule)} no longer",
    }
)

_WIDENED: Mapping[str, Callable[[Gap], str]] = MappingProxyType(
    {
        "dependentRequired": lambda gap: f"{shown(gap.subject)} may be missing beside {shown(gap.rule)}",
        "enum": lambda gap: f"took nothing but {_listed(gap.rule)}: readers may meet others",
        "false": lambda _: "took no value: readers may meet some",
        "member": lambda gap: f"the member {shown(gap.subject)} is taken: readers may meet it",
        "required": lambda gap: f"{shown(gap.subject)} may be missing: readers must do without it",
        "size": lambda _: "is too large to be compared",
        "type": _wider_type,
        "value": lambda gap: f"also takes {_listed(gap.rule)}: readers may meet it",
    }
)
