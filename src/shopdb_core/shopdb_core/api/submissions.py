"""`POST /api/collector/<plugin>` for one submission, and `…/_batch` for many, one a line.

The key was checked before (`Authentication`); a batch is answered line by line while it is read.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import ClassVar

import falcon

from shopdb_core.api import shapes
from shopdb_core.declarations.formats import read_date_time
from shopdb_core.errors import (
    InvalidParameter,
    InvalidSubmission,
    MalformedBody,
    NotFound,
    Throttled,
    Unavailable,
)
from shopdb_core.intake.http_body import JSON, NDJSON, Body
from shopdb_core.intake.ndjson import ReadLine, read_ndjson
from shopdb_core.outcomes.recorder import Recorder
from shopdb_core.submissions import Origin, SubmissionResult, Submissions
from shopdb_core.submissions.result import COLLECTED_AT
from shopdb_core.web.operations import HeaderParameter, Operation, Operations
from shopdb_core.web.parameters import Queries, flag
from shopdb_core.web.problems import document, log_refusal, refusal
from shopdb_core.web.request import Roles, read_json
from shopdb_core.web.responses import json_line
from shopdb_hookspecs import Json, JsonObject

LENIENT = "handling=lenient"
DRY_RUN = (flag("dryrun"),)

SUBMIT_HEADERS = (
    HeaderParameter(
        COLLECTED_AT,
        "When the devices were looked at (RFC 3339, with an offset); without it, now.",
        # Not the format date-time: openapi-python-client generates no operation that has it in a header.
        {"type": "string", "pattern": r"^\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:[0-5]\d)$"},
    ),
    HeaderParameter(
        "Prefer", "`handling=lenient` leaves out what does not fit (RFC 7240).", {"type": "string"}
    ),
)
SUBMIT_ERRORS = (Throttled, NotFound)

FARTHEST_AHEAD = timedelta(minutes=5)
"""How far the clock of a client may be ahead (contract 2)."""

_REFUSALS = (MalformedBody, InvalidSubmission)

LINES_AT_ONCE = 128
BYTES_AT_ONCE = 1024 * 1024
"""The size of a group of lines that is stored at once.

