"""Small bodies, also of those who have not signed in: JSON, and forms as browsers post them."""

from urllib.parse import parse_qsl, quote

import falcon

from shopdb_core.errors import InvalidParameter, MalformedBody
from shopdb_core.intake.decoding import read_document
from shopdb_core.intake.http_body import JSON, Body, read_body
from shopdb_core.web.parameters import LONGEST_TEXT
from shopdb_hookspecs import JsonObject

FORM = "application/x-www-form-urlencoded"
MOST_BYTES = 64 * 1024
MOST_FIELDS = 200

LOCAL_PAGE: JsonObject = {
    "type": "string",
    "maxLength": LONGEST_TEXT,
    "pattern": r"^/([ -.0-\[\]-~][ -~]*)?$",
}
"""The schema of what `local_page` accepts."""


def is_form(req: falcon.Request) -> bool:
    """Return whether the body of a request is a form."""
    return (req.content_type or "").partition(";")[0].strip().lower() == FORM


def read_form(req: falcon.Request, limit: int = MOST_BYTES) -> dict[str, str]:
    """Return the fields of a form of at most `limit` bytes; it may be called again.

    Raises `MalformedBody` for a form that is not one, or has a field twice, and as `read_body` does.
    """
    if not hasattr(req.context, "form"):
        req.context.form = _fields(_read(req, FORM, limit).content)
    fields: dict[str, str] = req.context.form
    return fields


def read_small_json(req: falcon.Request) -> JsonObject:
    """Return the object in a body of JSON; raises `MalformedBody`, and as `read_body` does."""
    return read_document(_read(req, JSON, MOST_BYTES)).content


def _read(req: falcon.Request, mediatype: str, limit: int) -> Body:
    return read_body(
        req.stream,
        content_type=req.content_type,
        content_encoding=req.get_header("Content-Encoding"),
        content_length=req.content_length,
        limit=limit,
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


def local_page(path: str) -> str:
    r"""Return the path of a page of this site; browsers read `//` and `/\` as another site."""
    if not path.startswith("/") or path[1:2] in ("/", "\\") or not (path.isprintable() and path.isascii()):
        raise InvalidParameter("`next` must be the path of a page of this site, such as /.")
    return quote(path, safe="/?&=#%-._~")
