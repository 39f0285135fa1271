"""`POST /api/collector/<plugin>/_batch`: many submissions, one a line, answered while they are read."""

from collections.abc import Iterable, Iterator, Sequence
from typing import ClassVar

import falcon

from shopdb_core.api.authentication import Roles
from shopdb_core.api.jsonmedia import json_line
from shopdb_core.api.problems import document
from shopdb_core.api.submitting import Entrance, Wish, shown
from shopdb_core.collect import Answer, Submissions
from shopdb_core.errors import Unavailable
from shopdb_core.intake.media import NDJSON
from shopdb_core.intake.ndjson import ReadLine, read_ndjson
from shopdb_hookspecs import Json

LINES_AT_ONCE = 128
BYTES_AT_ONCE = 1024 * 1024
"""Few enough that the submissions of others get in between, and that memory does not grow with the batch."""


class BatchResource:
    """Takes a line for each submission."""

    roles: ClassVar[Roles] = {}  # a key of the collector instead

    def __init__(self, entrance: Entrance, submissions: Submissions, max_body_bytes: int) -> None:
        self._entrance = entrance
        self._submissions = submissions
        self._max_body_bytes = max_body_bytes

    def on_post(self, req: falcon.Request, resp: falcon.Response, plugin: str) -> None:
        """Judge what concerns the whole request before the body is read; the rest comes line by line."""
        wish = self._entrance.admit(req, plugin)
        self._submissions.collector(plugin)
        lines = read_ndjson(
            req.stream,
            content_type=req.content_type,
            content_encoding=req.get_header("Content-Encoding"),
            content_length=req.content_length,
            longest=self._max_body_bytes,
        )
        batch = Batch(self._submissions, plugin, wish)
        resp.content_type = NDJSON
        resp.stream = map(batch.answer, _groups(lines))
        wish.confirm(resp)


class Batch:
    """The submissions of one request, on their way into the database a group at a time."""

    def __init__(self, submissions: Submissions, plugin: str, wish: Wish) -> None:
        self._submissions = submissions
        self._plugin = plugin
        self._wish = wish
        self._away: Unavailable | None = None

    def answer(self, lines: Sequence[ReadLine]) -> bytes:
        """Submit a group, and return its lines of the answer."""
        results = iter(self._results([line.content for line in lines if not line.fault]))
        return b"".join(json_line(self._shown(line, line.fault or next(results))) for line in lines)

    def _results(self, submissions: Sequence[dict[str, Json]]) -> Sequence[Answer | Exception]:
        """Submit; once the database was away, it is not asked again: each group might wait for it as long."""
        if self._away:
            return [self._away] * len(submissions)
        wish = self._wish
        results = self._submissions.submit_many(
            self._plugin, submissions, wish.origin, dryrun=wish.dryrun, lenient=wish.lenient
        )
        self._away = next((result for result in results if isinstance(result, Unavailable)), None)
        return results

    def _shown(self, line: ReadLine, result: Answer | Exception) -> Json:
        if isinstance(result, Answer):
            told = shown(result, line.warnings, dryrun=self._wish.dryrun)
        else:
            told = document(result, self._wish.origin.requestid)
        return {"line": line.number, **told}


def _groups(lines: Iterable[ReadLine]) -> Iterator[list[ReadLine]]:
    group: list[ReadLine] = []
    size = 0
    for line in lines:
        group.append(line)
        size += line.size
        if len(group) == LINES_AT_ONCE or size >= BYTES_AT_ONCE:
            yield group
            group, size = [], 0
    if group:
        yield group