It lets other submissions in between, and memory does not grow with the batch.
"""


class CollectorResource:
    """Takes one submission, or a batch of them."""

    roles: ClassVar[Roles] = {"POST": "collector"}
    queries: ClassVar[Queries] = {"on_post": DRY_RUN, "on_post_batch": DRY_RUN}

    def __init__(self, submissions: Submissions, recorder: Recorder, max_body_bytes: int) -> None:
        self._submissions = submissions
        self._recorder = recorder
        self._max_body_bytes = max_body_bytes

    def paths(self) -> list[dict[str, str]]:
        """Return the name of every active collector."""
        return [{"plugin": name} for name in self._submissions.collectors()]

    def one_operation(self, plugin: str) -> Operation:
        """Return the operation of one submission to a collector."""
        collector = self._submissions.collector(plugin)
        title = "".join(word.capitalize() for word in plugin.split("_"))
        schema = {**collector.schema, "title": f"{title}Submission"}
        return submission_operation(schema, collector.examples)

    def batch_operation(self, plugin: str) -> Operation:
        """Return the operation of a batch for a collector."""
        return Operation(
            answer={
                "type": "string",
                "description": "One answer a line: that of its submission, or its problem.",
            },
            mediatypes=(NDJSON,),
            sends=("Preference-Applied",),
            body={"type": "string", "description": f"One submission to {plugin} a line."},
            bodytypes=(NDJSON,),
            headers=SUBMIT_HEADERS,
            errors=SUBMIT_ERRORS,
        )

    operations: ClassVar[Operations] = {"on_post": one_operation, "on_post_batch": batch_operation}

    def on_post(self, req: falcon.Request, resp: falcon.Response, plugin: str) -> None:
        """Read one submission, upsert its asset, answer."""
        options = read_options(req, plugin)
        body = read_json(req, self._max_body_bytes)
        result = self._submissions.submit_body(
            plugin, body, options.origin, dryrun=options.dryrun, lenient=options.lenient
        )
        write_result(resp, result, options)

    def on_post_batch(self, req: falcon.Request, resp: falcon.Response, plugin: str) -> None:
        """Refuse the whole request before the body is read; after that, answer each line."""
        options = read_options(req, plugin)
        self._submissions.collector(plugin)
        lines = read_ndjson(
            req.stream,
            content_type=req.content_type,
            content_encoding=req.get_header("Content-Encoding"),
            content_length=req.content_length,
            longest=self._max_body_bytes,
        )
        batch = _Batch(self._submissions, self._recorder, plugin, options)
        resp.content_type = NDJSON
        resp.stream = map(batch.answer, _groups(lines))
        options.confirm(resp)


@dataclass(frozen=True, slots=True)
class SubmitOptions:
    """Who submits, and how the submissions of this request are handled."""

    origin: Origin
    dryrun: bool
    lenient: bool

    def confirm(self, resp: falcon.Response) -> None:
        """Name in the answer the preference that was applied (RFC 7240, section 3)."""
        if self.lenient:
            resp.set_header("Preference-Applied", LENIENT)


def submission_operation(schema: JsonObject, examples: Sequence[JsonObject]) -> Operation:
    """Return the operation of one submission that fits a schema."""
    return Operation(
        answer=shapes.SUBMITTED,
        statuses=(200, 201),
        sends=("Location", "Preference-Applied"),
        body=schema,
        bodytypes=(JSON,),
        examples=examples,
        headers=SUBMIT_HEADERS,
        errors=SUBMIT_ERRORS,
    )


def read_options(req: falcon.Request, plugin: str) -> SubmitOptions:
    """Return the options of a request to a collector; raises `InvalidParameter`."""
    context = req.context
    collectedat, warnings = _collected_at(req.get_header(COLLECTED_AT), datetime.now(UTC))
    origin = Origin(
        f"collector:{plugin}",
        context.requestid,
        context.clientaddress,
        source=context.source,
        collectedat=collectedat,
        warnings=warnings,
    )
    return SubmitOptions(origin, req.context.query["dryrun"], _prefers_lenient(req))


def _collected_at(text: str | None, now: datetime) -> tuple[datetime | None, tuple[str, ...]]:
    """Return when the devices were looked at, `None` for now, and warnings about it (contract 2).

    Raises `InvalidParameter` for another text than an RFC 3339 date-time.
    """
    if text is None:
        return None, ()
    moment = read_date_time(text)
    if moment is None:
        raise InvalidParameter(
            f"{COLLECTED_AT} is not an RFC 3339 date-time with an offset, such as 2026-11-27T08:30:00Z."
        )
    if moment - now > FARTHEST_AHEAD:
        minutes = (moment - now) // timedelta(minutes=1)
        warning = (
            f"{COLLECTED_AT}: is {minutes} minutes ahead of the server's clock and was taken as now; "
            "check the clock of the client"
        )
        return None, (warning,)
    return moment, ()


def _prefers_lenient(req: falcon.Request) -> bool:
    """Return whether the client sent `Prefer: handling=lenient` (RFC 7240, section 4.4)."""
    preferences = (req.get_header("Prefer") or "").lower().replace('"', "").split(",")
    return any("".join(preference.split(";")[0].split()) == LENIENT for preference in preferences)


def write_result(resp: falcon.Response, result: SubmissionResult, options: SubmitOptions) -> None:
    """Answer one submission."""
    resp.media = _result_body(result, dryrun=options.dryrun)
    if result.action == "created" and not options.dryrun:
        resp.status = falcon.HTTP_201
        resp.set_header("Location", f"/api/assets/{result.assetid}")
    options.confirm(resp)


def _result_body(result: SubmissionResult, *, dryrun: bool) -> JsonObject:
    """Return the JSON answer for one submission (contract 2)."""
    body: JsonObject = {
        "status": "ok",
        "action": result.action,
        "assetid": result.assetid,
        "identityvalue": result.identityvalue,
        "warnings": [*result.warnings],
    }
    return {**body, "diff": result.diff, "matchedby": result.matchedby} if dryrun else body


class _Batch:
    """The submissions of one request, stored a group at a time."""

    def __init__(
        self, submissions: Submissions, recorder: Recorder, plugin: str, options: SubmitOptions
    ) -> None:
        self._submissions = submissions
        self._recorder = recorder
        self._plugin = plugin
        self._options = options
        self._unavailable: Unavailable | None = None

    def answer(self, lines: Sequence[ReadLine]) -> bytes:
        """Submit a group, and return its lines of the answer."""
        results = iter(self._submit([line.content for line in lines if isinstance(line.content, Body)]))
        outcomes = [
            (line.number, next(results) if isinstance(line.content, Body) else line.content) for line in lines
        ]
        self._log([(number, outcome) for number, outcome in outcomes if isinstance(outcome, _REFUSALS)])
        return b"".join(json_line(self._answer_line(*outcome)) for outcome in outcomes)

    def _log(self, refused: Sequence[tuple[int, Exception]]) -> None:
        """Log one line for a group, however many of its submissions were refused."""
        for number, error in refused[:1]:
            what = f"{self._plugin} refused {len(refused)} lines of a batch, first line {number}"
            log_refusal(error, self._options.origin.requestid, what)

    def _submit(self, bodies: Sequence[Body]) -> Sequence[SubmissionResult | Exception]:
        """Submit a group, unless the database was unavailable before: each group would wait as long again."""
        if self._unavailable:
            return [self._unavailable] * len(bodies)
        options = self._options
        results = self._submissions.submit_many(
            self._plugin, bodies, options.origin, dryrun=options.dryrun, lenient=options.lenient
        )
        self._unavailable = next((result for result in results if isinstance(result, Unavailable)), None)
        return results

    def _answer_line(self, number: int, result: SubmissionResult | Exception) -> Json:
        if isinstance(result, SubmissionResult):
            return {"line": number, **_result_body(result, dryrun=self._options.dryrun)}
        origin = self._options.origin
        answer = document(result, origin.requestid)
        if not self._options.dryrun:
            refused = refusal(
                result,
                answer,
                self._plugin,
                clientaddress=origin.clientaddress,
                source=origin.source,
            )
            self._recorder.refused(refused)
        return {"line": number, **answer}


def _groups(lines: Iterable[ReadLine]) -> Iterator[list[ReadLine]]:
    group: list[ReadLine] = []
    size = 0
    for line in lines:
        group.append(line)
        size += len(line.content.content) if isinstance(line.content, Body) else 0
        if len(group) == LINES_AT_ONCE or size >= BYTES_AT_ONCE:
            yield group
            group, size = [], 0
    if group:
        yield group
