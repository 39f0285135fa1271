"""Calls as the loop of the server makes them: in a round of the store, where they stop at each commit."""

from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from shopdb_core.store import Store

T = TypeVar("T")


def in_round(store: Store, call: Callable[[], T]) -> T:
    """Return what a call returns or raises in a round of its own, or in this thread if another one writes."""
    results: list[T | Exception] = []

    def run() -> None:
        try:
            results.append(call())
        except Exception as error:  # noqa: BLE001  # raised again
            results.append(error)

    if not store.together([run]):
        run()
    (result,) = results
    if isinstance(result, Exception):
        raise result
    return result


class InRounds:
    """A WSGI application that answers each request in a round."""

    def __init__(self, application: Any, store: Store) -> None:
        self._application = application
        self._store = store

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        return in_round(self._store, lambda: [*self._application(environ, start_response)])
