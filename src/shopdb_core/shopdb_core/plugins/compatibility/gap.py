"""Where one schema asks for more than another one guarantees."""

from dataclasses import dataclass

from shopdb_hookspecs import Json


@dataclass(frozen=True, slots=True)
class Gap:
    """A rule of a schema at `place` that values of the other schema may break.

    `rule` is what `keyword` asks for, `had` what the other schema asks for by it, `None` if nothing;
    `subject` is the member that breaks the rule.
    """

    place: str
    keyword: str
    rule: Json = None
    had: Json = None
    subject: Json = None
