"""Lenient handling: what is optional and at fault is dropped (contract, section 2).

That is a field, an item of a top-level list, or a member of such an item that is valid without it. Each part
is judged alone, and only the drops that a warning names are explained: the work is linear.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from shopdb_core.declarations.validation.compiled import repeated
from shopdb_core.declarations.validation.parts import ListRules
from shopdb_core.declarations.validation.validator import SubmissionValidator
from shopdb_core.errors import Fault
from shopdb_core.intake.scan import is_storable, storable_faults
from shopdb_core.intake.shape import MOST_WARNINGS, capped
from shopdb_core.json_text import pointer, pointer_keys, pointer_token, printable, printable_pointer
from shopdb_hookspecs import Json, JsonObject

_MOST_ROUNDS = 5


@dataclass(frozen=True, slots=True)
class LenientResult:
    """What is left of a submission, and of it after normalising; whether that is accepted.

    There is a warning for each of the first 20 drops, and one with the number of the others.
    """

    submission: JsonObject
    normalized: JsonObject
    accepted: bool
    warnings: list[str]


def drop_faulty(
    submission: JsonObject,
    validator: SubmissionValidator,
    protected: frozenset[str],
    normalize: Callable[[JsonObject], JsonObject],
    *,
    storable: bool = True,
) -> LenientResult:
    """Drop what is at fault after `normalize`, or, unless the submission is `storable`, cannot be stored.

    This takes at most five rounds, since dropping items may leave too few. A fault of a field in `protected`
    cannot be dropped: then that round drops nothing, and the submission is not accepted. The items of a
    protected list are dropped: the list may still be valid.
    """
    warnings = _Warnings(validator)
    normalized = normalize(submission)
    for _ in range(_MOST_ROUNDS):
        refused = dict.fromkeys(validator.parts.refused_fields(normalized))
        if not storable:
            refused |= dict.fromkeys(name for name in submission if not is_storable({name: submission[name]}))
        if not refused:
            break
        lists = {
            name: _shortened(validator.parts.list_rules(name), submission.get(name), storable=storable)
            for name in refused
        }
        if any(not lists[name].dropped and (name in protected or name not in submission) for name in refused):
            return LenientResult(submission, normalized, accepted=False, warnings=warnings.sentences())
        for name, shortened in lists.items():
            warnings.add(name, shortened, submission, normalized, storable=storable)
        submission, storable = _without(submission, lists), True
        normalized = normalize(submission)
    return LenientResult(submission, normalized, validator.accepts(normalized), warnings.sentences())


def no_help(field: str) -> str:
    """Return the sentence for a submission that is refused because of the identity or a required field."""
    return f"Prefer: handling=lenient does not help: {printable(field)} is required"


@dataclass(frozen=True, slots=True)
class Leniency:
    """How lenient handling would take a submission that was refused, in one sentence.

    Only the part that holds the first fault is looked at again, and which fields are refused: this takes as
    long as validating, and less than lenient handling.
    """

    submission: JsonObject
    normalized: JsonObject
    validator: SubmissionValidator
    protected: frozenset[str]
    storable: bool

    def sentence(self, faults: Sequence[Fault]) -> str:
        """Return what is left out because of the first fault, or the field for which it is refused, too.

        Empty for a fault of the whole submission.
        """
        if blocking := next(self._blocking(faults), None):
            return no_help(blocking)
        if not faults[0].pointer:
            return ""
        part = self._part(faults[0])
        others = ", and the other parts at fault" if len(faults) > 1 else ""
        return f"Prefer: handling=lenient leaves out {part}{others}"

    def _blocking(self, faults: Sequence[Fault]) -> Iterator[str]:
        """Yield the fields at fault that cannot be left out, nor be valid without some of their items."""
        yield from (pointer_keys(fault.pointer)[0] for fault in faults if fault.keyword == "placeholder")
        refused = dict.fromkeys(self.validator.parts.refused_fields(self.normalized))
        if not self.storable:
            refused |= dict.fromkeys(
                name for name, value in self.submission.items() if not is_storable({name: value})
            )
        for name in refused:
            if name not in self.submission or (name in self.protected and not self._is_valid_shorter(name)):
                yield name

    def _is_valid_shorter(self, name: str) -> bool:
        rules = self.validator.parts.list_rules(name)
        shortened = _shortened(rules, self.submission[name], storable=self.storable)
        return bool(shortened.dropped) and not self.validator.parts.refuses(name, shortened.items)

    def _part(self, fault: Fault) -> str:
        """Return the words for the member, item or field that is left out because of a fault."""
        name, *rest = pointer_keys(fault.pointer)
        value = self.submission.get(name)
        if not (rest and isinstance(value, list)):
            return printable(name)
        rules, index = self.validator.parts.list_rules(name), int(rest[0])
        item, place = value[index], f"/{printable(name)}/{index}"
        if fault.keyword == "uniqueItems" and len(rest) == 1:
            return place
        if not (rules.refuses(index, item) or not (self.storable or is_storable(item))):
            return printable(name)
        members = _faulty_members(rules, item, storable=self.storable) if isinstance(item, dict) else {}
        if not members:
            return place
        member = rest[1] if rest[1:] and rest[1] in members else next(iter(members))
        return f"the member {printable(member)} of {place}"


@dataclass(slots=True)
class _Shortened:
    """What a list keeps, and how often an item or a member of one was dropped.

    `dropped` is zero if the value is not a list or its items are not at fault: then the field is dropped.
    `first` has the first drops: the index as sent, the name of a member, whether the item was a repeated one.
    """

    items: list[Json] = field(default_factory=list)
    dropped: int = 0
    first: list[tuple[int, str | None, bool]] = field(default_factory=list)

    def drop(self, index: int, member: str | None = None, *, is_repeated: bool = False) -> None:
        self.dropped += 1
        if self.dropped <= MOST_WARNINGS:
            self.first.append((index, member, is_repeated))


def _shortened(rules: ListRules, value: Json, *, storable: bool) -> _Shortened:
    shortened = _Shortened()
    if not isinstance(value, list):
        return shortened
    faulty = set(rules.refused(value))
    if not storable:
        faulty.update(index for index, item in enumerate(value) if not is_storable(item))
    indexes = []
    for index, item in enumerate(value):
        if index in faulty:
            members = _faulty_members(rules, item, storable=storable) if isinstance(item, dict) else {}
            for member in members or (None,):
                shortened.drop(index, member)
            if not members:
                continue
        indexes.append(index)
        shortened.items.append(_rest(item, members) if index in faulty else item)
    if rules.distinct:
        _drop_repeated(shortened, indexes)
    return shortened


def _faulty_members(rules: ListRules, item: JsonObject, *, storable: bool) -> dict[str, None]:
    """Return the members without which an item is valid; none if it is not, or nothing would be left."""
    faulty = dict.fromkeys(rules.refused_members(item))
    if not storable:
        faulty |= dict.fromkeys(name for name in item if not is_storable({name: item[name]}))
    rest = _rest(item, faulty) if faulty else {}
    return faulty if rest and rules.accepts(rest) else {}


def _rest(item: JsonObject, dropped: dict[str, None]) -> JsonObject:
    return {name: value for name, value in item.items() if name not in dropped}


def _drop_repeated(shortened: _Shortened, indexes: list[int]) -> None:
    """Drop the items that repeat an earlier one; `indexes` are those of the kept items, as sent."""
    places = set(repeated(shortened.items))
    for place in sorted(places):
        shortened.drop(indexes[place], is_repeated=True)
    shortened.items = [item for place, item in enumerate(shortened.items) if place not in places]


def _without(submission: JsonObject, lists: dict[str, _Shortened]) -> JsonObject:
    """Return the submission with the shortened lists, and without the other fields in `lists`."""
    return {
        name: lists[name].items if name in lists else value
        for name, value in submission.items()
        if name not in lists or lists[name].dropped
    }


class _Warnings:
    """A sentence for each of the first drops, and their number."""

    def __init__(self, validator: SubmissionValidator) -> None:
        self._validator = validator
        self._sentences: list[str] = []
        self._total = 0

    def sentences(self) -> list[str]:
        return capped(self._sentences, self._total)

    def add(
        self,
        name: str,
        shortened: _Shortened,
        submission: JsonObject,
        normalized: JsonObject,
        *,
        storable: bool,
    ) -> None:
        """Add the drops of one list, or where it dropped nothing the drop of the field."""
        room = max(0, MOST_WARNINGS - self._total)
        self._total += shortened.dropped or 1
        if not shortened.dropped and room:
            unstorable = None if storable else next(storable_faults(submission[name], (name,)), None)
            self._append(name, unstorable or self._field_fault(name, submission, normalized), "field")
        for index, member, is_repeated in shortened.first[:room]:
            item = submission[name][index]
            part = item if member is None else {member: item[member]}
            unstorable = None if storable else next(storable_faults(part, (name, index)), None)
            fault = unstorable or self._item_fault(item, (name, index), member, is_repeated=is_repeated)
            self._append(name, fault, "item" if member is None else "member")

    def _append(self, name: str, fault: Fault, what: str) -> None:
        place = printable_pointer(pointer_keys(fault.pointer))
        self._sentences.append(f"{printable(name)}: {place} {fault.message}; the {what} was left out")

    def _field_fault(self, name: str, submission: JsonObject, normalized: JsonObject) -> Fault:
        """Return the fault of the field as it was sent; else the one that it has after normalising."""
        if self._validator.parts.refuses(name, submission[name]):
            return self._validator.first_fault(submission, name)
        return replace(self._validator.first_fault(normalized, name), pointer=pointer_token(name))

    def _item_fault(
        self, item: Json, place: tuple[str, int], member: str | None, *, is_repeated: bool
    ) -> Fault:
        if is_repeated:
            return Fault(pointer(place), "uniqueItems", "repeats an earlier item")
        return self._validator.first_item_fault(item, place, member)
