"""The records that hooks return and receive."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, TypeAlias

Json: TypeAlias = Any
"""A JSON value: None, bool, int, float, str, or a list or dict of them."""

JsonObject: TypeAlias = Mapping[str, Json]
"""A JSON object: what a submission and an asset's attributes are."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """One value that a report asks its reader for.

    A `required` parameter has no default; any other is `default` where the reader leaves it out.
    """

    name: str
    type: Literal["string", "integer", "number"]
    description: str
    default: str | int | float | None = None
    required: bool = False


@dataclass(frozen=True, slots=True)
class Report:
    """A named, read-only query.

    `rows(connection, **parameters)` gets a SQLAlchemy connection that is rolled back afterwards
    and yields one sequence per row, its cells in the order of `columns`. Cells are JSON scalars.
    The order of rows must be stable: readers page through it.
    """

    name: str
    title: str
    columns: Sequence[str]
    rows: Callable[..., Iterable[Sequence[Json]]]
    parameters: Sequence[Parameter] = field(default=())


@dataclass(frozen=True, slots=True)
class AssetChange:
    """What one committed submission did to an asset: the audit entry, as observers see it."""

    auditid: int
    at: datetime
    plugin: str
    action: Literal["created", "updated"]
    assetid: int
    identityvalue: str
    diff: JsonObject
    volatileonly: bool
    actor: str
    requestid: str
