"""A request's body as one strict JSON object, and what its sender should know about it."""

from dataclasses import dataclass

import falcon

from shopdb_core.errors import InvalidSubmission
from shopdb_core.intake.body import read_body
from shopdb_core.intake.storable import storable_faults
from shopdb_core.intake.strictjson import parse
from shopdb_core.intake.text import decode
from shopdb_core.plugins.validation import SubmissionValidator
from shopdb_hookspecs import Json


@dataclass(frozen=True, slots=True)
class ReadObject:
    """The object, and a warning for each liberty that its encoding took."""

    content: dict[str, Json]
    warnings: tuple[str, ...]


def read_object(req: falcon.Request, limit: int) -> ReadObject:
    """Read the body; raises `UnsupportedMedia`, `PayloadTooLarge` or `MalformedBody`."""
    body = read_body(
        req.stream,
        content_type=req.content_type,
        content_encoding=req.get_header("Content-Encoding"),
        content_length=req.content_length,
        limit=limit,
    )
    decoded = decode(body.content, body.codec)
    return ReadObject(parse(decoded.text), decoded.warnings)


def read_valid(req: falcon.Request, limit: int, validator: SubmissionValidator) -> dict[str, Json]:
    """Read a body that is no submission and follows `validator`; raises `InvalidSubmission` besides."""
    content = read_object(req, limit).content
    if faults := storable_faults(content) or validator.faults(content):
        raise InvalidSubmission(f"{faults[0].pointer or '/'} {faults[0].message}", faults)
    return content
