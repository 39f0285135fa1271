"""A remembered value: made once for all who ask, again when it is old, and never waited for too long."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from shopdb_core.errors import Unavailable
from shopdb_core.operations.remembered import LEAST_SECONDS, Remembered


class Maker:
    """Makes 1, 2, 3 …; each takes `seconds` on a clock that the test sets, and waits for `gate`."""

    def __init__(self) -> None:
        self.now = 0.0
        self.seconds = 0.01
        self.made = 0
        self.gate = threading.Event()
        self.gate.set()
        self.error: Exception | None = None

    def __call__(self) -> int:
        assert self.gate.wait(10)
        self.made += 1
        self.now += self.seconds
        if self.error:
            raise self.error
        return self.made

    def remembered(self) -> Remembered[int]:
        """Return the value that it makes."""
        return Remembered(self, clock=lambda: self.now)


@pytest.fixture
def maker() -> Maker:
    """Return a maker that takes 10 ms."""
    return Maker()


@pytest.mark.parametrize(("seconds", "kept"), [(0.001, LEAST_SECONDS), (0.5, 50), (10, 1000)])
def test_a_value_is_kept_for_a_hundred_times_what_it_took(maker: Maker, seconds: float, kept: float) -> None:
    """And for a second at least."""
    maker.seconds = seconds
    value = maker.remembered()

    assert value.get() == 1
    maker.now = seconds + kept - 0.0001
    assert value.get() == 1
    maker.now = seconds + kept
    assert value.get() == 2


def test_many_who_ask_at_once_have_it_made_once(maker: Maker) -> None:
    """All get the same value."""
    maker.gate.clear()
    value = maker.remembered()
    with ThreadPoolExecutor(20) as pool:
        asked = [pool.submit(value.get) for _ in range(20)]
        maker.gate.set()
        answers = [each.result() for each in asked]

    assert answers == [1] * 20
    assert maker.made == 1


def test_who_cannot_wait_gets_the_value_before(maker: Maker) -> None:
    """Or nothing if there is none yet; the new one is made meanwhile."""
    value = maker.remembered()
    maker.gate.clear()
    assert value.get(0) is None
    maker.gate.set()
    assert value.get() == 1

    maker.now += 100
    maker.gate.clear()
    assert value.get(0.01) == 1
    maker.gate.set()
    assert value.get() == 2


def test_what_is_raised_reaches_who_waits_and_is_not_kept(maker: Maker) -> None:
    """The next call tries again."""
    value = maker.remembered()
    maker.error = Unavailable("away")
    ask: Callable[[], object] = value.get

    with pytest.raises(Unavailable, match="away"):
        ask()
    maker.error = None

    assert value.get() == 2
