"""Long lists that were accepted before are recognised, and change no answer."""

import json
import tracemalloc
from dataclasses import replace
from datetime import UTC
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shopdb_core.errors import InvalidSubmission, MalformedBody
from shopdb_core.intake.http_body import Body
from shopdb_core.intake.lists import LEAST_ITEMS, ListMemory
from shopdb_core.json_text import canonical
from shopdb_core.plugins.collector import Collector
from shopdb_core.plugins.registry import load_plugins
from shopdb_core.settings import PluginSelection
from shopdb_core.submissions.pipeline import Pipeline
from shopdb_hookspecs import hookimpl

Json = dict[str, Any]

SOUND = [json.dumps({"name": str(number)}) for number in range(LEAST_ITEMS)]
ODD = r"""
{"name":"a","version":"1"}
{"version":"1", "name" : "a"}
{"name":"\u0061"}
{"name":"b\"\":"}
{"name":" a "}
{"name":"a","version":""}
{"name":"a","version":null}
{"name":"a","version":1e400}
{"name":"a\u0000"}
{"name":"\ud800"}
{"name":"a","architecture":"amd64"}
{"name":"a","architecture":9}
{"name":"a","architecture":9.0}
{"name":"a","architecture":18446744073709551615}
{"name":"a","architecture":18446744073709551616}
{"name":"a","installdate":"20250317"}
{"name":"a","installdate":"/Date(0)/"}
{"name":"a","installdate":"0001-01-01"}
{"name":"a","name":"a"}
{"name":1}
1e19
true
1
1.0
null
""
{}
[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]
[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]
""".strip().splitlines()
"""Items that are changed, warned about, refused, or about which parsers of JSON disagree."""

HEADS = r"""
"hostname":"PC-1"
"hostname":" pc-1 "
"hostname":"localhost","hostname":"PC-1"
"hostname":"None"
"hostname":1
"osname":"W"
"hostname":"PC-1","memorygb":16
"hostname":"PC-1","memorygb":"much"
"hostname":"PC-1","unknown":"\""
"hostname":"PC-1","osname":""
"hostname":"PC-1","installedsoftware":[]
"hostname":"PC-1","lastboottime":"/Date(0)/"
"hostname":"PC-1","currentuser":"\ud800"
""".strip().splitlines()
"""The other members of a body."""

lists = st.lists(st.sampled_from(ODD), max_size=2).map(lambda odd: f"[{','.join([*SOUND, *odd])}]")


@pytest.fixture(scope="module")
def computers() -> Collector:
    """Return the collector of computers."""
    return load_plugins(PluginSelection()).collector("computers")


def outcome(pipeline: Pipeline, body: str, *, lenient: bool) -> object:
    """Return what a body becomes, or the whole error."""
    try:
        prepared = pipeline.prepare_body(Body(body.encode(), "utf-8"), lenient=lenient)
    except InvalidSubmission as refusal:
        return str(refusal), refusal.faults, refusal.warnings, refusal.identityvalue
    except MalformedBody as error:
        return str(error)
    return replace(prepared, submission={}), canonical(prepared.submission)


@settings(max_examples=150, database=None, deadline=None)
@given(
    software=st.lists(lists, min_size=1, max_size=2),
    heads=st.lists(st.sampled_from(HEADS), min_size=1, max_size=5),
    lenient=st.booleans(),
)
def test_a_body_has_the_same_outcome_with_and_without_the_memory(
    computers: Collector, software: list[str], heads: list[str], *, lenient: bool
) -> None:
    """Also if its list was accepted with other members, and if the rest of it is at fault."""
    remembers = Pipeline(computers, UTC)
    forgets = Pipeline(replace(computers, independent=frozenset()), UTC)
    for head in [HEADS[0], HEADS[0], *heads]:
        for items in software:
            body = f'{{{head},"installedsoftware":{items}}}'
            assert outcome(remembers, body, lenient=lenient) == outcome(forgets, body, lenient=lenient)


