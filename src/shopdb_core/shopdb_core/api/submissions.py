"""What the addresses for submissions share: who may send, how it is to be taken, how it is answered.

`POST /api/collector/<plugin>`: the endpoint of each installed collector.

`POST /api/collector/<plugin>/_batch`: many submissions, one a line, answered while they are read.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar

import falcon

from shopdb_core.access.keys import CollectorKeys
from shopdb_core.api.problems import document
from shopdb_core.api.request import Roles, flag, json_line, only, read_json
from shopdb_core.errors import NotFound, Unavailable
from shopdb_core.intake.http_body import NDJSON
from shopdb_core.intake.ndjson import ReadLine, read_ndjson
from shopdb_core.plugins.registry import Plugins
from shopdb_core.submissions import Origin, SubmissionResult, Submissions
from shopdb_hookspecs import Json, JsonObject

LENIENT = "handling=lenient"


@dataclass(frozen=True, slots=True)
class SubmitOptions:
    """Who submits, and how the submissions of this request are to be taken."""

    origin: Origin
    dryrun: bool
    lenient: bool

    def confirm(self, resp: falcon.Response) -> None:
        """Say in the answer which preference was followed (RFC 7240, section 3)."""
        if self.lenient:
            resp.set_header("Preference-Applied", LENIENT)


class CollectorAuth:
    """Lets in the bearers of a collector's key."""

    def __init__(self, keys: CollectorKeys, plugins: Plugins) -> None:
        self._keys = keys
        self._plugins = plugins

    def authenticate(self, req: falcon.Request, plugin: str) -> SubmitOptions:
        """Authenticate from the headers, before the body is read.

        Raises `Unauthorized`, `NotFound`, or `InvalidParameter` for an odd query.
        """
        self._authenticate(plugin, req.get_header("X-API-Key"))
        only(req, "dryrun")
        origin = Origin(f"collector:{plugin}", req.context.requestid)
        return SubmitOptions(origin, flag(req, "dryrun"), _prefers_lenient(req))

    def _authenticate(self, plugin: str, key: str | None) -> None:
        """Only the bearer of some valid key learns that a collector does not exist (contract 2)."""
        if self._plugins.has_endpoint(plugin):
            self._keys.check(plugin, key)
        else:
            self._keys.check_any(key)
            raise NotFound(f"There is no collector named {plugin[:40]!r}; `shopdb plugin list` shows them.")


def result_body(answer: SubmissionResult, warnings: tuple[str, ...], *, dryrun: bool) -> JsonObject:
    """Return the answer as the contract words it; `warnings` are those about the encoding."""
    body: JsonObject = {
        "status": "ok",
        "action": answer.action,
        "assetid": answer.assetid,
        "identityvalue": answer.identityvalue,
        "warnings": [*warnings, *answer.warnings],
    }
    return {**body, "diff": answer.diff, "matchedby": answer.matchedby} if dryrun else body


def _prefers_lenient(req: falcon.Request) -> bool:
    """Whether the client would rather lose a value than the machine (RFC 7240, section 4.4)."""
    preferences = (req.get_header("Prefer") or "").lower().replace('"', "").split(",")
    return any("".join(preference.split(";")[0].split()) == LENIENT for preference in preferences)


class CollectorResource:
    """Takes one submission."""

    roles: ClassVar[Roles] = {}  # a key of the collector instead

    def __init__(self, auth: CollectorAuth, submissions: Submissions, max_body_bytes: int) -> None:
        self._auth = auth
        self._submissions = submissions
        self._max_body_bytes = max_body_bytes

    def on_post(self, req: falcon.Request, resp: falcon.Response, plugin: str) -> None:
        """Authenticate from the headers, before the body is read; then read, submit, answer."""
        wish = self._auth.authenticate(req, plugin)
        body = read_json(req, self._max_body_bytes)
        answer = self._submissions.submit_body(
            plugin, body, wish.origin, dryrun=wish.dryrun, lenient=wish.lenient
        )
        resp.media = result_body(answer, (), dryrun=wish.dryrun)
        if answer.action == "created" and not wish.dryrun:
            resp.status = falcon.HTTP_201
            resp.set_header("Location", f"/api/assets/{answer.assetid}")
        wish.confirm(resp)


LINES_AT_ONCE = 128
BYTES_AT_ONCE = 1024 * 1024
"""Few enough that the submissions of others get in between, and that memory does not grow with the batch."""


class BatchResource:
    """Takes a line for each submission."""

    roles: ClassVar[Roles] = {}  # a key of the collector instead

    def __init__(self, auth: CollectorAuth, submissions: Submissions, max_body_bytes: int) -> None:
        self._auth = auth
        self._submissions = submissions
        self._max_body_bytes = max_body_bytes

    def on_post(self, req: falcon.Request, resp: falcon.Response, plugin: str) -> None:
        """Judge what concerns the whole request before the body is read; the rest comes line by line."""
        wish = self._auth.authenticate(req, plugin)
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

    def __init__(self, submissions: Submissions, plugin: str, wish: SubmitOptions) -> None:
        self._submissions = submissions
        self._plugin = plugin
        self._wish = wish
        self._away: Unavailable | None = None

    def answer(self, lines: Sequence[ReadLine]) -> bytes:
        """Submit a group, and return its lines of the answer."""
        results = iter(self._results([line.content for line in lines if not line.fault]))
        return b"".join(json_line(self._shown(line, line.fault or next(results))) for line in lines)

    def _results(self, submissions: Sequence[dict[str, Json]]) -> Sequence[SubmissionResult | Exception]:
        """Submit; once the database was away, it is not asked again: each group might wait for it as long."""
        if self._away:
            return [self._away] * len(submissions)
        wish = self._wish
        results = self._submissions.submit_many(
            self._plugin, submissions, wish.origin, dryrun=wish.dryrun, lenient=wish.lenient
        )
        self._away = next((result for result in results if isinstance(result, Unavailable)), None)
        return results

    def _shown(self, line: ReadLine, result: SubmissionResult | Exception) -> Json:
        if isinstance(result, SubmissionResult):
            told = result_body(result, line.warnings, dryrun=self._wish.dryrun)
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
