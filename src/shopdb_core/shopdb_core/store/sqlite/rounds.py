"""Calls that run side by side in one thread, until each waits for the writer: one commit serves them all.

Each call is a greenlet: a function that can stop in the middle, so that the code that it runs, such as a
resource of the API, is the same as in a thread of its own. No thread has to be woken for it (ADR 0026).
"""

from collections.abc import Callable, Sequence
from typing import Any

from greenlet import getcurrent, greenlet


class Call(greenlet):
    """One call of a round; `job` is what it waits for."""

    job: Any = None

    def wait_for(self, job: object) -> None:
        """Stop this call until the round has run `job`; only the call itself may do so."""
        self.job = job
        assert self.parent is not None
        self.parent.switch()


def current_call() -> Call | None:
    """Return the call that runs now, `None` outside of a round."""
    current = getcurrent()
    return current if isinstance(current, Call) else None


def run_side_by_side(calls: Sequence[Callable[[], object]], run: Callable[[Sequence[Any]], None]) -> None:
    """Run all calls to their ends; `run` runs the jobs of all those that wait, as often as some do.

    The calls must not raise.
    """
    waiting = [call for call in map(_begun, calls) if not call.dead]
    while waiting:
        run([call.job for call in waiting])
        for call in waiting:
            call.switch()
        waiting = [call for call in waiting if not call.dead]


def _begun(function: Callable[[], object]) -> Call:
    call = Call(function)
    call.switch()
    return call
