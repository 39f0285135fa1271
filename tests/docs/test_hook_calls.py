"""Whether the hooks are called at the times that docs/plugin-hooks.md states."""

import threading

from shopdb_hookspecs import hookimpl


def test_the_hooks_are_called_as_documented(make_shop):
    """The number of calls and their thread are those of the parts "When", for one process on SQLite."""
    calls: list[tuple[str, bool]] = []
    shop = make_shop({"switches": Recorder(calls)})
    normalized, stored, observed = (("normalize", False), ("store", False), ("observed", True))
    before = ("normalize", True)

    assert _calls_of(calls, shop, {"serialnumber": "1"}) == [normalized, stored, observed]
    assert _calls_of(calls, shop, {"serialnumber": "1"}) == []
    assert _calls_of(calls, shop, {"serialnumber": "1", "model": "a"}, "?dryrun=true") == [before, stored]
    assert _calls_of(calls, shop, {"serialnumber": "1", "model": "a"}) == [normalized, stored, observed]
    assert len(_calls_of(calls, shop, {"serialnumber": "1", "model": 5})) > 1
    entered = {"assettype": "cell", "identityvalue": "7"}
    answer = shop.client.simulate_post("/api/assets", json=entered, headers=shop.bearer("editor"))
    assert (answer.status_code, calls) == (201, [])


class Recorder:
    """Records which hook is called, and whether in the thread of the test, which is the one that answers."""

    def __init__(self, calls: list[tuple[str, bool]]) -> None:
        self._calls = calls

    @hookimpl
    def get_collector_schema(self):
        fields = {"serialnumber": {"type": "string"}, "model": {"type": "string"}}
        return {"identityfield": "serialnumber", "fields": fields}

    @hookimpl
    def normalize_submission(self, submission):
        self._record("normalize")
        return submission

    @hookimpl
    def store_asset(self):
        self._record("store")

    @hookimpl
    def asset_changed(self):
        self._record("observed")

    def _record(self, hook: str) -> None:
        self._calls.append((hook, threading.current_thread() is threading.main_thread()))


def _calls_of(calls, shop, submission, query: str = "") -> list[tuple[str, bool]]:
    """Submit, and return the hook calls that follow."""
    calls.clear()
    shop.post("switches", submission, query)
    made = [*calls]
    calls.clear()
    return made
