"""The index of words: it has what conditions need, is checked and repaired, and a page ends in its time."""

import re
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from types import SimpleNamespace

import orjson
import pytest
from databases import execute
from hypothesis import example, given
from hypothesis import strategies as st
from shops import Shop
from sqlalchemy import text

from shopdb_core.assets.listed_ids import BY_ID, Order
from shopdb_core.search import index
from shopdb_core.search import query as query_module
from shopdb_core.search.checking import check_index
from shopdb_core.search.conditions import AnyWords, FoundAsset, IndexWord
from shopdb_core.search.grammar import parse
from shopdb_core.search.index import BLOCK, changed_bits, positions_of, read_bits, stored_bits
from shopdb_core.search.marking import Changes, Outdated, count_marked, index_marked, read_marked
from shopdb_core.search.query import Filters
from shopdb_core.search.words import add_keys, split_words, value_words, word_key
from shopdb_core.server.background.indexing import Indexing

REPOSITORY = Path(__file__).parents[3]
ALL: Filters = {"assettype": None, "identityvalue": None, "state": "active"}

TEXTS = st.text(st.sampled_from('0123456789.:-/ aAßéI\u0307\u0301_("\\'), max_size=14) | st.text(max_size=5)
SCALARS = (
    TEXTS
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.booleans()
    | st.none()
)
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.just("name"), inner), max_leaves=6
)


def scalars(value: object) -> list[object]:
    """Return the values at every depth."""
    if isinstance(value, dict | list):
        inner = value.values() if isinstance(value, dict) else value
        return [leaf for each in inner for leaf in scalars(each)]
    return [value]


@given(st.sets(st.integers(0, BLOCK - 1), max_size=600))
@example(set(range(255)))
@example(set(range(256)))
def test_assets_of_a_block_are_read_as_they_were_stored(positions: set[int]) -> None:
    """Few as their positions, many as a bitmap."""
    bits = sum(1 << position for position in positions)
    assert read_bits(stored_bits(bits)) == bits
    assert [*positions_of(bits)] == sorted(positions)


BITS = st.sets(st.integers(0, BLOCK - 1), max_size=300).map(lambda each: sum(1 << bit for bit in each))
MANY = (1 << 255) - 1


@given(BITS, BITS, BITS)
@example(MANY, 1 << 300, 0)
@example(MANY, 0, 1)
@example(MANY << 1 | 1, 0, 1)
@example(1, 1, 1)
def test_stored_assets_change_as_their_bits_do(bits: int, added: int, removed: int) -> None:
    """However they are stored before and after; those that are added and removed are removed."""
    assert changed_bits(stored_bits(bits), added, removed) == stored_bits((bits | added) & ~removed)


def has(keys: set[bytes], word: IndexWord) -> bool:
    """Return whether the index finds an asset that has these keys."""
    key, version = word_key(word.text), word.version
    if word.whole:
        return key in keys
    return any(each.startswith(key) for each in keys) or (version is not None and word_key(version) in keys)


@given(VALUES)
@example([{"name": "10.0.19045-rc1 2025-03-17"}])
@example(["10.1.2.3 10.1.2.34567", {"name": "10.1.2.30/24"}])
def test_the_index_has_what_a_condition_finds(value: object) -> None:
    """For the beginning of each word, and for phrases, as the fast and the slow way of matching have it."""
    keys: set[bytes] = set()
    add_keys(keys, value)
    row = SimpleNamespace(
        identityvalue="", assettype="", attributes=orjson.dumps({"name": value}).decode(), sitefields=None
    )
    for leaf in scalars(value):
        queries = [word[:end] for word in value_words(leaf) for end in (1, 4, 5, 7, 9, 50)]
        queries += [leaf] if isinstance(leaf, str) else []
        for words in filter(None, map(split_words, queries)):
            condition = AnyWords(words)
            if condition.matches(FoundAsset(row)):
                assert all(has(keys, each) for each in condition.index_words()), words
            elif len(words) == 1:
                assert not any(word.startswith(words[0]) for word in value_words(leaf)) or "." in words[0]


@pytest.mark.every_database
def test_differences_are_found_and_repaired(shop: Shop) -> None:
    """A word that is missing, and one that is too much."""
    shop.submit("computers", {"hostname": "PC-1", "osname": "Debian"})
    shop.submit("computers", {"hostname": "PC-2", "osname": "Debian"})
    assert [*index_marked(shop.store, lambda: None)] == [2]
    assert [block.words() for block in check_index(shop.store, repair=False)] == [set()]
    execute(
        shop.settings.database_url,
        "UPDATE assetword SET assets = :one WHERE word = :word",
        one=stored_bits(0b1010),
        word=b"debian",
    )
    (found,) = check_index(shop.store, repair=True)
    assert (found.missing, found.wrong) == ({b"debian": 0b100}, {b"debian": 0b1000})
    assert [block.words() for block in check_index(shop.store, repair=True)] == [set()]


