"""What a responder takes and answers beside its role and its query: the OpenAPI document is made of it.

A resource declares an `Operation` for each of its responders. Its summary is the responder's docstring.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from shopdb_core.errors import Conflict, Gone, PreconditionFailed, PreconditionRequired, ShopDBError
from shopdb_core.intake.http_body import JSON
from shopdb_hookspecs import Json, JsonObject


@dataclass(frozen=True, slots=True)
class HeaderParameter:
    """A header of the request that an operation reads; it may be left out."""

    name: str
    description: str
    schema: JsonObject


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """What one responder takes and answers.

    - `answer`: the JSON Schema of the answer's body, or `None` if there is no body; `mediatypes` are those
      that it may have. `statuses` are those that have this body, and `sends` the headers that some of these
      answers have.
    - `body`: the JSON Schema of the request's body, or `None` if none is read; `bodytypes` are its media
      types, and `examples` bodies that are valid. `form` is the schema of a form that may be sent instead.
    - `version`: whether `If-Match` must or may name the version that is edited.
    - `cached`: whether the answer has an ETag that `If-None-Match` may name, for a 304.
    - `errors`: the errors that follow from neither the role, the path, the body nor the version.
    """

    answer: Json = None
    statuses: tuple[int, ...] = (200,)
    mediatypes: tuple[str, ...] = (JSON,)
    sends: tuple[str, ...] = ()
    body: JsonObject | None = None
    bodytypes: tuple[str, ...] = (JSON,)
    examples: Sequence[Json] = ()
    form: JsonObject | None = None
    headers: tuple[HeaderParameter, ...] = ()
    version: Literal["required", "optional"] | None = None
    cached: bool = False
    errors: tuple[type[ShopDBError], ...] = ()
    deprecated: bool = False

    @property
    def all_errors(self) -> tuple[type[ShopDBError], ...]:
        """The errors that are declared, with those of the version."""
        of_version: tuple[type[ShopDBError], ...] = (PreconditionFailed,) if self.version else ()
        missing: tuple[type[ShopDBError], ...] = (PreconditionRequired,) if self.version == "required" else ()
        return (*self.errors, *of_version, *missing)


Operations: TypeAlias = Mapping[str, Operation | Callable[..., Operation]]
"""The operation of each responder of a resource, by its name, such as `on_get`.

Where it depends on the path, it is a method of the resource, which gets the parameters of the path. Such a
resource also has a method `paths`, which returns the parameters of every path that exists.
"""

EDIT_ERRORS = (Conflict, Gone)
"""The errors of an edit whose asset is in a state that does not allow it."""


def operation_of(resource: object, responder: str, path: Mapping[str, str]) -> Operation | None:
    """Return the operation of a responder for the parameters of one path; `None` if none is declared."""
    operations: Operations = getattr(resource, "operations", {})
    declared = operations.get(responder)
    return declared(resource, **path) if callable(declared) else declared