class Racks:
    """A small plugin of the test, which keeps the lists that it normalises."""

    def __init__(self, **keywords: object) -> None:
        self.keywords = keywords
        self.seen: list[object] = []

    @hookimpl
    def get_collector_schema(self):
        slots = {"type": "array", "items": {"type": "integer"}, **self.keywords}
        fields = {"rack": {"type": "string"}, "height": {"type": "integer"}, "slots": slots}
        return {"identityfield": "rack", "required": ["slots"], "fields": fields}

    @hookimpl
    def normalize_submission(self, submission):
        self.seen.append(submission.get("slots"))
        slots = submission.get("slots")
        is_sound = isinstance(slots, list) and all(isinstance(slot, int) for slot in slots)
        return {**submission, "slots": sorted(slots)} if is_sound else submission


class Wrapper:
    """Another plugin, which sees each submission before the plugin of its collector."""

    @hookimpl(wrapper=True)
    def normalize_submission(self):
        return (yield)


SLOTS = [*reversed(range(LEAST_ITEMS))]


def prepared(pipeline: Pipeline, height: int = 1, **fields: object) -> Json:
    """Return a rack after preparing it."""
    body = json.dumps({"rack": "R-1", "height": height, **fields}).encode()
    return pipeline.prepare_body(Body(body, "utf-8"), lenient=False).submission


def pipeline_of(racks: Racks, **others: object) -> Pipeline:
    """Return the pipeline of a plugin."""
    plugins: Json = {"racks": racks, **others}
    return Pipeline(load_plugins(PluginSelection(), plugins).collector("racks"), UTC)


def test_from_the_third_time_on_a_list_is_not_normalised() -> None:
    """The hook gets the other fields alone; the list is as it was, also a required one."""
    racks = Racks(**{"x-independent": True})
    pipeline = pipeline_of(racks)
    for height in range(5):
        assert prepared(pipeline, height, slots=SLOTS) == {
            "rack": "R-1",
            "height": height,
            "slots": sorted(SLOTS),
        }
    assert racks.seen == [SLOTS, SLOTS, None, None, None]


@pytest.mark.parametrize(
    ("keywords", "others", "slots"),
    [
        ({}, {}, SLOTS),
        ({"x-independent": True}, {"wrapper": Wrapper()}, SLOTS),
        ({"x-independent": True}, {}, SLOTS[1:]),
    ],
)
def test_a_list_that_is_always_normalised(keywords: Json, others: Json, slots: list[int]) -> None:
    """That of a field without the keyword, or whose hook another plugin wraps, and a short one."""
    racks = Racks(**keywords)
    pipeline = pipeline_of(racks, **others)
    for _ in range(4):
        prepared(pipeline, slots=slots)
    assert racks.seen == [slots] * 4


def test_nobody_who_changes_a_submission_changes_a_later_one() -> None:
    """What is kept is not shared, whether normalising changed the list or not."""
    pipeline = pipeline_of(Racks(**{"x-independent": True}))
    for slots in (SLOTS, sorted(SLOTS)):
        for _ in range(4):
            submission = prepared(pipeline, slots=slots)
            assert submission["slots"] == sorted(SLOTS)
            submission["slots"].clear()


def _remember(memory: ListMemory, *numbers: int) -> list[bool]:
    """Send a list for each number, and return for each whether it is known."""

    def sent(number: int) -> bool:
        items = {"slots": [number] * LEAST_ITEMS}
        found = memory.look_up(items)
        memory.remember(found, {"slots": ["long" * 100]}, ())
        return "slots" in found.known

    return [*map(sent, numbers)]


def test_what_was_not_needed_for_longest_is_forgotten() -> None:
    """The bytes are bounded, and a list that is needed stays."""
    memory = ListMemory(["slots"], most_bytes=10_000)
    assert _remember(memory, 1, 1, 1) == [False, False, True]
    for number in range(2, 100):
        assert _remember(memory, number, number, number, 1) == [False, False, True, True]
    assert _remember(memory, 2) == [False]


def test_a_list_takes_no_more_memory_than_its_bytes() -> None:
    """What orjson writes keeps a buffer that is several times as large, and is copied."""
    memory = ListMemory(["slots"])
    tracemalloc.start()
    try:
        for number in range(20):
            for _ in range(2):
                found = memory.look_up({"slots": [number] * LEAST_ITEMS})
                memory.remember(found, {"slots": ["x" * 20_000]}, ())
        taken, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert 20 * 20_000 < taken < 20 * 25_000
