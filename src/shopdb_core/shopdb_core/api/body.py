"""The body of a request."""

import falcon

from shopdb_core.errors import InvalidSubmission
from shopdb_core.intake.body import Body, read_body
from shopdb_core.intake.document import read_document
from shopdb_core.intake.storable import storable_faults
from shopdb_core.plugins.validation import SubmissionValidator
from shopdb_hookspecs import Json


def read_json(req: falcon.Request, limit: int) -> Body:
    """Read a body that says it is JSON; raises `UnsupportedMedia`, `PayloadTooLarge` or `MalformedBody`."""
    return read_body(
        req.stream,
        content_type=req.content_type,
        content_encoding=req.get_header("Content-Encoding"),
        content_length=req.content_length,
        limit=limit,
    )


def read_valid(req: falcon.Request, limit: int, validator: SubmissionValidator) -> dict[str, Json]:
    """Read a body that is no submission and follows `validator`; raises `InvalidSubmission` besides."""
    content = read_document(read_json(req, limit)).content
    if faults := storable_faults(content) or validator.faults(content):
        raise InvalidSubmission(f"{faults[0].pointer or '/'} {faults[0].message}", faults)
    return content