@pytest.mark.every_database
def test_who_indexes_second_writes_nothing(shop: Shop) -> None:
    """Of two processes that read the same marks, and of one that an erasure overtakes."""
    shop.submit("computers", {"hostname": "PC-1", "osname": "Debian"})
    changes = Changes()
    for each in shop.store.read(lambda connection: read_marked(connection, 0, 10)):
        changes.add(each)
    erased = shop.client.simulate_delete("/api/assets/1", headers=shop.bearer("admin"))
    assert erased.status_code == 200
    with pytest.raises(Outdated):
        shop.store.transaction(changes.apply)
    assert shop.count("assetword") == 0
    assert shop.store.read(count_marked) == 1


def test_a_page_ends_after_its_time_and_the_next_goes_on(shop: Shop) -> None:
    """Whether the index finds the assets or the list is looked through."""
    for number in range(40):
        shop.submit("computers", {"hostname": f"PC-{number}", "memorygb": number})
    for query in ("memorygb>37", "pc memorygb>37"):
        pages = [*pages_of(shop, query)]
        assert [name for page in pages for name in page] == ["PC-38", "PC-39"]
        assert len(pages) > 2


@pytest.mark.parametrize("seconds", [0, 10])
def test_both_directions_pass_every_block(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, seconds: float
) -> None:
    """With small blocks, some of which have nothing, and a page that begins in the midst of one."""
    monkeypatch.setattr(index, "BLOCK", 4)
    monkeypatch.setattr(query_module, "BLOCK", 4)
    monkeypatch.setattr(query_module, "SMALLEST_CHUNK", 2)
    servers = (11, 12, 22, 33, 34, 35)
    names = [f"{'SRV' if number in servers else 'PC'}-{number}" for number in range(1, 41)]
    for name in names:
        shop.submit("computers", {"hostname": name})
    sum(index_marked(shop.store, lambda: None))
    expected = [name for name in names if name.startswith("SRV")]

    for order in (Order(), Order(descending=True)):
        pages = [*pages_of(shop, "srv", order=order, limit=1, seconds=seconds)]
        found = [name for page in pages for name in page]
        assert found == (expected[::-1] if order.descending else expected)
    conditions = shop.search.conditions("srv")
    back = partial(
        shop.search.start_of_previous, conditions=conditions, filters=ALL, order=Order(descending=True)
    )
    assert shop.store.read(partial(back, first=11, limit=1)) == 22
    assert shop.store.read(partial(back, first=22, limit=2)) == 35
    assert shop.store.read(partial(back, first=33, limit=2)) == 0


def pages_of(
    shop: Shop, query: str, *, order: Order = BY_ID, limit: int = 5, seconds: float = 0
) -> Iterator[list[str]]:
    """Yield the names on each page of a search that has no time, or some."""
    conditions = shop.search.conditions(query)
    after: int | None = 0
    while after is not None:
        search = partial(
            shop.search.page,
            conditions=conditions,
            filters=ALL,
            order=order,
            after=after,
            limit=limit,
            seconds=seconds,
        )
        page = shop.store.read(search)
        yield [item["identityvalue"] for item in page.items]
        after = page.next


def test_a_server_indexes_what_changes(shop: Shop) -> None:
    """In the background, and nothing after it ended."""
    shop.submit("computers", {"hostname": "PC-1", "osname": "Debian"})
    with Indexing(shop.store, interval=0.01):
        deadline = time.monotonic() + 60
        while shop.store.read(count_marked) and time.monotonic() < deadline:
            time.sleep(0.01)
    assert shop.store.read(count_marked) == 0
    words = shop.store.read(lambda connection: connection.scalars(text("SELECT word FROM assetword")).all())
    assert b"debian" in words


def test_the_queries_of_the_guide_are_valid(shop: Shop) -> None:
    """Each query in the table of docs/search.md."""
    queries = re.findall(r"(?m)^\| `(.+?)` \|", (REPOSITORY / "docs/search.md").read_text())
    assert len(queries) > 10
    for query in queries:
        assert parse(query)
        assert shop.search.conditions(query)
