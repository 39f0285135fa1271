"""A submission that is only tried: what it would do, or what is wrong with it and where."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from shopdb_core.audit.browsing.readable import Change, item_names, readable
from shopdb_core.console.collectors.marking import Line, MarkedText
from shopdb_core.errors import InvalidSubmission, MalformedBody
from shopdb_core.intake.http_body import json_body
from shopdb_core.json_text import canonical_text
from shopdb_core.site import Site
from shopdb_core.submissions import Origin, SubmissionResult
from shopdb_hookspecs import Json

MOST_CHANGES = 200
"""How many changes are shown; a new computer with 5,000 programs would have as many."""

LONGEST_VALUE = 200
"""How many characters of a value are shown."""


@dataclass(frozen=True, slots=True)
class ShownFault:
    """A fault with the lines where it is; `pointer` is empty for the whole submission."""

    pointer: str
    message: str
    lines: Sequence[Line]


@dataclass(frozen=True, slots=True)
class ShownChange:
    """What would change at a place, as texts; `None` where there is no value."""

    path: Sequence[str]
    before: str | None
    after: str | None


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of a trial: either its result and changes, or why it is refused, and the faults."""

    warnings: Sequence[str]
    result: SubmissionResult | None = None
    changes: Sequence[ShownChange] = ()
    left_out: int = 0
    refusal: str = ""
    faults: Sequence[ShownFault] = ()


def try_submission(site: Site, plugin: str, text: str, origin: Origin, *, lenient: bool) -> Verdict:
    """Send a text through the path of a submission, and roll back.

    Raises `NotFound` for an unknown collector, `PluginFailure` if a hook failed, and `Unavailable`.
    """
    try:
        body = json_body(text.encode(), site.settings.max_body_bytes)
        result = site.submissions.submit_body(plugin, body, origin, dryrun=True, lenient=lenient)
    except MalformedBody as error:
        return Verdict((), refusal=str(error), faults=_malformed(text, error))
    except InvalidSubmission as error:
        marked = MarkedText(text, [fault.pointer for fault in error.faults])
        faults = [
            ShownFault(fault.pointer, fault.message, marked.excerpt(fault.pointer)) for fault in error.faults
        ]
        return Verdict(error.warnings, refusal=str(error), faults=faults)
    names = item_names(site.plugins.collector(plugin).declaration["fields"])
    changes = [each for change in readable(result.diff, names) for each in _shown(change)]
    return Verdict(
        result.warnings, result, changes[:MOST_CHANGES], left_out=max(0, len(changes) - MOST_CHANGES)
    )


def _shown(change: Change) -> Iterator[ShownChange]:
    """Yield a change, or the changes within an item that was there before."""
    if not change.members:
        yield ShownChange(
            change.path, *(_text(_unnamed(each, change)) for each in (change.before, change.after))
        )
    for member in change.members:
        path = (*change.path, *member.path)
        yield ShownChange(path, _text(member.before), _text(member.after))


def _unnamed(value: Json, change: Change) -> Json:
    """Return an item of a list without its name, which its path has."""
    if not (isinstance(value, dict) and change.kind in ("added", "removed")):
        return value
    return {name: member for name, member in value.items() if member != change.path[-1]} or change.path[-1]


def _text(value: Json) -> str | None:
    """Return a value as a text, of an object its members, and at most 200 characters."""
    if value is None:
        return None
    if isinstance(value, dict):
        text = ", ".join(f"{name}: {_text(member)}" for name, member in value.items())
    else:
        text = value if isinstance(value, str) else canonical_text(value)
    return text if len(text) <= LONGEST_VALUE else text[: LONGEST_VALUE - 1] + "…"


def _malformed(text: str, error: MalformedBody) -> Sequence[ShownFault]:
    """Return the place where a text stops being JSON, if the parser says it."""
    cause = error.__cause__
    if not isinstance(cause, json.JSONDecodeError):
        return ()
    return [ShownFault("", cause.msg, MarkedText(text).around(cause.pos, cause.pos + 1))]
