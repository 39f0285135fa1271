"""Small bodies, also of those who have not signed in: JSON, and forms as browsers post them."""

from urllib.parse import parse_qsl

import falcon

from shopdb_core.errors import MalformedBody
from shopdb_core.intake.decoding import read_document
from shopdb_core.intake.http_body import JSON, Body, read_body
from shopdb_hookspecs import JsonObject

FORM = "application/x-www-form-urlencoded"
MOST_BYTES = 64 * 1024
MOST_FIELDS = 100


def is_form(req: falcon.Request) -> bool:
    """Return whether the body of a request is a form."""
    return (req.content_type or "").partition(";")[0].strip().lower() == FORM


def read_form(req: falcon.Request) -> dict[str, str]:
    """Return the fields of a form; it may be called again.

    Raises `MalformedBody` for a form that is not one, or has a field twice, and as `read_body` does.
    """
    if not hasattr(req.context, "form"):
        req.context.form = _fields(_read(req, FORM).content)
    fields: dict[str, str] = req.context.form
    return fields


def read_small_json(req: falcon.Request) -> JsonObject:
    """Return the object in a body of JSON; raises `MalformedBody`, and as `read_body` does."""
    return read_document(_read(req, JSON)).content


def _read(req: falcon.Request, mediatype: str) -> Body:
    return read_body(
        req.stream,
        content_type=req.content_type,
        content_encoding=req.get_header("Content-Encoding"),
        content_length=req.content_length,
        limit=MOST_BYTES,
        mediatypes=(mediatype,),
        advice="send only what this address takes",
    )


def _fields(content: bytes) -> dict[str, str]:
    try:
        pairs = parse_qsl(
            content.decode(),
            keep_blank_values=True,
            strict_parsing=bool(content),
            errors="strict",
            max_num_fields=MOST_FIELDS,
        )
    except ValueError as error:
        raise MalformedBody("The body is not a form of fields in UTF-8.") from error
    fields = dict(pairs)
    if len(fields) < len(pairs):
        raise MalformedBody("The form has a field twice; send each once.")
    return fields
