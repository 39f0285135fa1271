"""The object in a body, and what its sender should know about how it was written."""

from dataclasses import dataclass

from shopdb_core.intake.body import Body
from shopdb_core.intake.contents import Contents
from shopdb_core.intake.strictjson import parse_with_contents
from shopdb_core.intake.text import decode
from shopdb_hookspecs import Json


@dataclass(frozen=True, slots=True)
class Document:
    """The object, and a warning for each liberty that its encoding took."""

    content: dict[str, Json]
    contents: Contents
    warnings: tuple[str, ...]


def read_document(body: Body) -> Document:
    """Decode and parse a body; raises `MalformedBody`."""
    decoded = decode(body.content, body.codec)
    parsed = parse_with_contents(decoded.text)
    return Document(parsed.document, parsed.contents, decoded.warnings)
